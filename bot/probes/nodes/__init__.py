"""Nodes: their disk pressure, and how much of them DaemonSets request, as the cluster autoscaler counts it."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, may, probe
from bot.probes.nodes import cluster_autoscaler, conditions, requests
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the nodes with what is asked about them."""
    return await requests.read(look) if look.args.get("shows") == "requests" else await conditions.read(look)


PROBE: Final = probe(
    name="nodes",
    says="a row per node, or for the one node the request is about",
    row=conditions.NodeRow,
    args={
        "shows": ArgDeclaration(
            says="conditions: disk pressure, and pods evicted for it; requests: on nodes that the cluster"
            " autoscaler may remove, what DaemonSets request of each against its threshold",
            choices=("conditions", "requests"),
            default="conditions",
            fills={"conditions": conditions.Conditions.keys(), "requests": requests.Requests.keys()},
        )
    },
    permissions=(*cluster_autoscaler.PERMISSIONS, *owners.PERMISSIONS, *may("list", "nodes", "pods")),
    read=read,
)
