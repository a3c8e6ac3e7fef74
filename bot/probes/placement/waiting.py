"""The waiting pods that a placement is asked for, the nodes held against them, and what their rows have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import by_node, has_ended, name_of, ref, status_of
from bot.kube.placement import is_cordoned
from bot.kube.quantities import Amounts, amounts, minus, plus, pod_requests
from bot.probes.contract import RowValues
from bot.probes.shared.scope import PodValues, pod_values
from intents.domain import Json, Row

# Pods of one owner are one question; more questions than this make no readable answer.
MOST_PODS: Final = 3
# Rows per pod. The counts in each row are over all nodes.
MOST_NODES: Final = 40


class PlacementRow(RowValues):
    """A node held against a waiting pod."""

    waiting: PodValues
    nodes_total: int
    admitting_nodes: int
    node: str
    # Other pods on the node count for `room`; `spread` shows them as closed_by and taken_by instead.
    admits: bool
    why_not: str  # cordoned, taint …, node selector or affinity, not ready, pod anti-affinity with …
    cordoned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All nodes, held against one waiting pod: why each does not admit it, "" where it does."""

    pod: Json
    nodes: Sequence[Mapping[str, Any]]
    why_not: Mapping[str, str]

    @property
    def admitting(self) -> list[Mapping[str, Any]]:
        """Return the nodes that admit the pod."""
        return [node for node in self.nodes if not self.why_not[name_of(node)]]

    def row(self, node: Mapping[str, Any], shown: RowValues, *, quote: str = "", reproduce: str = "") -> Row:
        """Return the row of a node, with the values that the argument `checks` adds."""
        name = name_of(node)
        return PlacementRow(
            waiting=pod_values(self.pod),
            nodes_total=len(self.nodes),
            admitting_nodes=len(self.admitting),
            node=name,
            admits=not self.why_not[name],
            why_not=self.why_not[name],
            cordoned=is_cordoned(node),
        ).row(
            ref(self.pod, "Pod"),
            quote=quote,
            reproduce=reproduce or f"kubectl describe node {name}",
            more=shown.values(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeUse:
    """A node with the pods on it, what each requests, and what that leaves free."""

    obj: Json
    allocatable: Amounts
    free: Amounts
    requests: Sequence[tuple[Json, Amounts]]

    @property
    def name(self) -> str:
        """Return the name of the node."""
        return name_of(self.obj)

    @property
    def pods(self) -> list[Json]:
        """Return the pods on the node."""
        return [pod for pod, _ in self.requests]


def uses_of(nodes: Iterable[Json], pods: Iterable[Json]) -> list[NodeUse]:
    """Return all nodes, by name, with those of the pods that are on each and have not ended."""
    running = by_node(pod for pod in pods if not has_ended(pod))
    found = []
    for node in sorted(nodes, key=name_of):
        requests = [(pod, pod_requests(pod)) for pod in running[name_of(node)]]
        allocatable = amounts(status_of(node).get("allocatable"))
        used: Amounts = {}
        for _, taken in requests:
            used = plus(used, taken)
        found.append(NodeUse(obj=node, allocatable=allocatable, free=minus(allocatable, used), requests=requests))
    return found
