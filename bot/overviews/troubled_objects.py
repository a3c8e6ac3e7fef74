"""Keep of an object its trouble and what links it to others, and group such objects by what explains them. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from bot.graph.cluster_graph import causes_among
from bot.graph.edges import GraphNode, node_of
from bot.kube.containers import containers_in
from bot.kube.objects import (
    condition,
    created_at,
    group_of,
    has_ended,
    is_builtin,
    is_terminating,
    name_of,
    namespace_of,
    node_name_of,
    phase_of,
    status_of,
    uid_of,
)
from bot.kube.owners import owner_of, owner_references
from bot.kube.pod_states import is_ready
from bot.kube.settling import STARTING, is_starting, lasting_problem
from bot.kube.volumes import class_of
from intents.anchors import names
from intents.domain import Json, ObjectRef
from intents.named_objects import Edge, EdgeType, ObjectKey
from intents.overview import Impact

WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})
_VARIABLE: Final = re.compile(r"\b\d+(?:\.\d+)?(?:ms|s|m|h|d)?\b|[0-9a-f]{8}-[0-9a-f-]{27}|\bpod=\S+")
# Exit codes and reasons of runs whose program did not begin, or was stopped by the kubelet or the kernel.
_NEVER_RAN: Final = frozenset({126, 127, 128})
_ENDED_FROM_OUTSIDE: Final = frozenset({"OOMKilled", "ContainerCannotRun", "StartError"})
_SERVICE_ADDRESS: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")


class Identity(NamedTuple):
    """The key of an object among all kinds; that of a custom kind is followed by its group."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledObject:
    """An object that is not well.

    Objects of equal `likeness` share one cause as far as their status tells. Its `node` names the edges over which its
    trouble may come. A pod that has `ended` matters only if its owner is in trouble, which has made another or counts
    the failure as one of several tries. One that `starts` within its time is well; what waits for it is well too. A
    problem is `proven` if whole lists show it, whatever its own status says.
    """

    id: Identity
    problem: str
    likeness: tuple[str, ...]
    node: GraphNode
    since: str = ""
    ended: bool = False
    starts: bool = False
    proven: bool = False

    @property
    def owners(self) -> frozenset[ObjectKey]:
        """Return what owns it."""
        return frozenset(
            edge.source for edge in self.node.named if edge.type is EdgeType.OWNS and edge.source != self.node.key
        )


def troubled(obj: Json, kind: str, now: datetime) -> TroubledObject | None:
    """Return what an overview keeps of an object that is not well, None for one that is."""
    if kind == "Pod":
        return _pod(obj, now)
    problem = lasting_problem(obj, kind, now)
    if not problem:
        return None
    about, node = identity_of(obj, kind), node_in(obj, kind)
    edges = frozenset(edge for edge in node.named if _may_explain(edge, kind, problem))
    likeness: tuple[str, ...] = (about.kind, about.namespace, _masked(problem, obj))
    if about.kind in WORKLOADS:
        refused = condition(obj, "ReplicaFailure").get("message")
        if refused:
            # A quota, a policy, a webhook: what refuses one workload's pods refuses those of others too.
            likeness = ("refused", about.namespace, _masked(str(refused), obj))
            edges |= frozenset(_calls_in(str(refused), node.key))
        else:
            likeness = about
    elif about.kind == "PersistentVolumeClaim":
        likeness = (about.kind, about.namespace, class_of(obj) or "", phase_of(obj))
    return TroubledObject(
        id=about, problem=problem, likeness=likeness, node=replace(node, named=edges), since=_since(obj)
    )


def node_in(obj: Json, kind: str) -> GraphNode:
    """Return the node of an object of a list: built-in ones do not say their kind there."""
    return node_of({**obj, "kind": kind})


def _may_explain(edge: Edge, kind: str, problem: str) -> bool:
    """Tell whether trouble at the other end of an edge would explain this problem of an object."""
    if kind in WORKLOADS:
        return edge.type is EdgeType.OWNS  # its pods carry the others
    if kind == "HorizontalPodAutoscaler" and edge.type is EdgeType.PROVIDES:
        return edge.source[2].partition(".")[2] in problem
    return True


def identity_of(obj: Json, kind: str) -> Identity:
    """Return the key of an object."""
    return Identity(kind if is_builtin(obj) else f"{kind}.{group_of(obj)}", namespace_of(obj), name_of(obj))


def _calls_in(message: str, caller: ObjectKey) -> Iterator[Edge]:
    """Yield the edges to the Services whose address a message contains, as the API server calls webhooks."""
    for name, namespace in _SERVICE_ADDRESS.findall(message):
        yield Edge(type=EdgeType.PROVIDES, source=("Service", namespace, name), target=caller)


def _pod(pod: Json, now: datetime) -> TroubledObject | None:
    if _is_plainly_well(pod):
        return None
    problem = lasting_problem(pod, "Pod", now)
    looping = [each for each in containers_in(pod) if each.crash_looping(now)]
    starts = not (problem or looping) and is_starting(pod, now)
    if not (problem or looping or starts):
        return None
    about, node, workload = identity_of(pod, "Pod"), node_in(pod, "Pod"), owner_of(pod)
    owner = Identity(workload.kind, workload.namespace, workload.name)
    says = next(_container_troubles(pod, now), "")
    unscheduled = condition(pod, "PodScheduled")
    needs: frozenset[Edge] = frozenset()
    if says:
        needs = _named_in(says, node)
        likeness = _likeness(says, pod, owner, needs)
    elif unscheduled.get("status") == "False":
        says = str(unscheduled.get("message") or unscheduled.get("reason") or problem)
        likeness = ("unscheduled", about.namespace, _masked(says, pod))
        needs = frozenset(edge for edge in node.named if edge.target[0] == "PersistentVolumeClaim")
    elif phase_of(pod) == "Failed":
        says = str(status_of(pod).get("message") or status_of(pod).get("reason") or problem)
        likeness = _likeness(says, pod, owner, _named_in(says, node))
    elif node_name_of(pod) and all(each.ready for each in containers_in(pod)):
        # The kubelet counts its containers as ready and the pod is not: the node controller says so.
        likeness = ("node", node_name_of(pod))
        needs = frozenset(edge for edge in node.named if edge.type is EdgeType.RUNS_ON)
    else:
        likeness = _likeness(problem, pod, owner, frozenset())
        if not any(each.state == "running" for each in containers_in(pod)):
            needs = frozenset(edge for edge in node.named if edge.type is EdgeType.REFERENCES)  # it may wait for any
    if _may_miss_others(pod, now):
        needs |= frozenset(edge for edge in node.named if edge.type is EdgeType.CALLS)
    owned = frozenset(edge for edge in node.named if edge.type is EdgeType.OWNS)
    ended = has_ended(pod) and bool(owner_references(pod))
    if ended:
        owned, needs = frozenset(replace(edge, type=EdgeType.PROVIDES) for edge in owned), frozenset()
    return TroubledObject(
        id=about,
        problem=says or problem,
        likeness=likeness,
        node=replace(node, named=owned | needs),
        since=str(condition(pod, "Ready").get("lastTransitionTime") or created_at(pod)),
        ended=ended,
        starts=starts,
    )


def _may_miss_others(pod: Json, now: datetime) -> bool:
    """Tell whether the program of a pod started and fails by itself, as one does that reaches no other."""
    known = [(each, each.ended(now)) for each in containers_in(pod)]
    if any(each.state == "waiting" and each.reason not in {*STARTING, "CrashLoopBackOff"} for each, _ in known):
        return False
    return any(
        (run.exit_code and run.exit_code not in _NEVER_RAN and run.reason not in _ENDED_FROM_OUTSIDE)
        if run and each.state != "running"
        else each.state == "running" and not each.ready
        for each, run in known
    )


def _named_in(message: str, node: GraphNode) -> frozenset[Edge]:
    """Return the edges to what a message names: a Secret, an image."""
    return frozenset(edge for edge in node.named if edge.type is EdgeType.REFERENCES and names(message, edge.target[2]))


def _is_plainly_well(pod: Json) -> bool:
    """Tell whether a pod is ready and has never restarted: nearly all pods of a cluster are."""
    restarted = any(each.get("restartCount") for each in status_of(pod).get("containerStatuses") or ())
    return is_ready(pod) and not restarted and not is_terminating(pod)


def _container_troubles(pod: Json, now: datetime) -> Iterator[str]:
    """Yield what the status says of containers that wait or ended, without the kubelet's ordinary work."""
    for container in containers_in(pod):
        if container.state == "waiting" and container.reason not in {*STARTING, "CrashLoopBackOff"}:
            yield f"{container.reason}: {container.message}" if container.message else container.reason
        elif (run := container.ended(now)) and run.exit_code and (container.crash_looping(now) or not container.ready):
            yield f"{container.name}: {run.says}"


def _likeness(says: str, obj: Json, owner: Identity, needs: frozenset[Edge]) -> tuple[str, ...]:
    """Return the likeness by a message: beyond the owner only if edges lead to what the message names."""
    masked = _masked(says, obj)
    return ("message", masked, *min(edge.target for edge in needs)) if needs else (*owner, masked)


def _masked(message: str, obj: Json) -> str:
    """Return a message without what differs between equal objects: their own names, times and counts."""
    own = [name_of(obj), uid_of(obj), *(str(each.get("name") or "") for each in owner_references(obj))]
    for each in sorted(filter(None, own), key=len, reverse=True):
        message = message.replace(each, "*")
    return _VARIABLE.sub("#", message)


def _since(obj: Json) -> str:
    """Return when the first condition in trouble changed, else when the object was created."""
    changed = [str(each.get("lastTransitionTime") or "") for each in status_of(obj).get("conditions") or ()]
    return max(filter(None, changed), default=created_at(obj))


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRow:
    """A Service or an Ingress, kept to find those that lead to no ready endpoint."""

    id: Identity
    node: GraphNode
    created: str

    @property
    def services(self) -> frozenset[str]:
        """Return the names of the Services that an Ingress leads to."""
        return frozenset(edge.target[2] for edge in self.node.named if edge.type is EdgeType.ROUTES_TO)

    def troubled(self, problem: str, to: Collection[str] = ()) -> TroubledObject:
        """Return its trouble, which comes over the edges to these Services, and to the pods that it chooses."""
        edges = frozenset(edge for edge in self.node.named if edge.target[2] in to and edge.target[0] == "Service")
        node = replace(self.node, named=edges)
        return TroubledObject(id=self.id, problem=problem, likeness=self.id, node=node, proven=True)


_EXAMPLES: Final = 3
# The order of examples: what people notice first.
_NOTICED: Final = ("Service", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")

Rows = Mapping[Identity, TroubledObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Objects that show the same trouble, and all objects whose trouble it explains, themselves included."""

    members: tuple[TroubledObject, ...]
    affected: frozenset[Identity]
    lasting: frozenset[ObjectKey] = frozenset()  # the objects affected that outlive their pods, and the pods' owners


def groups_of(rows: Rows) -> list[Group]:
    """Return the groups of objects whose trouble no other object's explains, those with the most impact first."""
    causes = _causes(rows)
    rows = {id_: row for id_, row in rows.items() if not row.ended or causes.get(id_)}
    effects: defaultdict[Identity, set[Identity]] = defaultdict(set)
    for effect in rows.keys() & causes.keys():
        for cause in causes[effect] & rows.keys():
            effects[cause].add(effect)
    explained = frozenset().union(*effects.values())
    roots: defaultdict[tuple[str, ...], list[Identity]] = defaultdict(list)
    reached: set[Identity] = set()
    # Objects that explain each other in a circle have no root: the first of them stands for them.
    for id_ in (*sorted(rows.keys() - explained), *sorted(explained)):
        if id_ not in explained or id_ not in reached:
            roots[rows[id_].likeness].append(id_)
            reached |= _reached([id_], effects)
    groups = [
        _group(members, _reached(members, effects), rows)
        for members in roots.values()
        if not all(rows[id_].starts for id_ in members)
    ]
    return sorted(groups, key=lambda each: (-impact_of(each.affected).weight, each.members[0].id))


def _group(members: Iterable[Identity], affected: frozenset[Identity], rows: Rows) -> Group:
    touched = {key for id_ in affected for key in (rows[id_].owners or {rows[id_].node.key})}
    lasting = touched | {rows[id_].node.key for id_ in affected if id_.kind != "Pod"}
    return Group(members=tuple(rows[id_] for id_ in members), affected=affected, lasting=frozenset(lasting))


def impact_of(affected: Iterable[Identity]) -> Impact:
    """Count objects by what their trouble means; the pods of a workload count beside it."""
    ids = sorted(affected, key=lambda id_: (_place(id_.kind), id_))
    pods = sum(id_.kind == "Pod" for id_ in ids)
    services = sum(id_.kind == "Service" for id_ in ids)
    nodes = sum(id_.kind == "Node" for id_ in ids)
    workloads = sum(id_.kind in WORKLOADS for id_ in ids)
    return Impact(
        pods=pods,
        workloads=workloads,
        services=services,
        nodes=nodes,
        others=len(ids) - pods - services - nodes - workloads,
        examples=tuple(map(reference, ids[:_EXAMPLES])),
    )


def reference(id_: Identity) -> ObjectRef:
    """Return the reference that people read: a custom kind without its group."""
    return ObjectRef(kind=id_.kind.partition(".")[0], namespace=id_.namespace, name=id_.name)


def _place(kind: str) -> int:
    return _NOTICED.index(kind) if kind in _NOTICED else len(_NOTICED)


def _reached(ids: Iterable[Identity], effects: Mapping[Identity, set[Identity]]) -> frozenset[Identity]:
    reached, left = set(ids), list(ids)
    while left:
        new = effects.get(left.pop(), set()) - reached
        reached |= new
        left += new
    return frozenset(reached)


def _causes(rows: Rows) -> Mapping[Identity, frozenset[Identity]]:
    """Return the objects in trouble whose trouble that of others explains, with those."""
    named: defaultdict[ObjectKey, set[Identity]] = defaultdict(set)  # kinds of two groups may have one name
    for id_, row in rows.items():
        named[row.node.key].add(id_)
    causes = causes_among(row.node for row in rows.values())
    return {
        id_: frozenset(id_ for cause in causes[key] for id_ in named[cause]) for key in causes for id_ in named[key]
    }
