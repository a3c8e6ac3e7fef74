"""The CronJobs in question: when they last ran, when they should have, and what keeps them from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.ages import UNKNOWN
from bot.kube.cron_schedules import last_due
from bot.kube.field_managers import last_written
from bot.kube.objects import created_at, name_of, namespace_of, ref, spec_of, status_of
from bot.kube.owners import controller_of, owner_of
from bot.kube.rollouts import says_on_purpose
from bot.kube.timestamps import parse_time
from bot.probes.contract import Look
from bot.probes.shared.ages import age_s
from intents.domain import Json, ObjectRef, ProbeResult, Row, RowType

# The controller looks at every CronJob within this time.
_SLACK: Final = timedelta(minutes=2)
# Reasons of events that say why no Job was made; TooManyMissedTimes had another name before 1.21.
_REASONS: Final = frozenset({
    "FailedCreate", "FailedGet", "FailedNeedsStart", "InvalidSchedule", "TooManyMissedTimes", "UnknownTimeZone",
    "UnParseableCronJobSchedule", "UnparseableSchedule",
})  # fmt: skip

KEYS: Final[dict[str, RowType]] = {
    "schedule": RowType.STRING,
    "suspended": RowType.BOOLEAN,  # and nothing says that this is on purpose
    "suspended_by": RowType.STRING,
    "suspended_s": RowType.INTEGER,
    "blocked_by": RowType.STRING,  # its Job that still runs, where its policy forbids another and a time has passed
    "blocked_s": RowType.INTEGER,  # how long that Job has run
    "late": RowType.BOOLEAN,  # a time has passed without a Job, and neither of these explains it
    "due_s": RowType.INTEGER,  # since the last time of its schedule, -1 for none
    "last_s": RowType.INTEGER,  # since its last Job was scheduled
    "success_s": RowType.INTEGER,
    "problem": RowType.STRING,  # the controller's event about it
}


async def read(look: Look) -> ProbeResult:
    """Read the CronJobs in question."""
    focus, missing = look.focus, ""
    try:
        if not focus.name:
            listing = await look.snapshot.list("CronJob", namespace=focus.namespace)
            gap = listing.gap("CronJobs")
            found, gaps = listing.items, (gap,) if gap else ()
        else:
            found, gaps, missing = await _named(look), (), ""
            missing = str(focus) if focus.kind == "CronJob" and not found else ""
        rows = await asyncio.gather(*(_row(look, each) for each in found))
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(f"CronJob of {focus}" if focus.name else "CronJobs"),))
    return ProbeResult(rows=tuple(rows), gaps=gaps, missing=missing)


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
    if blocks and (job := await look.snapshot.find("Job", running[0], namespace=namespace)):
        blocked_s = age_s(look.snapshot, created_at(job))
    problem = await _problem(look, cron) if not suspended else ""
    return Row(
        values={
            "namespace": namespace,
            "cron_job": name,
            "schedule": schedule,
            # One that has never run was made suspended: that is meant.
            "suspended": suspended and not says_on_purpose(cron) and last is not None,
            "suspended_by": written.manager,
            "suspended_s": age_s(look.snapshot, written.time),
            "blocked_by": running[0] if blocks else "",
            "blocked_s": blocked_s,
            "late": not suspended and not blocks and (passed or (due is None and bool(problem))),
            "due_s": age_s(look.snapshot, due.isoformat()) if due else UNKNOWN,
            "last_s": age_s(look.snapshot, status.get("lastScheduleTime")),
            "success_s": age_s(look.snapshot, status.get("lastSuccessfulTime")),
            "problem": problem,
        },
        subject=ref(cron, "CronJob"),
        quote=f"schedule {schedule}, suspend {str(suspended).lower()}, last {status.get('lastScheduleTime', 'never')}",
        reproduce=f"kubectl -n {namespace} describe cronjob {name}",
    )


async def _problem(look: Look, cron: Json) -> str:
    events = [each for each in await look.snapshot.events(ref(cron, "CronJob")) if each.get("reason") in _REASONS]
    return str(events[-1].get("message") or "") if events else ""
