"""The nodes in question, and the pods on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import has_ended, name_of, node_name_of, place_of
from bot.probes.contract import Look, RowValues
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef

# So many nodes in trouble are read in full: their pods and their leases.
MOST_READ: Final = 10
# So many pods are named in a row.
MOST_PODS: Final = 100


class NodeState(RowValues):
    """A node in question: what every row has."""

    of_subject = ("node",)

    since_s: int  # since when the condition has its status, or the cordon is there
    message: str
    unschedulable: bool
    pods: tuple[str, ...]  # namespace/name of the pods that suffer from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioned:
    """The nodes in question by name, and all nodes of the cluster."""

    nodes: Sequence[Json]
    all: Sequence[Json]
    missing: str


async def nodes_of(look: Look, *, of_pods: bool = True) -> Questioned:
    """Read the node that is named, `of_pods` the nodes of the pods in question, or all nodes. Raise ClusterError."""
    listing = await look.snapshot.list("Node")
    everything = sorted(listing.items, key=name_of)
    wanted, missing = await _wanted(look, of_pods)
    nodes = [node for node in everything if wanted is None or name_of(node) in wanted]
    if wanted and len(wanted) == 1 and not nodes and not listing.truncated:
        missing = str(ObjectRef(kind="Node", name=next(iter(wanted))))
    return Questioned(nodes=nodes, all=everything, missing=missing)


async def _wanted(look: Look, of_pods: bool) -> tuple[frozenset[str] | None, str]:
    """Return the names of the nodes in question, None for all, and the object that does not exist."""
    focus = look.focus
    if focus.named_node:
        return frozenset({focus.named_node}), ""
    if not focus.name or not of_pods:
        return None, ""
    suspects = await pods_of(look)
    return frozenset(filter(None, map(node_name_of, suspects.pods))), suspects.missing


async def pods_on(look: Look, node: str) -> Sequence[Json]:
    """Return the pods of a node that have not ended, by namespace and name. Raise ClusterError."""
    listing = await look.snapshot.list("Pod", fields=f"spec.nodeName={node}")
    return sorted((pod for pod in listing.items if not has_ended(pod)), key=place_of)
