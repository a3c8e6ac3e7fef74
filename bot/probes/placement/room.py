"""Find the nodes with room for a waiting pod: compare its requests with the free amounts of each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from bot.kube.objects import full_name, name_of, namespace_of, status_of, waits_for_scheduler
from bot.kube.owners import owner_of
from bot.kube.placement import refusal
from bot.kube.quantities import CPU, MEMORY, PODS, Amounts, NodeUse, amounts, lacking, pod_requests, uses_of
from bot.kube.spreading import Surroundings, closed_nodes, surroundings
from bot.probes.contract import Look, RowValues, at_most, beside_the_verdict, probe
from bot.probes.placement.waiting import MOST_NODES, MOST_PODS, Held
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row
from intents.templates import bytes_, cpu

# Owners that can be scaled down.
_SCALABLE: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})
_NOBODY: Final = ObjectRef(kind="", name="")
_BYTES: Final = (MEMORY, "ephemeral-storage", "hugepages-")


class _Wanted(RowValues):
    """What a pod requests, and how many of the admitting nodes have that much."""

    asks: str  # the pod's effective requests in words: cpu 500m, memory 1Gi
    short: tuple[str, ...]  # of what it requests, with the amount: what most of the admitting nodes lack comes first
    fitting_nodes: int
    large_enough_nodes: int  # would have room without their other pods


class _Consumers(RowValues):
    """The pods that take what lacks on a node."""

    largest_consumer: str  # namespace/name of the pod with the most of it
    consumer_kind: str  # of the largest one whose owner can be scaled
    consumer_namespace: str
    consumer: str


class RoomShown(RowValues):
    """The room of a node for a waiting pod."""

    wanted: _Wanted
    fits: bool  # it has room, whether or not it admits the pod
    large_enough: bool  # it would have room without its other pods
    lacks: tuple[str, ...]  # on this node, in the order of `short`
    shortfall: str  # wanted > free / allocatable, as cpu 4 > 1.5 / 8
    free_cpu_m: int
    free_mem: int
    alloc_cpu_m: int
    alloc_mem: int
    consumers: _Consumers


@probe(says="the pod's requests against what is free, the largest pods first", row=RoomShown)
async def read(look: Look) -> ProbeResult:
    """Read the waiting pods, all nodes and all pods on them. A pod that has a node is no longer asked about here."""
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if waits_for_scheduler(pod)]
    if not waiting:
        return ProbeResult(missing=suspects.missing)
    questions = _questions(waiting)
    look.snapshot.ahead(look.snapshot.list("Pod"))
    chosen = at_most(MOST_PODS, questions, what="room for every waiting pod", says="kinds of them were looked at")
    nodes = await look.whole("Node")
    pods = await _pods(look, questions, nodes or ())
    if nodes is None or pods is None:
        return ProbeResult(missing=suspects.missing)
    uses, around = uses_of(nodes, pods), surroundings(pods, nodes)
    rows = [row for pod, wanted in chosen for row in _rows(pod, wanted, uses, around)]
    return ProbeResult(rows=tuple(rows), missing=suspects.missing)


async def _pods(
    look: Look, questions: Sequence[tuple[Json, Amounts]], nodes: Sequence[Json]
) -> tuple[Json, ...] | None:
    """Return all pods, since from a part of them a node would seem to have room that it has not; else None.

    Where no pod on a node makes room there, they may be missing.
    """
    if not _too_large(questions, nodes):
        return await look.whole("Pod")
    with beside_the_verdict():
        return await look.whole("Pod") or ()


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


def _why_not(pod: Json, uses: Sequence[NodeUse], around: Surroundings) -> dict[str, str]:
    """Return by name why nodes do not admit the pod: by what they are themselves, or by the pods on them."""
    closed = closed_nodes(pod, around)
    found = {}
    for use in uses:
        by = closed.get(use.name)
        found[use.name] = refusal(pod, use.obj) or (f"{by.rule.name} with {by.pods[0]}" if by and by.pods else "")
    return found


def _rows(pod: Json, wanted: Amounts, uses: Sequence[NodeUse], around: Surroundings) -> list[Row]:
    held = Held(pod=pod, nodes=[use.obj for use in uses], why_not=_why_not(pod, uses, around))
    admitting = [use for use in uses if not held.why_not[use.name]]
    order = _short_of(admitting or uses, wanted)
    asked = _Wanted(
        asks=_request_in_words(wanted),
        short=tuple(f"{name} {_amount(name, wanted[name])}" for name in order if name != PODS),
        fitting_nodes=sum(not lacking(use.free, wanted) for use in admitting),
        large_enough_nodes=sum(not lacking(use.allocatable, wanted) for use in admitting),
    )

    def nearness(use: NodeUse) -> tuple[bool, int, float, str]:
        lacks = lacking(use.free, wanted)
        part = min((use.free.get(name, 0) / wanted[name] for name in lacks), default=1.0)
        return bool(held.why_not[use.name]), len(lacks), -part, use.name

    return [held.row(use.obj, _shown(use, wanted, asked, order)) for use in sorted(uses, key=nearness)[:MOST_NODES]]


def _short_of(uses: Sequence[NodeUse], wanted: Amounts) -> list[str]:
    """Return the resources that nodes lack, those that no node has enough of first."""
    lacked = Counter(name for use in uses for name in lacking(use.free, wanted))
    return sorted(wanted, key=lambda name: (-lacked[name], name))[: len(lacked)]


def _shown(use: NodeUse, wanted: Amounts, asked: _Wanted, order: Sequence[str]) -> RoomShown:
    lacks = tuple(sorted(lacking(use.free, wanted), key=lambda each: [*order, each].index(each)))
    return RoomShown(
        wanted=asked,
        fits=not lacks,
        large_enough=not lacking(use.allocatable, wanted),
        lacks=lacks,
        shortfall=", ".join(_shortfall(use, wanted, resource) for resource in lacks),
        free_cpu_m=use.free.get(CPU, 0),
        free_mem=use.free.get(MEMORY, 0),
        alloc_cpu_m=use.allocatable.get(CPU, 0),
        alloc_mem=use.allocatable.get(MEMORY, 0),
        consumers=_consumers(use, lacks),
    )


def _consumers(use: NodeUse, lacks: Sequence[str]) -> _Consumers:
    by_size = _by_size(use, lacks)
    scalable = next((owner for each in by_size if (owner := owner_of(each)).kind in _SCALABLE), _NOBODY)
    return _Consumers(
        largest_consumer=full_name(by_size[0]) if by_size else "",
        consumer_kind=scalable.kind,
        consumer_namespace=scalable.namespace,
        consumer=scalable.name,
    )


def _shortfall(use: NodeUse, wanted: Amounts, resource: str) -> str:
    wants, free, of = (_amount(resource, each.get(resource, 0)) for each in (wanted, use.free, use.allocatable))
    return f"{resource} {wants} > {free} / {of}"


def _by_size(use: NodeUse, lacks: Sequence[str]) -> list[Json]:
    """Return the pods that use what lacks, the largest share of the node first."""

    def share(item: tuple[Json, Amounts]) -> float:
        return max((item[1].get(name, 0) / max(use.allocatable.get(name, 0), 1) for name in lacks), default=0.0)

    taking = [item for item in use.requests if share(item) > 0]
    taking.sort(key=lambda item: (-share(item), namespace_of(item[0]), name_of(item[0])))
    return [pod for pod, _ in taking]


def _request_in_words(requests: Amounts) -> str:
    shown = [CPU, MEMORY, *sorted(requests.keys() - {CPU, MEMORY, PODS})]
    return ", ".join(f"{name} {_amount(name, requests[name])}" for name in shown if requests.get(name)) or "nothing"


def _amount(resource: str, amount: int) -> str:
    if resource == CPU:
        return cpu(amount)
    return bytes_(amount) if resource.startswith(_BYTES) else str(amount)
