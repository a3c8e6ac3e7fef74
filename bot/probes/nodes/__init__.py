"""Nodes: their disk pressure, and how much of them DaemonSets request, as the cluster autoscaler counts it."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, Probe
from bot.probes.nodes import cluster_autoscaler, conditions, requests
from intents.declarations import FormerNames
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="nodes",
    says="a row per node, or for the one node the request is about",
    rows={
        "node": RowType.STRING,
        "unschedulable": RowType.BOOLEAN,  # cordoned
    },
    args={
        "shows": ArgDeclaration(
            says="conditions: disk pressure, and pods evicted for it; requests: on nodes that the cluster autoscaler"
            " may remove, what DaemonSets request of each against its threshold",
            choices=("conditions", "requests"),
            default="conditions",
            fills={"conditions": conditions.KEYS, "requests": requests.KEYS},
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                Permission(verb="list", resource="nodes"),
                Permission(verb="list", resource="pods"),
                *cluster_autoscaler.PERMISSIONS,
                *owners.PERMISSIONS,
            )
        )
    ),
    formerly=(
        FormerNames(
            new_args=("shows",),
            keys={"name": "node"},
            leaving={
                "ready": RowType.STRING,
                "memory_pressure": RowType.STRING,
                "pid_pressure": RowType.STRING,
                "network_unavailable": RowType.STRING,
                "taints": RowType.STRINGS,
                "kernel": RowType.STRING,
                "os_image": RowType.STRING,
                "kubelet": RowType.STRING,
                "runtime": RowType.STRING,
                "architecture": RowType.STRING,
                "zone": RowType.STRING,
                "roles": RowType.STRINGS,
            },
        ),
        FormerNames(
            probe="daemonset-share",
            with_args={"shows": "requests"},
            leaving={
                "daemonset_cpu_m": RowType.INTEGER,
                "daemonset_mem": RowType.INTEGER,
                "alloc_cpu_m": RowType.INTEGER,
                "alloc_mem": RowType.INTEGER,
            },
        ),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the nodes with what is asked about them."""
    return await requests.read(look) if look.args.get("shows") == "requests" else await conditions.read(look)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
