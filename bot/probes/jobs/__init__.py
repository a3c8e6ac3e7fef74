"""Jobs and CronJobs: how Jobs ended, and what keeps CronJobs from starting theirs."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, Probe
from bot.probes.jobs import runs, schedules
from bot.probes.jobs.schedules import CronJobRow
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the Jobs or the CronJobs in question."""
    if look.args.get("shows") == "schedules":
        return await schedules.read(look)
    return await runs.read(look)


PROBE: Final = Probe(
    declaration=ProbeDeclaration(
        name="jobs",
        says="a row per Job in question with its end, or per CronJob in question with its schedule",
        rows=CronJobRow.keys(),
        args={
            "shows": ArgDeclaration(
                says="runs: Jobs, how they ended and who suspended them; schedules: CronJobs, and what holds them",
                choices=("runs", "schedules"),
                default="runs",
                fills={"runs": runs.RunShown.keys(), "schedules": schedules.ScheduleShown.keys()},
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
    ),
    read=read,
)
