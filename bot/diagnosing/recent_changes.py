"""Find what changed shortly before an object began to fail: the template of its pods, ConfigMaps they use, nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.object_search import readable
from bot.kube.config_references import references_of
from bot.kube.object_changes import ROOT_CERTIFICATES, Change, cordoned, joined, template_change, written
from bot.kube.objects import (
    condition,
    created_at,
    has_ended,
    label_selector,
    namespace_of,
    node_name_of,
    spec_of,
    uid_of,
)
from bot.kube.owners import controller_reference, owner_of
from bot.kube.placement import is_cordoned, may_use
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import KEPT_IN, earlier_in, revision_name_of, revisions_in
from bot.kube.timestamps import parse_time
from bot.probes.contract import may
from intents.catalog.loader import Catalog
from intents.domain import Focus, Json, JudgedHypothesis, ObjectRef, Observation, RecentChange
from intents.verdicts import supported

PERMISSIONS: Final = (
    *may("list", "pods", "nodes", "replicasets.apps", "controllerrevisions.apps"),
    *may("get", "configmaps", "nodes"),
)

WORKLOADS: Final = frozenset(KEPT_IN)
_KINDS: Final = WORKLOADS | {"Pod"}
# An older change is not what the trouble began with.
_SHORTLY_S: Final = 24 * 3600
_MOST_CONFIG_MAPS: Final = 5
# Nodes come and go all day where a cluster is scaled by its load.
_OF_NODES_S: Final = 3600
# An upgrade replaces all nodes of a cluster.
_MOST_NODES: Final = 3


async def changes_before(
    snapshot: Snapshot,
    catalog: Catalog,
    judged: Sequence[JudgedHypothesis],
    unexplained: Sequence[Observation],
    focus: Focus,
) -> tuple[RecentChange, ...]:
    """Return what changed before the trouble of the leading cause's object began, or of `focus` if unexplained.

    What cannot be read is left out: it proves nothing about the cause.
    """
    leading = next((one for one in judged if supported(one) and not one.capability), None)
    about = _about(leading, focus) if leading or unexplained else None
    changes = await changes_of(snapshot, about) if about else ()
    if leading is None or _may_be_of_nodes(leading, catalog):
        return changes
    return tuple(one for one in changes if one.subject.kind != "Node")


def _may_be_of_nodes(leading: JudgedHypothesis, catalog: Catalog) -> bool:
    """Tell whether a node may be involved: the evidence is about nodes, or says no more than that something fails."""
    entry = catalog.get(leading.incident)
    return bool(entry and entry.shows) or any(
        row.subject.kind == "Node" or row.values.get("unschedulable") or row.values.get("scheduled") is False
        for finding in leading.cluster_support
        for row in finding.rows
    )


async def changes_of(snapshot: Snapshot, about: ObjectRef) -> tuple[RecentChange, ...]:
    """Return what changed before the trouble of a pod or workload began, the latest first; () for other kinds."""
    if about.kind not in _KINDS:
        return ()
    if revisions := KEPT_IN.get(about.kind):
        snapshot.ahead(snapshot.list(revisions, namespace=about.namespace))
    try:
        pod, workload = await _failing(snapshot, about)
    except ClusterError:
        return ()
    began = _began(pod) if pod else None
    if pod is None or began is None:
        return ()
    parts = await asyncio.gather(
        _of_template(snapshot, workload, pod, began),
        _of_config_maps(snapshot, pod, began),
        _of_nodes(snapshot, pod, began),
    )
    return tuple(sorted((one for part in parts for one in part), key=lambda one: one.before_s))


def _about(leading: JudgedHypothesis | None, focus: Focus) -> ObjectRef | None:
    asked = ObjectRef(kind=focus.kind, namespace=focus.namespace, name=focus.name)
    found = leading.subject if leading else asked
    about = found if found and found.kind in _KINDS else asked
    return about if about.name and about.kind in _KINDS else None


async def _failing(snapshot: Snapshot, about: ObjectRef) -> tuple[Json | None, ObjectRef]:
    """Return the pod in trouble and its workload; of a workload, the one that fails longest."""
    found = await snapshot.find(about.kind, about.name, namespace=about.namespace)
    if found is None or about.kind == "Pod":
        return found, owner_of(found) if found else about
    labels = (spec_of(found).get("selector") or {}).get("matchLabels") or {}
    pods = await snapshot.list("Pod", namespace=about.namespace, labels=label_selector(labels))
    unready = [
        pod
        for pod in pods.items
        if not (is_ready(pod) or has_ended(pod)) and owner_of(pod).is_named_as(about) and _began(pod)
    ]
    return min(unready, key=lambda pod: str(_began(pod)), default=None), about


def _began(pod: Json) -> datetime | None:
    """Return since when a pod is not ready, else when it was created."""
    ready = condition(pod, "Ready")
    turned = ready.get("lastTransitionTime") if ready.get("status") != "True" else None
    return parse_time(turned) or parse_time(created_at(pod))


async def _of_template(snapshot: Snapshot, of: ObjectRef, pod: Json, began: datetime) -> tuple[RecentChange, ...]:
    """Return the change of the pod template that the newest revision brought, if the pod runs that one."""
    if of.kind not in WORKLOADS:
        return ()
    try:
        listing, workload = await asyncio.gather(
            snapshot.list(KEPT_IN[of.kind], namespace=of.namespace),
            snapshot.find(of.kind, of.name, namespace=of.namespace),
        )
    except ClusterError:
        return ()
    if workload is None:
        return ()
    revisions = revisions_in(one for one in listing.items if controller_reference(one).get("uid") == uid_of(workload))
    newest = revisions[-1] if revisions else None
    if newest is None or newest.name != revision_name_of(pod):
        return ()
    older = earlier_in(revisions)
    change = template_change(workload, newest, older[-1]) if older else None
    return _shortly_before([change], began)


async def _of_config_maps(snapshot: Snapshot, pod: Json, began: datetime) -> tuple[RecentChange, ...]:
    """Return the ConfigMaps of a pod that were written shortly before it began to fail."""
    names = dict.fromkeys(one.name for one in references_of(pod) if one.kind == "ConfigMap")
    names.pop(ROOT_CERTIFICATES, None)
    names.pop("", None)
    home = namespace_of(pod)
    found = await asyncio.gather(
        *(readable(snapshot, "ConfigMap", name, namespace=home) for name in list(names)[:_MOST_CONFIG_MAPS])
    )
    return _shortly_before((written(one, field="data") for one in found if one), began)


async def _of_nodes(snapshot: Snapshot, pod: Json, began: datetime) -> tuple[RecentChange, ...]:
    """Return that the pod's node joined, or that a node was cordoned so that the pod finds no place, shortly before."""
    placed = node_name_of(pod)
    try:
        if placed:
            nodes = [one] if (one := await snapshot.find("Node", placed)) else []
        else:
            nodes = [one for one in (await snapshot.list("Node")).items if is_cordoned(one) and may_use(pod, one)]
    except ClusterError:
        return ()
    return _shortly_before(map(joined if placed else cordoned, nodes), began, within_s=_OF_NODES_S)[:_MOST_NODES]


def _shortly_before(
    changes: Iterable[Change | None], began: datetime, *, within_s: float = _SHORTLY_S
) -> tuple[RecentChange, ...]:
    return tuple(
        RecentChange(
            subject=change.subject,
            at=change.at,
            before_s=int((began - change.at).total_seconds()),
            what=change.what,
            revision=change.revision,
            by=change.by,
            says=None if change.subject.kind == "ConfigMap" else change.says,
        )
        for change in changes
        if change is not None and 0 <= (began - change.at).total_seconds() <= within_s
    )
