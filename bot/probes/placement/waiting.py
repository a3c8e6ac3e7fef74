"""The waiting pods that a placement is asked for, and what their rows have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.kube.objects import name_of, namespace_of, spec_of, waits_for_node
from bot.kube.owners import owner_of
from bot.kube.placement import is_cordoned
from bot.probes.contract import Look
from intents.domain import Gap, GapReason, Json, Value

# Pods of one owner are one question; more questions than this make no readable answer.
MOST_PODS: Final = 3
# Rows per pod. The counts in each row are over all nodes.
MOST_NODES: Final = 40


def waits(pod: Json) -> bool:
    """Tell whether the scheduler looks for a node for the pod: it has none, and no gate holds it back."""
    return waits_for_node(pod) and not spec_of(pod).get("schedulingGates")


def cut_off(questions: Sequence[object], what: str) -> tuple[Gap, ...]:
    """Return the gap for pods beyond those that are answered for."""
    if len(questions) <= MOST_PODS:
        return ()
    return (Gap(what=what, reason=GapReason.TRUNCATED, detail="too many kinds of them"),)


def about_pod(pod: Json) -> dict[str, Value]:
    """Return the keys of a row that name the pod."""
    owner = owner_of(pod)
    return {"namespace": namespace_of(pod), "pod": name_of(pod), "owner_kind": owner.kind, "owner": owner.name}


def about_node(node: Mapping[str, object], why_not: str) -> dict[str, Value]:
    """Return the keys of a row that name the node."""
    return {"node": name_of(node), "admits": not why_not, "why_not": why_not, "cordoned": is_cordoned(node)}


async def whole_list(look: Look, kind: str, what: str) -> ObjectList | Gap:
    """Return a whole list: from a part of the pods, a node would seem to have room that it has not."""
    try:
        listing = await look.snapshot.list(kind)
    except ClusterError as error:
        return error.gap(what)
    return listing.gap(what) or listing
