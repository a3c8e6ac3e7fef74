"""The TidbClusters in question, and which of a component's pods each of them asks for.

TiDB Operator copies what PD reports into the status of the TidbCluster, at least once a minute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.kube.containers import containers_in
from bot.kube.objects import annotations_of, name_of, namespace_of, place_of
from bot.kube.tidb_clusters import part, replicas_of
from bot.probes.contract import Look, Missing, RowValues, may
from intents.domain import Json, ObjectRef

KIND: Final = "tidbcluster.pingcap.com"
PERMISSIONS: Final = may("list", "tidbclusters.pingcap.com")

# More pods than this of one component are a mistake in the replicas.
_MOST: Final = 1000
_POD: Final = re.compile(r"^(?P<cluster>.+)-(?P<component>pd|tikv)-(?P<ordinal>\d+)$")
_WORKLOAD: Final = re.compile(r"^(?P<cluster>.+)-(?P<component>pd|tikv)$")


class Volume(RowValues):
    """The volume with the data of a member and its claim; empty where it was not looked for or not found."""

    pvc: str = ""
    pv: str = ""
    reclaim_policy: str = ""


class Member(RowValues):
    """A PD pod or a TiKV store: what every row has."""

    namespace: str
    cluster: str
    replicas: int  # of the component, as the TidbCluster asks for them
    pod: str
    crash_looping: bool
    restarts: int
    volume: Volume


def member(look: Look, cluster: Json, component: str, *, pod: str, its: Json, volume: Volume) -> Member:
    """Return what every row has of a pod of a component; `its` is empty where that does not exist."""
    containers = list(containers_in(its))
    return Member(
        namespace=namespace_of(cluster),
        cluster=name_of(cluster),
        replicas=replicas_of(cluster, component),
        pod=pod,
        crash_looping=any(each.crash_looping(look.now) for each in containers),
        restarts=sum(each.restarts for each in containers),
        volume=volume,
    )


async def clusters_of(look: Look, component: str) -> tuple[Sequence[Json], str]:
    """Return the clusters: the one named, the one whose pod or StatefulSet is named, or all there are; and that pod.

    Raise Missing if the cluster named does not exist, and ClusterError.
    """
    focus = look.focus
    name, pod = _named(look, component)
    if focus.names_object and not name:
        # It belongs to no TidbCluster.
        return (), ""
    wanted = f"metadata.name={name}" if name else ""
    listing = await look.snapshot.list(KIND, namespace=focus.namespace, fields=wanted)
    if name and not listing.items:
        raise Missing(str(ObjectRef(kind="TidbCluster", namespace=focus.namespace, name=name)))
    return sorted(listing.items, key=place_of), pod


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


def _deleted_slots(cluster: Json, component: str) -> frozenset[int]:
    annotations = annotations_of(cluster)
    try:
        slots = json.loads(annotations.get(f"{component}.tidb.pingcap.com/delete-slots") or "[]")
    except ValueError:
        return frozenset()
    return frozenset(each for each in slots if isinstance(each, int)) if isinstance(slots, list) else frozenset()
