"""Services of type LoadBalancer: their addresses, their idle timeouts, and who ends TLS with which protocols."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, may, probe
from bot.probes.load_balancers import addresses, idle_timeouts, tls
from bot.probes.load_balancers.addresses import ServiceRow, services_in_question
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the Services in question and what is asked about their load balancers."""
    services = await services_in_question(look)
    match look.args.get("shows"):
        case "tls":
            rows = tls.rows_of(services)
        case "addresses":
            rows = await addresses.rows_of(look, services)
        case _:
            rows = await idle_timeouts.rows_of(look, services)
    return ProbeResult(rows=tuple(rows))


PROBE: Final = probe(
    name="load-balancers",
    says="a row per Service of type LoadBalancer: its idle timeout beside the keepalive of its pods, its TLS, or"
    " its address",
    row=ServiceRow,
    args={
        "shows": ArgDeclaration(
            says="idle-timeout: those that MySQL clients connect to, with the keepalive of the pods behind them;"
            " tls: AWS Network Load Balancers, with what they negotiate; addresses: those that wait, and what says"
            " why",
            choices=("idle-timeout", "tls", "addresses"),
            default="idle-timeout",
            fills={
                "idle-timeout": idle_timeouts.IdleTimeoutShown.keys(),
                "tls": tls.TlsShown.keys(),
                "addresses": addresses.AddressShown.keys(),
            },
        )
    },
    permissions=(
        *owners.PERMISSIONS,
        *may("get list", "services"),
        *may("list", "pods", "nodes", "events", "daemonsets.apps", "deployments.apps"),
    ),
    read=read,
)
