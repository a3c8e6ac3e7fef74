"""The states of nodes: readiness, memory and PID pressure, cordons, with the pods that suffer; kubelet versions."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, may, probe
from bot.probes.node_states import cordons, pressure, readiness, versions
from bot.probes.node_states.questioned import NodeState
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the nodes in question with what is asked about them; their pods only where a node is in trouble."""
    reads = {"readiness": readiness.read, "cordons": cordons.read, "versions": versions.read}
    return await reads.get(str(look.args.get("shows")), pressure.read)(look)


PROBE: Final = probe(
    name="node-states",
    says="a row per node in question, which is the node named, or those of the pods in question, or all",
    row=NodeState,
    args={
        "shows": ArgDeclaration(
            says="readiness: why the node is not ready, the age of its lease, its pods that are not ready, other"
            " nodes then; memory, pid: the pressure, the pods evicted for it, the pods that may use most;"
            " cordons: who cordoned the node, and the waiting pods that only this keeps off it; versions: the"
            " kubelet's and the API server's",
            choices=("readiness", "memory", "pid", "cordons", "versions"),
            default="readiness",
            fills={
                "readiness": readiness.Readiness.keys(),
                "memory": pressure.Pressure.keys(),
                "pid": pressure.Pressure.keys(),
                "cordons": cordons.Cordon.keys(),
                "versions": versions.Version.keys(),
            },
        )
    },
    permissions=(*READS_PODS, *may("list", "nodes"), *may("get", "leases.coordination.k8s.io")),
    read=read,
)
