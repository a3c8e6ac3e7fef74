"""Jobs and CronJobs: how Jobs ended, and what keeps CronJobs from starting theirs.

A Job without the condition Failed is no failed Job, though its pods may fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.kube.job_runs import cron_job_of, has_failed, last_due, success_after
from bot.kube.objects import condition, created_at, labels_of, name_of, namespace_of, phase_of, ref, spec_of, status_of
from bot.kube.owners import controller_of, last_written, owner_of
from bot.kube.pod_states import unready_reason
from bot.kube.rollouts import is_owned, says_on_purpose
from bot.kube.timestamps import UNKNOWN, parse_time
from bot.probes.contract import Look, Missing, RowValues, at_most, may, probe, probe_of
from intents.domain import Json, ObjectRef, ProbeResult, Row

_MOST_ROWS: Final = 200
_MOST_PODS: Final = 20
# A queue holds the Jobs that carry its label until there is room.
_QUEUE: Final = "kueue.x-k8s.io/queue-name"
# The controller looks at every CronJob within this time.
_SLACK: Final = timedelta(minutes=2)
# Reasons of events that say why no Job was made; TooManyMissedTimes had another name before 1.21.
_REASONS: Final = frozenset({
    "FailedCreate", "FailedGet", "FailedNeedsStart", "InvalidSchedule", "TooManyMissedTimes", "UnknownTimeZone",
    "UnParseableCronJobSchedule", "UnparseableSchedule",
})  # fmt: skip


class _CronJobRow(RowValues):
    """A CronJob in question, or a Job."""

    of_subject = ("namespace",)

    cron_job: str  # "" for a Job without one


class _Run(_CronJobRow):
    """A Job and its end."""

    job: str
    failed: bool
    reason: str  # of the condition Failed
    message: str
    failed_s: int
    failures: int  # of its pods
    recovered: bool  # it failed, and a later Job of its CronJob, or a rerun of it, completed
    recovered_by: str  # the first such Job
    pods: tuple[str, ...]  # those that failed or are not ready
    suspended: bool  # and neither a queue nor an annotation accounts for it
    suspended_by: str
    suspended_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jobs:
    """The Jobs in question, and the Jobs beside them."""

    jobs: tuple[Json, ...] = ()
    beside: tuple[Json, ...] = ()


@probe(says="Jobs, how they ended and who suspended them", row=_Run)
async def _runs(look: Look) -> ProbeResult:
    """Read the Jobs in question, and the pods of those that failed."""
    found = await _jobs_in_question(look)
    jobs = sorted(found.jobs, key=lambda each: (not has_failed(each), _failed_s(look, each), name_of(each)))
    chosen = at_most(_MOST_ROWS, jobs, what="Jobs", says="were judged, those that failed first")
    pods = await _failed_pods(look, chosen)
    return ProbeResult(rows=tuple(_run_row(look, each, found.beside, pods) for each in chosen))


async def _jobs_in_question(look: Look) -> _Jobs:
    """Return the Jobs in question. Raise Missing and ClusterError."""
    focus = look.focus
    if focus.name and focus.kind in ("Pod", ""):
        pod = await look.snapshot.find("Pod", focus.name, namespace=focus.namespace)
        if pod is None:
            raise Missing(str(focus))
        owner = controller_of(pod)
        return await _job_named(look, owner) if owner and owner.kind == "Job" else _Jobs()
    if focus.name and focus.kind == "Job":
        return await _job_named(look, ObjectRef(kind="Job", namespace=focus.namespace, name=focus.name))
    if focus.name and focus.kind != "CronJob":
        return _Jobs()
    found = await _jobs_listed(look, focus.namespace)
    if focus.name:
        return replace(found, jobs=tuple(each for each in found.beside if cron_job_of(each) == focus.name))
    return found


async def _job_named(look: Look, about: ObjectRef) -> _Jobs:
    """Return one Job; the others of its namespace are read only if it failed: one may have done its work since."""
    found = await look.of_name("Job", about.name, namespace=about.namespace)
    if not about.namespace or not has_failed(found[0]):
        return _Jobs(jobs=found)
    return replace(await _jobs_listed(look, about.namespace), jobs=found)


async def _jobs_listed(look: Look, namespace: str) -> _Jobs:
    jobs = (await look.snapshot.list("Job", namespace=namespace)).items
    return _Jobs(jobs=jobs, beside=jobs)


async def _failed_pods(look: Look, jobs: Sequence[Json]) -> dict[tuple[str, str], list[str]]:
    """Return the names of the pods of failed Jobs that failed or are not ready, by the Job's namespace and name."""
    found: dict[tuple[str, str], list[str]] = {}
    homes = sorted({namespace_of(each) for each in jobs if has_failed(each)})[:_MOST_PODS]
    listings = await asyncio.gather(*(look.list("Pod", namespace=namespace) for namespace in homes))
    for namespace, pods in zip(homes, listings, strict=True):
        for pod in pods:
            owner = controller_of(pod)
            if owner and owner.kind == "Job" and phase_of(pod) != "Succeeded" and unready_reason(pod):
                found.setdefault((namespace, owner.name), []).append(name_of(pod))
    return found


def _run_row(look: Look, job: Json, beside: Iterable[Json], pods: Mapping[tuple[str, str], Sequence[str]]) -> Row:
    failed, namespace, name = condition(job, "Failed"), namespace_of(job), name_of(job)
    written = last_written(job, ("spec", "suspend"))
    suspended = bool(spec_of(job).get("suspend")) and _QUEUE not in labels_of(job)
    failed_s = _failed_s(look, job)
    recovered_by = success_after(job, beside) if has_failed(job) else ""
    told = ": ".join(str(failed[key]) for key in ("reason", "message") if failed.get(key))
    return _Run(
        cron_job=cron_job_of(job),
        job=name,
        failed=has_failed(job),
        reason=str(failed.get("reason") or ""),
        message=str(failed.get("message") or ""),
        failed_s=failed_s,
        failures=int(status_of(job).get("failed") or 0),
        recovered=recovered_by != "",
        recovered_by=recovered_by,
        pods=tuple(sorted(pods.get((namespace, name), ())))[:_MOST_PODS],
        suspended=suspended and not says_on_purpose(job) and not is_owned(job),
        suspended_by=written.manager,
        suspended_s=look.age_s(written.time),
    ).row(
        ref(job, "Job"),
        quote=f"Failed=True {told}"[:300] if has_failed(job) else "",
        at=look.moment(failed_s),
    )


def _failed_s(look: Look, job: Json) -> int:
    return look.since_s(job, "Failed") if has_failed(job) else UNKNOWN


class _Schedule(_CronJobRow):
    """A CronJob and its schedule."""

    schedule: str
    suspended: bool  # and nothing says that this is on purpose
    suspended_by: str
    suspended_s: int
    blocked_by: str  # its Job that still runs, where its policy forbids another and a time has passed
    blocked_s: int  # how long that Job has run
    pods: tuple[str, ...]  # of that Job
    late: bool  # a time has passed without a Job, and neither of these explains it
    due_s: int  # since the last time of its schedule, -1 for none
    last_s: int  # since its last Job was scheduled
    success_s: int
    problem: str  # the controller's event about it


@probe(says="CronJobs, and what holds them", row=_Schedule)
async def _schedules(look: Look) -> ProbeResult:
    """Read the CronJobs in question."""
    focus = look.focus
    if focus.name:
        found = await _cron_jobs_named(look)
    else:
        found = (await look.snapshot.list("CronJob", namespace=focus.namespace)).items
    if focus.kind == "CronJob" and focus.name and not found:
        raise Missing(str(focus))
    return ProbeResult(rows=tuple(await asyncio.gather(*(_schedule_row(look, each) for each in found))))


async def _cron_jobs_named(look: Look) -> tuple[Json, ...]:
    """Return the CronJob in question; a Job or pod in question stands for its CronJob."""
    focus = look.focus
    about: ObjectRef | None = focus.ref
    if (kind := focus.kind or "Pod") in ("Pod", "Job"):
        below = await look.snapshot.find(kind, focus.name, namespace=focus.namespace)
        about = (owner_of(below) if kind == "Pod" else controller_of(below)) if below else None
    if about is None or about.kind != "CronJob":
        return ()
    if not about.namespace:
        return (await look.snapshot.list("CronJob", fields=f"metadata.name={about.name}")).items
    found = await look.snapshot.find("CronJob", about.name, namespace=about.namespace)
    return (found,) if found else ()


async def _schedule_row(look: Look, cron: Json) -> Row:
    spec, status = spec_of(cron), status_of(cron)
    namespace = namespace_of(cron)
    schedule, suspended = str(spec.get("schedule") or ""), bool(spec.get("suspend"))
    last, written = parse_time(status.get("lastScheduleTime")), last_written(cron, ("spec", "suspend"))
    due = last_due(schedule, str(spec.get("timeZone") or ""), look.now - _SLACK)
    born = parse_time(created_at(cron))
    passed = bool(due and born and born < due and (last is None or last < due))
    running = [str(each.get("name") or "") for each in status.get("active") or ()]
    blocks = passed and not suspended and spec.get("concurrencyPolicy") == "Forbid" and bool(running)
    blocked_s = UNKNOWN
    pods: tuple[str, ...] = ()
    if blocks and (job := await look.find("Job", running[0], namespace=namespace)):
        blocked_s = look.age_s(created_at(job))
        pods = tuple(map(name_of, await look.list("Pod", namespace=namespace, labels=f"job-name={running[0]}")))
    problem = await look.newest_message(ref(cron, "CronJob"), *_REASONS) if not suspended else ""
    return _Schedule(
        cron_job=name_of(cron),
        schedule=schedule,
        # One that has never run was made suspended: that is meant.
        suspended=suspended and not says_on_purpose(cron) and last is not None,
        suspended_by=written.manager,
        suspended_s=look.age_s(written.time),
        blocked_by=running[0] if blocks else "",
        blocked_s=blocked_s,
        pods=pods,
        late=not suspended and not blocks and (passed or (due is None and bool(problem))),
        due_s=look.age_s(due.isoformat()) if due else UNKNOWN,
        last_s=look.age_s(status.get("lastScheduleTime")),
        success_s=look.age_s(status.get("lastSuccessfulTime")),
        problem=problem,
    ).row(
        ref(cron, "CronJob"),
        quote=f"schedule {schedule}, suspend {str(suspended).lower()}, last {status.get('lastScheduleTime', 'never')}",
    )


read: Final = probe_of(
    {"runs": _runs, "schedules": _schedules},
    says="a row per Job in question with its end, or per CronJob in question with its schedule",
    row=_CronJobRow,
    permissions=(*may("get list", "jobs.batch", "cronjobs.batch", "pods"), *may("list", "events")),
)
