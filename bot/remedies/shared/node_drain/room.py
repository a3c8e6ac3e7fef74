"""Check whether other nodes have room now for the pods of a drained node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, node_name_of, uid_of
from bot.kube.placement import matches_node, refusal
from bot.kube.quantities import CPU, MEMORY, Amounts, amounts, lacking, minus, pod_requests
from bot.kube.spreading import ClosedNode, closed_nodes, surroundings
from bot.remedies.shared.node_drain.node_pods import NodePods, few, key_of
from intents.domain import Json, ObjectRef, Text

# The node selector terms of each volume of a pod, by the pod's uid.
_Bound = Mapping[str, Sequence[Sequence[Json]]]


async def without_room(snapshot: Snapshot, target: ObjectRef, pods: NodePods) -> tuple[Text, ...]:
    """Warn about the pods that would be unschedulable now, or that this could not be checked."""
    unknown = Text(
        en="Could not check whether other nodes have room for these pods",
        zh="无法确认其他节点是否有足够资源容纳这些 Pod",
    )
    try:
        nodes = [each for each in (await snapshot.list("Node", fresh=False)).items if name_of(each) != target.name]
        bound = await _bound(snapshot, pods.evicted)
    except ClusterError:
        return (unknown,)
    if pods.everywhere is None:
        return (unknown,) if pods.evicted else ()
    unschedulable = tuple(_unschedulable(pods, nodes, bound))
    warning = Text(
        en=f"No other node has room for these pods now; they stay pending: {few(unschedulable)}",
        zh=f"目前没有其他节点能接收以下 Pod，它们会保持 Pending：{few(unschedulable, zh=True)}",
    )
    return (warning,) if unschedulable else ()


def _unschedulable(pods: NodePods, nodes: Sequence[Json], bound: _Bound) -> Iterator[str]:
    """Yield the pods that fit on no other node and why, after placing the largest pods first."""
    moving = {uid_of(pod) for pod in (*pods.evicted, *pods.terminating)}
    around = surroundings((pod for pod in pods.everywhere or () if uid_of(pod) not in moving), nodes)
    free = _free_amounts(nodes, around.pods)
    for pod, requests in sorted(((pod, pod_requests(pod)) for pod in pods.evicted), key=_size):
        closed = closed_nodes(pod, around)
        terms = bound.get(uid_of(pod), ())
        obstacles = {
            name: _placement_obstacle(pod, node, terms, closed.get(name)) or _shortage(free.get(name), requests)
            for name, node in ((name_of(node), node) for node in nodes)
        }
        if place := next((name for name, obstacle in obstacles.items() if not obstacle), ""):
            if place in free:
                free[place] = minus(free[place], requests)
        else:
            yield f"{key_of(pod)} ({', '.join(dict.fromkeys(obstacles.values())) or 'there is no other node'})"


def _free_amounts(nodes: Sequence[Json], pods: Iterable[Mapping[str, Any]]) -> dict[str, Amounts]:
    """Return what each node has left beside the requests of its pods, without the nodes that report no amounts."""
    allocatable = {name_of(node): amounts((node.get("status") or {}).get("allocatable")) for node in nodes}
    free = {name: each for name, each in allocatable.items() if each}
    for pod in pods:
        if (name := node_name_of(pod)) in free:
            free[name] = minus(free[name], pod_requests(pod))
    return free


def _placement_obstacle(
    pod: Json, node: Json, volume_terms: Sequence[Sequence[Json]], closed: ClosedNode | None
) -> str:
    """Return why the scheduler would refuse a node for a pod, its free amounts aside; "" if it would not."""
    if refused := refusal(pod, node):
        return refused
    if not all(matches_node(terms, node) for terms in volume_terms):
        return "its volume is on another node"
    return closed.rule.name if closed else ""


def _shortage(free: Amounts | None, requests: Amounts) -> str:
    """Return what a node has too little of; "" if it has enough, or if its amounts are unknown."""
    lacks = lacking(free, requests) if free is not None else ()
    return f"too little {', '.join(lacks)}" if lacks else ""


def _size(one: tuple[Json, Amounts]) -> tuple[int, int]:
    return -one[1].get(CPU, 0), -one[1].get(MEMORY, 0)


async def _bound(snapshot: Snapshot, evicted: Iterable[Json]) -> _Bound:
    """Return the nodes from which the volumes of pods can be reached: a local volume binds its pod to a node."""
    claims = [
        (uid_of(pod), (namespace_of(pod), str(each["persistentVolumeClaim"].get("claimName", ""))))
        for pod in evicted
        for each in (pod.get("spec") or {}).get("volumes") or ()
        if "persistentVolumeClaim" in each
    ]
    reached: dict[tuple[str, str], Sequence[Json]] = {}
    for volume in (await snapshot.list("PersistentVolume")).items if claims else ():
        spec = volume.get("spec") or {}
        claim, required = spec.get("claimRef") or {}, (spec.get("nodeAffinity") or {}).get("required")
        if required:
            place = str(claim.get("namespace", "")), str(claim.get("name", ""))
            reached[place] = required.get("nodeSelectorTerms") or ()
    return {uid: [reached[each] for of, each in claims if of == uid and each in reached] for uid, _ in claims}
