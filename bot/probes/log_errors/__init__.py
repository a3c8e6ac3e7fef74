"""What the logs of failing containers say: the error that ended them, or the names that do not resolve."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, Probe
from bot.probes.log_errors import failures, lookups
from bot.probes.log_errors.failures import LogErrorRow
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the logs of failing containers; for lookups also the Services that are meant."""
    return await lookups.read(look) if look.args.get("shows") == "lookups" else await failures.read(look)


PROBE: Final = Probe(
    declaration=ProbeDeclaration(
        name="log-errors",
        says="a row per failing container whose log shows an error before its end: the telling lines",
        rows=LogErrorRow.keys(),
        args={
            "shows": ArgDeclaration(
                says="errors: what ended the containers; lookups: a row per name that such an error, or the text, says"
                " does not resolve, with the Service that it means",
                choices=("errors", "lookups"),
                default="errors",
                fills={"errors": {}, "lookups": lookups.LookupShown.keys()},
            )
        },
        permissions=(
            *READS_PODS,
            Permission(verb="get", resource="pods/log"),
            Permission(verb="list", resource="services"),
            Permission(verb="get", resource="namespaces"),
            Permission(verb="list", group="discovery.k8s.io", resource="endpointslices"),
        ),
    ),
    read=read,
)
