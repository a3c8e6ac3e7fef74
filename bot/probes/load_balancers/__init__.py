"""Services of type LoadBalancer: their addresses, their idle timeouts, and who ends TLS with which protocols."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, Probe
from bot.probes.load_balancers import addresses, idle_timeouts, tls
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="load-balancers",
    says="a row per Service of type LoadBalancer: its idle timeout beside the keepalive of its pods, its TLS, or"
    " its address",
    rows={
        "namespace": RowType.STRING,
        "service": RowType.STRING,
        "kind": RowType.STRING,  # aws-elb, aws-nlb, azure, alibaba, huawei, google, openstack; "" if it cannot be told
    },
    args={
        "shows": ArgDeclaration(
            says="idle-timeout: those that MySQL clients connect to, with the keepalive of the pods behind them;"
            " tls: AWS Network Load Balancers, with what they negotiate; addresses: those that wait, and what says"
            " why",
            choices=("idle-timeout", "tls", "addresses"),
            default="idle-timeout",
            fills={"idle-timeout": idle_timeouts.KEYS, "tls": tls.KEYS, "addresses": addresses.KEYS},
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                Permission(verb="list", resource="services"),
                Permission(verb="get", resource="services"),
                Permission(verb="list", resource="pods"),
                Permission(verb="list", resource="nodes"),
                Permission(verb="list", resource="events"),
                Permission(verb="list", group="apps", resource="daemonsets"),
                Permission(verb="list", group="apps", resource="deployments"),
                *owners.PERMISSIONS,
            )
        )
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the Services in question and what is asked about their load balancers."""
    reads = {"tls": tls.read, "addresses": addresses.read}
    return await reads.get(str(look.args.get("shows")), idle_timeouts.read)(look)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
