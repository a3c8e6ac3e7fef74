"""Read which nodes are cordoned, since when and by whom, and the waiting pods that only the cordon keeps off them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.kube.objects import full_name, name_of, place_of, ref, waits_for_scheduler
from bot.kube.owners import is_by_hand, last_written
from bot.kube.placement import constraints_beyond, is_cordoned, unmet_labels, untolerated
from bot.kube.quantities import lacking, pod_requests, use_of
from bot.probes.contract import Look, RowValues, probe
from bot.probes.node_states.questioned import MOST_PODS, MOST_READ, NodeState, nodes_of, pods_on
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ProbeResult, Row

CORDON: Final = "node.kubernetes.io/unschedulable"


class Cordon(RowValues):
    """Who cordoned a node, and what waits for it."""

    set_by: str  # the field manager that cordoned the node; "" where none is known
    by_hand: bool  # that manager stands for a person or a drain
    waiting: int  # the pods in question that wait and that only the cordon keeps off the node


@probe(says="who cordoned the node, and the waiting pods that only this keeps off it", row=Cordon)
async def read(look: Look) -> ProbeResult:
    """Read the nodes; waiting pods only where one is cordoned, and its own pods only where pods wait."""
    # A pod that waits has no node: every cordoned node may be the one that it lacks.
    of_node = look.focus.kind == "Node" or not look.focus.name
    found = await nodes_of(look)
    nodes = found.nodes if of_node else found.all
    cordoned = [node for node in nodes if is_cordoned(node)]
    waiting = await _waiting(look, of_node=of_node) if cordoned else ()
    there = await _there(look, cordoned) if waiting else {}
    rows = [_row(look, node, waiting, there.get(name_of(node))) for node in (nodes if of_node else cordoned)]
    return ProbeResult(rows=tuple(rows), missing=found.missing)


async def _waiting(look: Look, *, of_node: bool) -> Sequence[Json]:
    """Return the pods in question that wait for a node; of a node, those of all namespaces."""
    pods = await look.list("Pod", fields="status.phase=Pending") if of_node else (await pods_of(look)).pods
    return list(filter(waits_for_scheduler, pods))


async def _there(look: Look, cordoned: Sequence[Json]) -> Mapping[str, Sequence[Json]]:
    """Return the pods on cordoned nodes by the node's name: their requests take room."""
    names = [name_of(node) for node in cordoned[:MOST_READ]]
    found = await look.unless_refused(asyncio.gather(*(pods_on(look, name) for name in names)), None)
    return dict(zip(names, found, strict=True)) if found else {}


def _row(look: Look, node: Json, waiting: Sequence[Json], there: Sequence[Json] | None) -> Row:
    """Return the row of a node; where its pods were not read, no pod is said to wait for the cordon alone."""
    name, cordoned = name_of(node), is_cordoned(node)
    written = last_written(node, ("spec", "unschedulable"))
    since_s = look.age_s(written.time or None)
    known = there if cordoned else None
    kept_off = [pod for pod in sorted(waiting, key=place_of) if known is not None and _only_cordon(pod, node, known)]
    cordon = Cordon(
        set_by=written.manager if cordoned else "",
        by_hand=cordoned and is_by_hand(written.manager),
        waiting=len(kept_off),
    )
    return NodeState(
        since_s=since_s,
        message="",
        unschedulable=cordoned,
        pods=tuple(full_name(pod) for pod in kept_off[:MOST_PODS]),
    ).row(
        ref(node, "Node"),
        quote=f"spec.unschedulable: {str(cordoned).lower()}",
        reproduce=f"kubectl get node {name} -o yaml --show-managed-fields",
        at=look.moment(since_s) if cordoned else None,
        lasts=cordoned,
        more=cordon.values(),
    )


def _only_cordon(pod: Json, node: Json, there: Sequence[Json]) -> bool:
    """Tell whether a node would take a waiting pod if it were not cordoned: by taints, labels and room.

    A pod with further constraints, such as volumes or spread, may have another reason to wait: it does not count.
    """
    if (
        constraints_beyond(pod)
        or any(taint.key != CORDON for taint in untolerated(pod, node))
        or unmet_labels(pod, node)
    ):
        return False
    return not lacking(use_of(node, there).free, pod_requests(pod))
