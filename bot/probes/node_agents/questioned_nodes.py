"""The nodes on which the trouble in question can lie: an agent that is broken on another node proves nothing here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.kube.addresses import ip_in
from bot.kube.objects import node_name_of
from bot.probes.contract import Look
from bot.probes.shared.reads import beside_the_verdict
from bot.probes.shared.scope import pods_of
from intents.domain import Json

# Kinds that run no pods themselves: the clients of a Service may be on any node.
_ANYWHERE: Final = frozenset({"Service", "Ingress", "TidbCluster", "Namespace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedNodes:
    """The nodes in question; `names` is None where every node is. See ProbeResult for `missing`."""

    names: frozenset[str] | None = None
    missing: str = ""

    def holds(self, node: str) -> bool:
        """Tell whether a node is in question."""
        return self.names is None or node in self.names


async def questioned_nodes(look: Look) -> QuestionedNodes:
    """Return the node named; else those of the pods in question and of the pod at an address that the text names."""
    focus = look.focus
    if focus.kind == "Node" and focus.name:
        return QuestionedNodes(names=frozenset({focus.name}))
    if focus.kind in _ANYWHERE or not (focus.name or focus.namespace):
        return QuestionedNodes(names=frozenset({focus.node}) if focus.node else None)
    suspects = await pods_of(look)
    names = _nodes_of(suspects.pods) | ({focus.node} if focus.node else set())
    peers = await _at_named_address(look) if focus.name else ()
    return QuestionedNodes(names=frozenset(names | _nodes_of(peers)), missing=suspects.missing)


async def _at_named_address(look: Look) -> tuple[Json, ...]:
    """Return the pods at the address that could not be reached; none where they may not be listed."""
    ip = next((found for word in ("address", "host") if (found := ip_in(look.named.get(word, "")))), "")
    if not ip:
        return ()
    with beside_the_verdict():
        return await look.list("Pod", fields=f"status.podIP={ip}")


def _nodes_of(pods: Iterable[Json]) -> set[str]:
    return set(filter(None, map(node_name_of, pods)))
