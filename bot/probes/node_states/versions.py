"""Read the kubelets' versions beside the API server's."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kube.agents import traits
from bot.kube.node_readiness import allowed_behind, minors_behind
from bot.kube.objects import name_of, ref
from bot.kube.placement import is_cordoned
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look
from bot.probes.node_states.questioned import NodeState, nodes_of
from bot.probes.rows import RowValues
from intents.domain import Json, ProbeResult, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(RowValues):
    """The version of a node's kubelet beside the API server's."""

    kubelet: str
    server: str  # the API server's version
    behind: int  # how many minor versions the kubelet is older
    allowed: int  # how many it may be older
    too_old: bool
    too_new: bool


async def read(look: Look) -> ProbeResult:
    """Read the nodes and the version of the API server."""
    look.snapshot.ahead(look.snapshot.server_version())
    found = await nodes_of(look)
    server = await look.snapshot.server_version()
    rows = (_row(node, server) for node in found.nodes)
    return ProbeResult(rows=tuple(filter(None, rows)), missing=found.missing)


def _row(node: Json, server: str) -> Row | None:
    """Return the row of a node, None where a version cannot be compared."""
    name, kubelet = name_of(node), traits(node)["kubelet"]
    behind, allowed = minors_behind(kubelet, server), allowed_behind(kubelet)
    if behind is None:
        return None
    version = Version(
        kubelet=kubelet, server=server, behind=behind, allowed=allowed, too_old=behind > allowed, too_new=behind < 0
    )
    return NodeState(node=name, since_s=UNKNOWN, message="", unschedulable=is_cordoned(node), pods=()).row(
        ref(node, "Node"),
        quote=f"kubeletVersion: {kubelet}, API server {server}",
        reproduce="kubectl get nodes; kubectl version",
        lasts=True,
        more=version.values(),
    )
