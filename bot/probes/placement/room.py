"""Find the nodes with room for a waiting pod: compare its requests with the free amounts of each node."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.cluster.object_lists import ObjectList
from bot.kube.objects import has_ended, name_of, namespace_of, node_name_of, ref, status_of
from bot.kube.owners import owner_of
from bot.kube.placement import refusal
from bot.kube.requests import CPU, MEMORY, PODS, Amounts, amounts, lacking, minus, plus, pod_requests
from bot.kube.spreading import Surroundings, closed_nodes, surroundings
from bot.probes.contract import Look
from bot.probes.placement.waiting import MOST_NODES, MOST_PODS, about_node, about_pod, cut_off, waits, whole_list
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value
from intents.templates import bytes_, cpu

# Constraints that concern more than the node; they are judged here too.

# Owners that can be scaled down.
_SCALABLE: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})
_BYTES: Final = (MEMORY, "ephemeral-storage", "hugepages-")

KEYS: Final[Mapping[str, RowType]] = {
    "asks": RowType.STRING,  # the pod's effective requests in words: cpu 500m, memory 1Gi
    "fitting_nodes": RowType.INTEGER,  # of the admitting ones
    "large_enough_nodes": RowType.INTEGER,  # of the admitting ones: would have room without their other pods
    "fits": RowType.BOOLEAN,  # it has room, whether or not it admits the pod
    "large_enough": RowType.BOOLEAN,  # it would have room without its other pods
    "short": RowType.STRINGS,  # of what it requests, with the amount: what most of the admitting nodes lack comes first
    "lacks": RowType.STRINGS,  # on this node, in the same order
    "shortfall": RowType.STRING,  # wanted > free / allocatable, as cpu 4 > 1.5 / 8
    "free_cpu_m": RowType.INTEGER,
    "free_mem": RowType.INTEGER,
    "alloc_cpu_m": RowType.INTEGER,
    "alloc_mem": RowType.INTEGER,
    "largest_consumer": RowType.STRING,  # namespace/name of the pod with the most of what lacks there
    "consumer_kind": RowType.STRING,  # of the largest one whose owner can be scaled
    "consumer_namespace": RowType.STRING,
    "consumer": RowType.STRING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A node with what its pods take of it."""

    obj: Json
    allocatable: Amounts
    free: Amounts
    pods: tuple[tuple[Json, Amounts], ...] = field(default=())


async def read(look: Look) -> ProbeResult:
    """Read the waiting pods, all nodes and all pods on them. A pod that has a node is no longer asked about here."""
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if waits(pod)]
    gaps = list(suspects.gaps)
    if not waiting:
        return ProbeResult(gaps=tuple(gaps), missing=suspects.missing)
    questions = _questions(waiting)
    gaps += cut_off(questions, "room for every waiting pod")
    nodes, pods = await asyncio.gather(
        whole_list(look, "Node", "the nodes"), whole_list(look, "Pod", "pods in all namespaces")
    )
    if isinstance(pods, Gap) and not isinstance(nodes, Gap) and _too_large(questions, nodes.items):
        pods = ObjectList(items=())  # no pod on a node makes room there
    gaps += [part for part in (nodes, pods) if isinstance(part, Gap)]
    if isinstance(nodes, Gap) or isinstance(pods, Gap):
        return ProbeResult(gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)
    rooms = _rooms(nodes.items, pods.items)
    around = surroundings(pods.items, nodes.items)
    rows = [row for pod, wanted in questions[:MOST_PODS] for row in _rows(pod, wanted, rooms, around)]
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _questions(pods: Iterable[Json]) -> list[tuple[Json, Amounts]]:
    """Return one pod for each owner and size, the largest first."""
    found: dict[object, tuple[Json, Amounts]] = {}
    for pod in pods:
        wanted = pod_requests(pod)
        owner = owner_of(pod)
        found.setdefault((owner.kind, owner.namespace, owner.name, tuple(sorted(wanted.items()))), (pod, wanted))

    def size(question: tuple[Json, Amounts]) -> tuple[int, int, str, str]:
        pod, wanted = question
        return -wanted.get(CPU, 0), -wanted.get(MEMORY, 0), namespace_of(pod), name_of(pod)

    return sorted(found.values(), key=size)


def _too_large(questions: Sequence[tuple[Json, Amounts]], nodes: Sequence[Json]) -> bool:
    """Tell whether no node that may admit these pods could hold one, even without any other pod."""
    offered = [(node, amounts(status_of(node).get("allocatable"))) for node in nodes]
    return all(
        lacking(allocatable, wanted)
        for pod, wanted in questions[:MOST_PODS]
        for node, allocatable in offered
        if not refusal(pod, node)
    )


def _rooms(nodes: Sequence[Json], pods: Iterable[Json]) -> list[_Node]:
    running: dict[str, list[tuple[Json, Amounts]]] = defaultdict(list)
    for pod in pods:
        if (on := node_name_of(pod)) and not has_ended(pod):
            running[on].append((pod, pod_requests(pod)))
    rooms = []
    for node in nodes:
        allocatable = amounts(status_of(node).get("allocatable"))
        used: Amounts = {}
        for _, taken in running[name_of(node)]:
            used = plus(used, taken)
        rooms.append(
            _Node(
                obj=node,
                allocatable=allocatable,
                free=minus(allocatable, used),
                pods=tuple(running[name_of(node)]),
            )
        )
    return rooms


def _why_not(pod: Json, rooms: Sequence[_Node], around: Surroundings) -> dict[str, str]:
    """Return by name why nodes do not admit the pod: by what they are themselves, or by the pods on them."""
    closed = closed_nodes(pod, around)
    found = {}
    for room in rooms:
        name = name_of(room.obj)
        by = closed.get(name)
        found[name] = refusal(pod, room.obj) or (f"{by.rule.name} with {by.pods[0]}" if by and by.pods else "")
    return found


def _rows(pod: Json, wanted: Amounts, rooms: Sequence[_Node], around: Surroundings) -> list[Row]:
    why_not = _why_not(pod, rooms, around)
    admitting = [room for room in rooms if not why_not[name_of(room.obj)]]
    order = _short_of(admitting or rooms, wanted)
    shared: dict[str, Value] = {
        **about_pod(pod),
        "asks": _request_in_words(wanted),
        "short": tuple(f"{name} {_amount(name, wanted[name])}" for name in order if name != PODS),
        "nodes_total": len(rooms),
        "admitting_nodes": len(admitting),
        "fitting_nodes": sum(not lacking(room.free, wanted) for room in admitting),
        "large_enough_nodes": sum(not lacking(room.allocatable, wanted) for room in admitting),
    }

    def nearness(room: _Node) -> tuple[bool, int, float, str]:
        lacks = lacking(room.free, wanted)
        part = min((room.free.get(name, 0) / wanted[name] for name in lacks), default=1.0)
        return bool(why_not[name_of(room.obj)]), len(lacks), -part, name_of(room.obj)

    nearest = sorted(rooms, key=nearness)[:MOST_NODES]
    return [_row(pod, room, wanted, shared, order=order, why_not=why_not[name_of(room.obj)]) for room in nearest]


def _short_of(rooms: Sequence[_Node], wanted: Amounts) -> list[str]:
    """Return the resources that nodes lack, those that no node has enough of first."""
    lacked = Counter(name for room in rooms for name in lacking(room.free, wanted))
    return sorted(wanted, key=lambda name: (-lacked[name], name))[: len(lacked)]


def _row(
    pod: Json, room: _Node, wanted: Amounts, shared: Mapping[str, Value], *, order: Sequence[str], why_not: str
) -> Row:
    name = name_of(room.obj)
    lacks = tuple(sorted(lacking(room.free, wanted), key=lambda each: [*order, each].index(each)))
    by_size = _by_size(room, lacks)
    scalable = next((owner for each in by_size if (owner := owner_of(each)).kind in _SCALABLE), None)
    values: dict[str, Value] = {
        **shared,
        **about_node(room.obj, why_not),
        "fits": not lacks,
        "large_enough": not lacking(room.allocatable, wanted),
        "lacks": lacks,
        "shortfall": ", ".join(_shortfall(room, wanted, resource) for resource in lacks),
        "free_cpu_m": room.free.get(CPU, 0),
        "free_mem": room.free.get(MEMORY, 0),
        "alloc_cpu_m": room.allocatable.get(CPU, 0),
        "alloc_mem": room.allocatable.get(MEMORY, 0),
        "largest_consumer": f"{namespace_of(by_size[0])}/{name_of(by_size[0])}" if by_size else "",
        "consumer_kind": scalable.kind if scalable else "",
        "consumer_namespace": scalable.namespace if scalable else "",
        "consumer": scalable.name if scalable else "",
    }
    return Row(values=values, subject=ref(pod, "Pod"), reproduce=f"kubectl describe node {name}")


def _shortfall(room: _Node, wanted: Amounts, resource: str) -> str:
    wants, free, of = (_amount(resource, each.get(resource, 0)) for each in (wanted, room.free, room.allocatable))
    return f"{resource} {wants} > {free} / {of}"


def _by_size(room: _Node, lacks: Sequence[str]) -> list[Json]:
    """Return the pods that use what lacks, the largest share of the node first."""

    def share(item: tuple[Json, Amounts]) -> float:
        return max((item[1].get(name, 0) / max(room.allocatable.get(name, 0), 1) for name in lacks), default=0.0)

    taking = [item for item in room.pods if share(item) > 0]
    taking.sort(key=lambda item: (-share(item), namespace_of(item[0]), name_of(item[0])))
    return [pod for pod, _ in taking]


def _request_in_words(requests: Amounts) -> str:
    shown = [CPU, MEMORY, *sorted(requests.keys() - {CPU, MEMORY, PODS})]
    return ", ".join(f"{name} {_amount(name, requests[name])}" for name in shown if requests.get(name)) or "nothing"


def _amount(resource: str, amount: int) -> str:
    if resource == CPU:
        return cpu(amount)
    return bytes_(amount) if resource.startswith(_BYTES) else str(amount)
