"""Hold every node against each filter of the scheduler: what refuses a waiting pod there, and which are to blame.

The scheduler's message names only the first filter against each node. Here each node has all of them, so that a filter
is blamed only where nothing else would keep the pod off the node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.kube.agents import closest_label, is_fixed_label
from bot.kube.objects import full_name, labels_of, name_of, namespace_of, waits_for_scheduler
from bot.kube.owners import last_written
from bot.kube.placement import Taint, asked_labels, host_ports, is_cordoned, taken, unmet_labels, untolerated
from bot.kube.quantities import PODS, NodeUse, lacking, pod_requests, uses_of
from bot.kube.spreading import closed_nodes, surroundings
from bot.kube.volumes import claim_names, place_of_volume, reaches
from bot.probes.contract import Look, RowValues, probe
from bot.probes.placement.waiting import MOST_NODES, Held, one_of_each_owner
from bot.probes.shared.scope import claim_and_volume, pods_of
from intents.domain import Json, ProbeResult, Row

SELECTOR: Final = "selector"
TAINT: Final = "taint"
_RESERVED: Final = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})
_KINDS: Final = {
    "node.kubernetes.io/unschedulable": "cordon",
    "node.kubernetes.io/not-ready": "not ready",
    "node.kubernetes.io/unreachable": "not ready",
    "node.kubernetes.io/network-unavailable": "not ready",
    "node.kubernetes.io/disk-pressure": "pressure",
    "node.kubernetes.io/memory-pressure": "pressure",
    "node.kubernetes.io/pid-pressure": "pressure",
    **dict.fromkeys(_RESERVED, "control plane"),
}
# So many nodes that reach a volume are named.
_MOST_NAMED: Final = 3
# Claims of one pod that are looked at.
_MOST_CLAIMS: Final = 8

Reasons = Mapping[str, str]


class _Asked(RowValues):
    """What a pod asks of nodes, and the filters that keep it off all of them."""

    causes: tuple[str, ...]  # the filters to blame: selector, taint, ports, pods, resources, volume, spread
    asked: str  # what the pod asks of a node's labels
    closest: str  # the label of the nodes that is most like one that none has: key=value


class _Taints(RowValues):
    """The taints of a node that the pod does not tolerate."""

    taints: str
    taint_kind: str  # cordon, pressure, not ready, control plane, dedicated
    set_by: str  # the field manager that cordoned or tainted the node
    set_s: int


class FiltersShown(RowValues):
    """The filters that refuse a pod on a node."""

    asked: _Asked
    refused_by: tuple[str, ...]
    label_key: str  # the one label that keeps the pod off the node, where it may be added
    label_value: str
    taints: _Taints
    port: str  # the first host port that is taken
    port_pod: str  # namespace/name of the pod that has it
    pods_there: int
    pods_most: int
    volume: str  # the PersistentVolume out of reach
    volume_place: str  # the labels of the nodes that reach it
    volume_nodes: tuple[str, ...]  # those nodes, each with why it refuses the pod


@probe(says="each filter of the scheduler that refuses it there, and which filters are to blame", row=FiltersShown)
async def read(look: Look) -> ProbeResult:
    """Read the waiting pods, all nodes, all pods, and the volumes of the waiting ones."""
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if waits_for_scheduler(pod)]
    if not waiting:
        return ProbeResult(missing=suspects.missing, looked_at=len(suspects.pods))
    chosen = one_of_each_owner(waiting)
    nodes, pods = await asyncio.gather(look.whole("Node"), look.whole("Pod"))
    if nodes is None or pods is None:
        return ProbeResult(missing=suspects.missing)
    uses, around = uses_of(nodes, pods), surroundings(pods, nodes)
    rows: list[Row] = []
    bound = await asyncio.gather(*(_volumes(look, pod) for pod in chosen))
    for pod, volumes in zip(chosen, bound, strict=True):
        closed = {name: f"{by.rule.name} by {by.rule.topology_key}" for name, by in closed_nodes(pod, around).items()}
        reasons = {use.name: _reasons(pod, use, volumes, closed) for use in uses}
        rows += _rows(look, pod, uses, reasons, volumes)
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


async def _volumes(look: Look, pod: Json) -> list[Json]:
    """Return the volumes that the pod's claims are bound to."""
    claims = claim_names(pod)[:_MOST_CLAIMS]
    found = await asyncio.gather(*(claim_and_volume(look, namespace_of(pod), claim) for claim in claims))
    return [volume for _, volume in found if volume]


def _reasons(pod: Json, node: NodeUse, volumes: Sequence[Json], closed: Mapping[str, str]) -> Reasons:
    """Return each filter that refuses the pod on the node, in the scheduler's order, with its words."""
    found: dict[str, str] = {}
    if taints := untolerated(pod, node.obj):
        found[TAINT] = "cordoned" if _kind(taints) == "cordon" else f"taint {', '.join(map(str, taints))}"
    if unmet := unmet_labels(pod, node.obj):
        found[SELECTOR] = f"asked for {', '.join(_missing(each.key, str(each), node.obj) for each in unmet)}"
    if clash := taken(host_ports(pod), node.pods):
        found["ports"] = f"port {clash[0]} is taken by {full_name(clash[1])}"
    lacks = lacking(node.free, pod_requests(pod))
    if PODS in lacks:
        found["pods"] = f"{len(node.pods)} of {node.allocatable.get(PODS, 0)} pods"
    if others := [each for each in lacks if each != PODS]:
        found["resources"] = f"Insufficient {', '.join(others)}"
    if away := [each for each in volumes if not reaches(each, node.obj)]:
        found["volume"] = f"{name_of(away[0])} is only in reach with {place_of_volume(away[0])}"
    if by := closed.get(node.name):
        found["spread"] = by
    return found


def _missing(key: str, requirement: str, node: Json) -> str:
    has = labels_of(node).get(key)
    return f"{requirement} (it has {key}={has})" if has is not None else requirement


def _kind(taints: Sequence[Taint]) -> str:
    """Return the kind of the taints that tells most: a taint that a person set counts before those of controllers."""
    kinds = [_KINDS.get(each.key, "dedicated") for each in taints]
    return next((each for each in ("dedicated", "control plane", "cordon", "pressure") if each in kinds), "not ready")


def blamed(reasons: Mapping[str, Reasons], reserved: frozenset[str]) -> tuple[str, ...]:
    """Return the filters to blame; none while a node is open.

    Where no node has the labels, only the selector counts. Otherwise nodes without them are out of the question, and
    so are `reserved` ones (of the control plane), while others have the labels. Of the rest, a filter is to blame that
    refuses all of them, or, but for taints, that alone refuses one.
    """
    if not reasons or not all(reasons.values()):
        return ()
    matching = [name for name, refused in reasons.items() if SELECTOR not in refused]
    if not matching:
        return (SELECTOR,)
    pool = [reasons[name] for name in matching if name not in reserved] or [reasons[name] for name in matching]
    kinds = dict.fromkeys(kind for refused in pool for kind in refused)
    return tuple(
        kind
        for kind in kinds
        if all(kind in refused for refused in pool)
        or (kind != TAINT and any(refused.keys() == {kind} for refused in pool))
    )


def _rows(
    look: Look, pod: Json, nodes: Sequence[NodeUse], reasons: Mapping[str, Reasons], volumes: Sequence[Json]
) -> list[Row]:
    reserved = frozenset(node.name for node in nodes if _RESERVED & {t.key for t in untolerated(pod, node.obj)})
    labels = asked_labels(pod)
    asked = _Asked(
        causes=blamed(reasons, reserved),
        asked=", ".join(map(str, labels)),
        closest=closest_label(labels, [labels_of(node.obj) for node in nodes]),
    )
    held = Held(
        pod=pod,
        nodes=[node.obj for node in nodes],
        why_not={name: "; ".join(refused.values()) for name, refused in reasons.items()},
    )

    def nearness(node: NodeUse) -> tuple[bool, int, bool, str]:
        labels = {f"{key}={value}" for key, value in labels_of(node.obj).items()}
        return node.name in reserved, len(reasons[node.name]), asked.closest not in labels, node.name

    there = {name_of(each): _reaching(pod, each, nodes, held) for each in volumes}
    return [
        held.row(node.obj, _shown(look, pod, node, asked, reasons[node.name], volumes=volumes, there=there))
        for node in sorted(nodes, key=nearness)[:MOST_NODES]
    ]


def _reaching(pod: Json, volume: Json, nodes: Sequence[NodeUse], held: Held) -> tuple[str, ...]:
    """Return the nodes that reach a volume, each with why it refuses the pod and who cordoned or tainted it."""
    found = sorted((each for each in nodes if reaches(volume, each.obj)), key=lambda each: each.name)
    named = []
    for node in found[:_MOST_NAMED]:
        by = last_written(node.obj, _field_of(node.obj)).manager if untolerated(pod, node.obj) else ""
        named.append(f"{node.name} ({held.why_not[node.name]}{f' by {by}' if by else ''})")
    left = len(found) - len(named)
    return (*named, f"{left} more") if left else tuple(named)


def _field_of(node: Json) -> tuple[str, ...]:
    """Return the field that keeps pods off a node."""
    return "spec", "unschedulable" if is_cordoned(node) else "taints"


def _shown(
    look: Look,
    pod: Json,
    node: NodeUse,
    asked: _Asked,
    refused: Reasons,
    *,
    volumes: Sequence[Json],
    there: Mapping[str, tuple[str, ...]],
) -> FiltersShown:
    clash = taken(host_ports(pod), node.pods)
    away = [each for each in volumes if not reaches(each, node.obj)]
    unmet = unmet_labels(pod, node.obj)
    lone = unmet[0] if len(unmet) == 1 and refused.keys() == {SELECTOR} else None
    addable = lone and lone.operator == "In" and len(lone.values) == 1 and not is_fixed_label(lone.key)
    return FiltersShown(
        asked=asked,
        refused_by=tuple(refused),
        label_key=lone.key if lone and addable else "",
        label_value=lone.values[0] if lone and addable else "",
        taints=_taints(look, pod, node.obj),
        port=str(clash[0]) if clash else "",
        port_pod=full_name(clash[1]) if clash else "",
        pods_there=len(node.pods),
        pods_most=node.allocatable.get(PODS, 0),
        volume=name_of(away[0]) if away else "",
        volume_place=place_of_volume(away[0]) if away else "",
        volume_nodes=there[name_of(away[0])] if away else (),
    )


def _taints(look: Look, pod: Json, node: Json) -> _Taints:
    taints = untolerated(pod, node)
    written = last_written(node, _field_of(node))
    return _Taints(
        taints=", ".join(map(str, taints)),
        taint_kind=_kind(taints) if taints else "",
        set_by=written.manager if taints else "",
        set_s=look.age_s(written.time or None),
    )
