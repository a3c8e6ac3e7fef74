"""The TidbClusters in question, and which of a component's pods each of them asks for.

TiDB Operator copies what PD reports into the status of the TidbCluster, at least once a minute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.kube.objects import annotations_of, place_of
from bot.probes.contract import Look
from intents.domain import Gap, Json, ObjectRef, Permission

KIND: Final = "tidbcluster.pingcap.com"
PERMISSIONS: Final = (
    Permission(verb="get", group="pingcap.com", resource="tidbclusters"),
    Permission(verb="list", group="pingcap.com", resource="tidbclusters"),
)

# More pods than this of one component are a mistake in the replicas.
_MOST: Final = 1000
_POD: Final = re.compile(r"^(?P<cluster>.+)-(?P<component>pd|tikv)-(?P<ordinal>\d+)$")
_WORKLOAD: Final = re.compile(r"^(?P<cluster>.+)-(?P<component>pd|tikv)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The TidbClusters in question, sorted. `pod` is the named pod of theirs. See ProbeResult for the rest."""

    items: tuple[Json, ...] = ()
    pod: str = ""
    missing: str = ""
    gaps: tuple[Gap, ...] = ()
    not_applicable: str = ""


async def clusters_of(look: Look, component: str) -> Clusters:
    """Read the clusters: the one named, the one whose pod or StatefulSet is named, or all there are."""
    focus = look.focus
    name, pod = _named(look, component)
    try:
        if name and focus.namespace:
            items: tuple[Json, ...] = (await look.snapshot.get(KIND, name, namespace=focus.namespace),)
            return Clusters(items=items, pod=pod)
        wanted = f"metadata.name={name}" if name else ""
        listing = await look.snapshot.list(KIND, namespace=focus.namespace, fields=wanted)
    except NotServed as error:
        return Clusters(not_applicable=f"this cluster has no TidbCluster: {error.detail}")
    except NotFound:
        return Clusters(missing=str(ObjectRef(kind="TidbCluster", namespace=focus.namespace, name=name)))
    except ClusterError as error:
        return Clusters(gaps=(error.gap("TidbClusters"),))
    gap = listing.gap("all TidbClusters")
    found = tuple(sorted(listing.items, key=place_of))
    # The request names an object that belongs to no TidbCluster.
    elsewhere = focus.names_object and not name
    missing = f"TidbCluster {name}" if name and not found else ""
    return Clusters(items=() if elsewhere else found, pod=pod, missing=missing, gaps=(gap,) if gap else ())


def _named(look: Look, component: str) -> tuple[str, str]:
    """Return the name of the cluster and of the pod, as far as the request names them."""
    focus = look.focus
    if focus.kind == "TidbCluster" and focus.name:
        return focus.name, ""
    if focus.name:
        pod = _POD.match(focus.name)
        if pod and focus.kind in ("Pod", "") and pod["component"] == component:
            return pod["cluster"], focus.name
        workload = _WORKLOAD.match(focus.name)
        if workload and focus.kind in ("StatefulSet", "") and workload["component"] == component:
            return workload["cluster"], ""
        return "", ""
    return look.named.get("tidbcluster", ""), ""


def part(cluster: Mapping[str, Any], where: str, component: str) -> Mapping[str, Any]:
    """Return a component's part of spec or status; empty where there is none."""
    found = (cluster.get(where) or {}).get(component)
    return found if isinstance(found, Mapping) else {}


def entries(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the entries of a map of objects in a status; some versions of the operator put other things in between."""
    if not isinstance(value, Mapping):
        return []
    return sorted((str(key), each) for key, each in value.items() if isinstance(each, Mapping))


def wanted_ordinals(cluster: Json, component: str) -> frozenset[int]:
    """Return the ordinals a component's pods should have.

    These are its replicas and one for each failed member, without the slots that were deleted on purpose (annotation of
    the advanced StatefulSet).
    """
    status = part(cluster, "status", component)
    failed = status.get("failureStores" if component == "tikv" else "failureMembers")
    replicas = replicas_of(cluster, component) + len(entries(failed))
    deleted = _deleted_slots(cluster, component)
    found: list[int] = []
    ordinal = 0
    while len(found) < min(replicas, _MOST):
        if ordinal not in deleted:
            found.append(ordinal)
        ordinal += 1
    return frozenset(found)


def replicas_of(cluster: Json, component: str) -> int:
    """Return the replicas of a component that a TidbCluster asks for."""
    replicas = part(cluster, "spec", component).get("replicas")
    return replicas if isinstance(replicas, int) else 0


def _deleted_slots(cluster: Json, component: str) -> frozenset[int]:
    annotations = annotations_of(cluster)
    try:
        slots = json.loads(annotations.get(f"{component}.tidb.pingcap.com/delete-slots") or "[]")
    except ValueError:
        return frozenset()
    return frozenset(each for each in slots if isinstance(each, int)) if isinstance(slots, list) else frozenset()
