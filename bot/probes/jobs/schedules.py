"""The CronJobs in question: when they last ran, when they should have, and what keeps them from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.kube.ages import UNKNOWN
from bot.kube.cron_schedules import last_due
from bot.kube.field_managers import last_written
from bot.kube.objects import created_at, name_of, namespace_of, ref, spec_of, status_of
from bot.kube.owners import controller_of, owner_of
from bot.kube.rollouts import says_on_purpose
from bot.kube.timestamps import parse_time
from bot.probes.contract import Look, Missing
from bot.probes.rows import RowValues
from bot.probes.shared.ages import age_s
from bot.probes.shared.reads import events_about
from intents.domain import Json, ObjectRef, ProbeResult, Row

# The controller looks at every CronJob within this time.
_SLACK: Final = timedelta(minutes=2)
# Reasons of events that say why no Job was made; TooManyMissedTimes had another name before 1.21.
_REASONS: Final = frozenset({
    "FailedCreate", "FailedGet", "FailedNeedsStart", "InvalidSchedule", "TooManyMissedTimes", "UnknownTimeZone",
    "UnParseableCronJobSchedule", "UnparseableSchedule",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJobRow(RowValues):
    """A CronJob in question, or a Job."""

    namespace: str
    cron_job: str  # "" for a Job without one


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleShown(RowValues):
    """A CronJob and its schedule."""

    schedule: str
    suspended: bool  # and nothing says that this is on purpose
    suspended_by: str
    suspended_s: int
    blocked_by: str  # its Job that still runs, where its policy forbids another and a time has passed
    blocked_s: int  # how long that Job has run
    late: bool  # a time has passed without a Job, and neither of these explains it
    due_s: int  # since the last time of its schedule, -1 for none
    last_s: int  # since its last Job was scheduled
    success_s: int
    problem: str  # the controller's event about it


async def read(look: Look) -> ProbeResult:
    """Read the CronJobs in question."""
    focus = look.focus
    if focus.name:
        found = await _named(look)
    else:
        found = (await look.snapshot.list("CronJob", namespace=focus.namespace)).items
    if focus.kind == "CronJob" and focus.name and not found:
        raise Missing(str(focus))
    return ProbeResult(rows=tuple(await asyncio.gather(*(_row(look, each) for each in found))))


async def _named(look: Look) -> tuple[Json, ...]:
    """Return the CronJob in question; a Job or pod in question stands for its CronJob."""
    focus = look.focus
    about: ObjectRef | None = ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name)
    assert about is not None
    if about.kind in ("Pod", "Job"):
        below = await look.snapshot.find(about.kind, about.name, namespace=about.namespace)
        about = (owner_of(below) if about.kind == "Pod" else controller_of(below)) if below else None
    if about is None or about.kind != "CronJob":
        return ()
    if not about.namespace:
        return (await look.snapshot.list("CronJob", fields=f"metadata.name={about.name}")).items
    found = await look.snapshot.find("CronJob", about.name, namespace=about.namespace)
    return (found,) if found else ()


async def _row(look: Look, cron: Json) -> Row:
    spec, status = spec_of(cron), status_of(cron)
    namespace, name = namespace_of(cron), name_of(cron)
    schedule, suspended = str(spec.get("schedule") or ""), bool(spec.get("suspend"))
    last, written = parse_time(status.get("lastScheduleTime")), last_written(cron, ("spec", "suspend"))
    due = last_due(schedule, str(spec.get("timeZone") or ""), look.now - _SLACK)
    born = parse_time(created_at(cron))
    passed = bool(due and born and born < due and (last is None or last < due))
    running = [str(each.get("name") or "") for each in status.get("active") or ()]
    blocks = passed and not suspended and spec.get("concurrencyPolicy") == "Forbid" and bool(running)
    blocked_s = UNKNOWN
    if blocks and (job := await look.find("Job", running[0], namespace=namespace)):
        blocked_s = age_s(look.snapshot, created_at(job))
    problem = await _problem(look, cron) if not suspended else ""
    shown = ScheduleShown(
        schedule=schedule,
        # One that has never run was made suspended: that is meant.
        suspended=suspended and not says_on_purpose(cron) and last is not None,
        suspended_by=written.manager,
        suspended_s=age_s(look.snapshot, written.time),
        blocked_by=running[0] if blocks else "",
        blocked_s=blocked_s,
        late=not suspended and not blocks and (passed or (due is None and bool(problem))),
        due_s=age_s(look.snapshot, due.isoformat()) if due else UNKNOWN,
        last_s=age_s(look.snapshot, status.get("lastScheduleTime")),
        success_s=age_s(look.snapshot, status.get("lastSuccessfulTime")),
        problem=problem,
    )
    return CronJobRow(namespace=namespace, cron_job=name).row(
        ref(cron, "CronJob"),
        quote=f"schedule {schedule}, suspend {str(suspended).lower()}, last {status.get('lastScheduleTime', 'never')}",
        reproduce=f"kubectl -n {namespace} describe cronjob {name}",
        more=shown.values(),
    )


async def _problem(look: Look, cron: Json) -> str:
    events = [each for each in await events_about(look, ref(cron, "CronJob")) if each.get("reason") in _REASONS]
    return str(events[-1].get("message") or "") if events else ""
