"""Read the kubelets' versions beside the API server's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.agents import traits
from bot.kube.objects import name_of, ref
from bot.kube.placement import is_cordoned
from bot.kube.versions import allowed_behind, minors_behind
from bot.probes.contract import Look
from bot.probes.node_states.questioned import nodes_of
from bot.probes.shared.ages import UNKNOWN
from intents.domain import Json, ProbeResult, Row, RowType, Value

KEYS: Final[Mapping[str, RowType]] = {
    "kubelet": RowType.STRING,
    "server": RowType.STRING,  # the API server's version
    "behind": RowType.INTEGER,  # how many minor versions the kubelet is older
    "allowed": RowType.INTEGER,  # how many it may be older
    "too_old": RowType.BOOLEAN,
    "too_new": RowType.BOOLEAN,
}


async def read(look: Look) -> ProbeResult:
    """Read the nodes and the version of the API server."""
    look.snapshot.ahead(look.snapshot.server_version())
    found = await nodes_of(look)
    try:
        server = await look.snapshot.server_version()
    except ClusterError as error:
        return ProbeResult(gaps=(*dict.fromkeys(found.gaps), error.gap("the API server's version")))
    rows = (_row(node, server) for node in found.nodes)
    return ProbeResult(rows=tuple(filter(None, rows)), gaps=tuple(dict.fromkeys(found.gaps)), missing=found.missing)


def _row(node: Json, server: str) -> Row | None:
    """Return the row of a node, None where a version cannot be compared."""
    name, kubelet = name_of(node), traits(node)["kubelet"]
    behind, allowed = minors_behind(kubelet, server), allowed_behind(kubelet)
    if behind is None:
        return None
    values: dict[str, Value] = {
        "node": name,
        "since_s": UNKNOWN,
        "message": "",
        "unschedulable": is_cordoned(node),
        "pods": (),
        "kubelet": kubelet,
        "server": server,
        "behind": behind,
        "allowed": allowed,
        "too_old": behind > allowed,
        "too_new": behind < 0,
    }
    return Row(
        values=values,
        subject=ref(node, "Node"),
        quote=f"kubeletVersion: {kubelet}, API server {server}",
        reproduce="kubectl get nodes; kubectl version",
        lasts=True,
    )
