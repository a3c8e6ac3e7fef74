"""The waiting pods that a placement is asked for, the nodes held against them, and what their rows have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import name_of, ref
from bot.kube.owners import owner_of
from bot.kube.placement import is_cordoned
from bot.probes.contract import RowValues, at_most
from bot.probes.shared.scope import PodValues, pod_values
from intents.domain import Json, Row

# Pods of one owner are one question; more questions than this make no readable answer.
MOST_PODS: Final = 3
# Rows per pod. The counts in each row are over all nodes.
MOST_NODES: Final = 40


def one_of_each_owner(pods: Sequence[Json]) -> Sequence[Json]:
    """Return one pod of each owner, the first; a gap tells of those beyond the most."""
    first = list({owner_of(pod): pod for pod in reversed(pods)}.values())[::-1]
    return at_most(MOST_PODS, first, what="every waiting pod", says="waiting pods were looked at")


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
