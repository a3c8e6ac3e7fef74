"""Services: where their traffic goes, what is behind them, and which of them answers names for the cluster."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, Probe
from bot.probes.services import cluster_dns, requested
from bot.probes.shared import backends
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="services",
    says="a row per Service in question: its policies and ports, what is behind it, the nodes without an endpoint",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "cluster_ip": RowType.STRING,
        "pods": RowType.INTEGER,  # that the selector means; -1 without a selector
        "ready_pods": RowType.INTEGER,
        "unready_pods": RowType.STRINGS,
        "ready_endpoints": RowType.INTEGER,
    },
    args={
        "which": ArgDeclaration(
            says="requested: the Service that the request names, those at an address or port of it, those in front of"
            " its pods, else all; cluster-dns: those that answer names for the cluster, with the workload behind",
            choices=("requested", "cluster-dns"),
            default="requested",
            fills={"requested": requested.KEYS, "cluster-dns": cluster_dns.KEYS},
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="list", resource="services"),
                Permission(verb="list", resource="nodes"),
                *backends.PERMISSIONS,
            )
        )
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the Services in question with what is behind them."""
    return await cluster_dns.read(look) if look.args.get("which") == "cluster-dns" else await requested.read(look)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
