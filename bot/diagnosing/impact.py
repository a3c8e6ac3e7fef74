"""Find whom a proven cause hits: what routes to its object, runs on it or uses it; start such reads ahead."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.object_search import readable
from bot.diagnosing.recent_changes import WORKLOADS, changes_of
from bot.graph.cluster_graph import ClusterGraph
from bot.graph.edges import key_in, pod_labels_of
from bot.kube.health import problem_of
from bot.kube.ingresses import backends_of
from bot.kube.objects import has_ended, namespace_of, node_name_of, ref, status_of
from bot.kube.owners import likely_controllers, owner_of, workload_of
from bot.kube.rollouts import replicas_of, rollout_of
from bot.probes.contract import may
from intents.condition_polarity import is_trouble
from intents.domain import Gap, Json, JudgedHypothesis, ObjectRef
from intents.named_objects import Dependent, Dependents, EdgeType, ObjectKey
from intents.subjects import ties
from intents.verdicts import supported

PERMISSIONS: Final = may("list", "services", "ingresses.networking.k8s.io")

# One page: a namespace with more of them is hit in more than a reader wants to know.
_MOST: Final = 500
# Of each kind, so many are named.
_NAMED: Final = 5
# By which edge each kind needs others; what needs nothing by these edges is not hit.
_TRAFFIC: Final = (EdgeType.SELECTS, EdgeType.ROUTES_TO)
_EDGES: Final = {
    "Service": _TRAFFIC,
    "Ingress": _TRAFFIC,
    "Pod": (EdgeType.RUNS_ON, EdgeType.REFERENCES),
}
# Their pods belong to the node, or run on every one.
_OF_NODES: Final = frozenset({"DaemonSet", "Node", "StaticPod"})
# No Service sends traffic to their pods.
_UNROUTED: Final = frozenset({"Job", "CronJob", "StaticPod"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The reads around an object: itself, its workload, the objects that may need it, and the gaps.

    `cut` are the kinds of which only some objects were read.
    """

    objects: tuple[Json, ...] = ()
    cut: frozenset[str] = frozenset()
    workload: Json | None = None
    gaps: tuple[Gap, ...] = ()


async def impact_of(
    snapshot: Snapshot, judged: Sequence[JudgedHypothesis]
) -> tuple[tuple[Dependents, ...], tuple[Gap, ...]]:
    """Return whom the leading cause hits, if it is proven, without those that its evidence or effects name already.

    A refused read is a gap only if nothing was found in spite of it.
    """
    leading = next((one for one in judged if supported(one) and not one.capability), None)
    if leading is None or leading.subject is None:
        return (), ()
    around = await surroundings_of(snapshot, leading.subject)
    found = tuple(_dependents(around, leading.subject.key, told=_told(leading, judged)))
    return found, () if found else around.gaps[:1]


async def surroundings_of(snapshot: Snapshot, about: ObjectRef) -> Surroundings:
    """Read what may need an object: of what takes traffic, the Services and Ingresses of its namespace.

    Of other objects the answer is limited to what the diagnosis has read anyway.
    """
    if about.kind == "Service":
        return await _read(snapshot, about, kinds=("Ingress",), of=None)
    if about.kind == "Node":
        return Surroundings(objects=await _pods_of_node(snapshot, about))
    if about.kind not in WORKLOADS | {"Pod"}:
        pods = snapshot.known_list("Pod", namespace=about.namespace) if about.namespace else ()
        return Surroundings(objects=pods or ())
    obj = await readable(snapshot, about.kind, about.name, namespace=about.namespace)
    if obj is None or not pod_labels_of(obj) or owner_of(obj).kind in _UNROUTED or _serves(obj):
        return Surroundings()
    return await _read(snapshot, about, kinds=("Service", "Ingress"), of=obj)


async def _read(snapshot: Snapshot, about: ObjectRef, *, kinds: Sequence[str], of: Json | None) -> Surroundings:
    workload, answers = await asyncio.gather(
        _workload(snapshot, of),
        asyncio.gather(*(_listed(snapshot, kind, namespace=about.namespace) for kind in kinds)),
    )
    lists = {kind: each for kind, each in zip(kinds, answers, strict=True) if not isinstance(each, Gap)}
    items = [item for each in lists.values() for item in each.items]
    return Surroundings(
        objects=(*([of] if of else []), *items),
        cut=frozenset(kind for kind, each in lists.items() if each.truncated),
        workload=workload,
        gaps=tuple(each for each in answers if isinstance(each, Gap)),
    )


async def _listed(snapshot: Snapshot, kind: str, *, namespace: str) -> ObjectList | Gap:
    try:
        return await snapshot.list(kind, namespace=namespace, limit=_MOST)
    except ClusterError as error:
        return error.gap()


async def _workload(snapshot: Snapshot, obj: Json | None) -> Json | None:
    """Return the workload of a pod, or the workload itself."""
    if obj is None or obj.get("kind") in WORKLOADS:
        return obj
    owner = owner_of(obj)
    if owner.kind not in WORKLOADS:
        return None
    return await readable(snapshot, owner.kind, owner.name, namespace=owner.namespace)


async def _pods_of_node(snapshot: Snapshot, about: ObjectRef) -> tuple[Json, ...]:
    """Return the pods of a node in trouble, if the diagnosis has read all of them; a cordon hits no pod that runs."""
    found = snapshot.known_list("Pod", fields=f"spec.nodeName={about.name}")
    node = await readable(snapshot, "Node", about.name, namespace=about.namespace) if found else None
    in_trouble = node and any(is_trouble("Node", each) for each in status_of(node).get("conditions") or ())
    return tuple(pod for pod in found or () if node_name_of(pod) == about.name) if in_trouble else ()


def _told(leading: JudgedHypothesis, judged: Sequence[JudgedHypothesis]) -> frozenset[ObjectKey]:
    """Return the objects that the answer names already: in the evidence of its cause, and as effects."""
    named = (key for finding in leading.cluster_support for row in finding.rows for key in ties(row))
    return frozenset((*named, *(one.subject.key for one in judged if one.effect_of and one.subject)))


def _dependents(around: Surroundings, start: ObjectKey, *, told: Collection[ObjectKey]) -> Iterator[Dependents]:
    """Yield those who need an object by kind, in the order of `_EDGES`; not a kind of which all are told already."""
    groups: defaultdict[tuple[EdgeType, str], dict[ObjectKey, Dependent]] = defaultdict(dict)
    for via, one in _needing(around.objects, start):
        groups[via, one.object.kind][one.object.key] = one
    ready, of = _ready_pods(around.workload)
    for (via, kind), members in groups.items():
        if set(members) <= set(told):
            continue
        traffic = via in _TRAFFIC
        yield Dependents(
            kind=kind,
            via=via,
            count=len(members),
            at_least=kind in around.cut,
            first=tuple(members[key] for key in sorted(members)[:_NAMED]),
            ready=ready if traffic else 0,
            of=of if traffic else 0,
        )


def _needing(objects: Iterable[Json], start: ObjectKey) -> Iterator[tuple[EdgeType, Dependent]]:
    """Yield the objects that need another, by the edge that leads there; of the pods of a node, their workloads."""
    known = {key_in(obj): obj for obj in objects}
    graph = ClusterGraph(known.values())
    reached = graph.needing(start)
    for kind, types in _EDGES.items():
        for key in sorted(one for one in reached if one[0] == kind and one != start and one in known):
            towards = {edge.type for edge in graph.edges_at(key) if {edge.source, edge.target} - {key} <= reached}
            via = next((one for one in types if one in towards), None)
            if via is None or (kind == "Pod" and has_ended(known[key])):
                continue
            if via is not EdgeType.RUNS_ON:
                yield via, Dependent(object=ref(known[key]), host=_host(known[key], reached))
            elif (workload := workload_of(known[key])).kind not in _OF_NODES:
                yield via, Dependent(object=workload)


def _host(obj: Json, reached: Collection[ObjectKey]) -> str:
    """Return the first host by which an Ingress leads to one of these Services, "" without one."""
    if obj.get("kind") != "Ingress":
        return ""
    hosts = (each.host for each in backends_of(obj) if ("Service", namespace_of(obj), each.service) in reached)
    return next(filter(None, hosts), "")


def _serves(obj: Json) -> bool:
    """Tell whether all pods of a workload are ready: what is wrong with it, such as a refused change, hits nobody."""
    ready, of = _ready_pods(obj) if obj.get("kind") in WORKLOADS else (0, 0)
    return 0 < of <= ready


def _ready_pods(workload: Json | None) -> tuple[int, int]:
    """Return how many pods of a workload are ready, and how many there are or should be."""
    if workload is None:
        return 0, 0
    count = replicas_of(workload)
    return count.ready, max(count.desired, count.created)


def announced_by_name(snapshot: Snapshot, target: ObjectRef) -> None:
    """Read the events of an object, and the controllers that a pod's name tells, beside the object itself."""
    snapshot.ahead(snapshot.events(target))
    if target.kind == "Pod":
        for kind, name in likely_controllers(target):
            snapshot.ahead(snapshot.get(kind, name, namespace=target.namespace))


def announced_by_trouble(snapshot: Snapshot, obj: Json) -> None:
    """Read what an answer about the trouble of a pod or workload asks for last; a Service does not show its own."""
    about = ref(obj)
    rolling = about.kind in WORKLOADS and rollout_of(obj, snapshot.now).rolling
    if about.kind == "Service" or rolling or problem_of(obj, about.kind):
        _around(snapshot, about)


def announced_by_evidence(snapshot: Snapshot, judged: JudgedHypothesis) -> None:
    """Read what an answer about an object asks for last, if a hypothesis is proven of it: it may lead the answer."""
    if judged.subject and supported(judged) and not judged.capability:
        _around(snapshot, judged.subject)


def _around(snapshot: Snapshot, about: ObjectRef) -> None:
    """Read what changed before the trouble of an object, and what needs it."""
    snapshot.ahead(changes_of(snapshot, about))
    snapshot.ahead(surroundings_of(snapshot, about))
