"""Jobs and CronJobs: how Jobs ended, and what keeps CronJobs from starting theirs."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, Probe
from bot.probes.jobs import runs, schedules
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="jobs",
    says="a row per Job in question with its end, or per CronJob in question with its schedule",
    rows={
        "namespace": RowType.STRING,
        "cron_job": RowType.STRING,  # "" for a Job without one
    },
    args={
        "shows": ArgDeclaration(
            says="runs: Jobs, how they ended and who suspended them; schedules: CronJobs, and what holds them",
            choices=("runs", "schedules"),
            default="runs",
            fills={"runs": runs.KEYS, "schedules": schedules.KEYS},
        )
    },
    permissions=(
        Permission(verb="get", group="batch", resource="jobs"),
        Permission(verb="list", group="batch", resource="jobs"),
        Permission(verb="get", group="batch", resource="cronjobs"),
        Permission(verb="list", group="batch", resource="cronjobs"),
        Permission(verb="get", resource="pods"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", resource="events"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the Jobs or the CronJobs in question."""
    if look.args.get("shows") == "schedules":
        return await schedules.read(look)
    return await runs.read(look)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
