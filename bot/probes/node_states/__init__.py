"""The states of nodes: readiness, disk, memory and PID pressure, cordons, the pods that suffer; kubelet versions."""

from __future__ import annotations

from typing import Final

from bot.kube.agents import traits
from bot.kube.node_readiness import allowed_behind, minors_behind
from bot.kube.objects import ref
from bot.kube.placement import is_cordoned
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe, probe_of
from bot.probes.node_states import cordons, pressure, readiness
from bot.probes.node_states.questioned import NodeState, nodes_of
from bot.probes.shared.scope import READS_PODS
from intents.domain import Json, ProbeResult, Row


class _Version(RowValues):
    """The version of a node's kubelet beside the API server's."""

    kubelet: str
    server: str  # the API server's version
    behind: int  # how many minor versions the kubelet is older
    allowed: int  # how many it may be older
    too_old: bool
    too_new: bool


@probe(says="the kubelet's and the API server's", row=_Version)
async def _versions(look: Look) -> ProbeResult:
    """Read the nodes and the version of the API server."""
    look.snapshot.ahead(look.snapshot.server_version())
    found = await nodes_of(look)
    server = await look.snapshot.server_version()
    rows = (_version_row(node, server) for node in found.nodes)
    return ProbeResult(rows=tuple(filter(None, rows)), missing=found.missing)


def _version_row(node: Json, server: str) -> Row | None:
    """Return the row of a node, None where a version cannot be compared."""
    kubelet = traits(node)["kubelet"]
    behind, allowed = minors_behind(kubelet, server), allowed_behind(kubelet)
    if behind is None:
        return None
    version = _Version(
        kubelet=kubelet, server=server, behind=behind, allowed=allowed, too_old=behind > allowed, too_new=behind < 0
    )
    return NodeState(since_s=UNKNOWN, message="", unschedulable=is_cordoned(node), pods=()).row(
        ref(node, "Node"),
        quote=f"kubeletVersion: {kubelet}, API server {server}",
        reproduce="kubectl get nodes; kubectl version",
        lasts=True,
        more=version.values(),
    )


read: Final = probe_of(
    {
        "readiness": readiness.read,
        "memory": pressure.of("the pressure, the pods evicted for it, the pods that may use most"),
        "disk": pressure.of("the pressure, of all nodes where none is named, and how many pods were evicted for it"),
        "pid": pressure.of("the pressure, the pods evicted for it"),
        "cordons": cordons.read,
        "versions": _versions,
    },
    says="a row per node in question, which is the node named, or those of the pods in question, or all",
    row=NodeState,
    permissions=(*READS_PODS, *may("list", "nodes"), *may("get", "leases.coordination.k8s.io")),
)
