"""Whether the other nodes would take the pods of one that is drained, as things are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.placement import matches_node, refusal
from bot.kube.requests import CPU, MEMORY, Amounts, amounts, lacking, minus, pod_requests
from bot.kube.spreading import closed_nodes, surroundings
from bot.remedies.shared import workloads
from bot.remedies.shared.draining.pods import Pods, called, few
from intents.domain import Json, ObjectRef, Text

# The node selector terms of each volume of a pod, by the pod's uid.
_Bound = Mapping[str, Sequence[Sequence[Json]]]


async def without_room(snapshot: Snapshot, target: ObjectRef, pods: Pods) -> tuple[Text, ...]:
    """A warning for the pods that no other node would take as things are, or that it cannot be told."""
    unknown = Text(
        en="Whether the other nodes have room for these pods cannot be told", zh="无法确认其他节点是否容得下这些 Pod"
    )
    try:
        nodes = [each for each in (await snapshot.list("Node", fresh=False)).items if name_of(each) != target.name]
        bound = await _bound(snapshot, pods.going)
    except ClusterError:
        return (unknown,)
    if pods.everywhere is None:
        return (unknown,) if pods.going else ()
    homeless = tuple(_homeless(pods, nodes, bound))
    told = Text(
        en=f"No other node takes these now, they wait until one does: {few(homeless)}",
        zh=f"目前没有其他节点能接收以下 Pod，它们会一直等待：{few(homeless, zh=True)}",
    )
    return (told,) if homeless else ()


def _homeless(pods: Pods, nodes: Sequence[Json], bound: _Bound) -> Iterator[str]:
    """The pods that find no place, the largest placed first, and what keeps them off the other nodes."""
    moving = {workloads.uid_of(pod) for pod in (*pods.going, *pods.leaving)}
    around = surroundings((pod for pod in pods.everywhere or () if workloads.uid_of(pod) not in moving), nodes)
    free = {name_of(node): amounts((node.get("status") or {}).get("allocatable")) for node in nodes}
    silent = frozenset(name for name, has in free.items() if not has)  # what says nothing is taken to have room
    for pod in around.pods:
        if (on := str((pod.get("spec") or {}).get("nodeName"))) in free:
            free[on] = minus(free[on], pod_requests(pod))
    for pod, wanted in sorted(((pod, pod_requests(pod)) for pod in pods.going), key=_size):
        closed, why = closed_nodes(pod, around), {}
        for node in nodes:
            name = name_of(node)
            lacks = () if name in silent else lacking(free[name], wanted)
            there = all(matches_node(terms, node) for terms in bound.get(workloads.uid_of(pod), ()))
            by = closed[name].rule.name if name in closed else ""
            why[name] = refusal(pod, node) or ("" if there else "its volume is elsewhere") or by
            why[name] = why[name] or (f"too little {', '.join(lacks)}" if lacks else "")
        if place := next((name for name in why if not why[name]), ""):
            free[place] = minus(free[place], wanted)
        else:
            yield f"{called(pod)} ({', '.join(dict.fromkeys(why.values())) or 'there is no other node'})"


def _size(one: tuple[Json, Amounts]) -> tuple[int, int]:
    return -one[1].get(CPU, 0), -one[1].get(MEMORY, 0)


async def _bound(snapshot: Snapshot, going: Iterable[Json]) -> _Bound:
    """Where the volumes of pods can be reached from: a local one keeps its pod where it is."""
    claims = [
        (workloads.uid_of(pod), (namespace_of(pod), str(each["persistentVolumeClaim"].get("claimName", ""))))
        for pod in going
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
