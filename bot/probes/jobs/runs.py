"""The Jobs in question: how they ended, and whether a later one of the same CronJob, or a rerun, succeeded.

A Job without the condition Failed is no failed Job, though its pods may fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.kube.ages import UNKNOWN
from bot.kube.conditions import condition
from bot.kube.field_managers import last_written
from bot.kube.job_runs import cron_job_of, has_failed, success_after
from bot.kube.objects import labels_of, name_of, namespace_of, phase_of, ref, spec_of, status_of
from bot.kube.owners import controller_of
from bot.kube.pod_readiness import unready_reason
from bot.kube.rollouts import is_owned, says_on_purpose
from bot.probes.contract import Look, Missing
from bot.probes.jobs.schedules import CronJobRow
from bot.probes.rows import RowValues
from bot.probes.shared.ages import age_s, moment
from intents.domain import Gap, GapReason, Json, ObjectRef, ProbeResult, Row

_MOST_ROWS: Final = 200
_MOST_PODS: Final = 20
# A queue holds the Jobs that carry its label until there is room.
_QUEUE: Final = "kueue.x-k8s.io/queue-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown(RowValues):
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
class _Questioned:
    """The Jobs in question, and the Jobs beside them."""

    jobs: tuple[Json, ...] = ()
    beside: tuple[Json, ...] = ()


async def read(look: Look) -> ProbeResult:
    """Read the Jobs in question, and the pods of those that failed."""
    found = await _in_question(look)
    jobs = sorted(found.jobs, key=lambda each: (not has_failed(each), _failed_s(look, each), name_of(each)))
    gaps: tuple[Gap, ...] = ()
    if len(jobs) > _MOST_ROWS:
        detail = f"only {_MOST_ROWS} of {len(jobs)} were judged, those that failed first"
        gaps = (Gap(what="Jobs", reason=GapReason.TRUNCATED, detail=detail),)
    pods = await _failed_pods(look, jobs[:_MOST_ROWS])
    return ProbeResult(rows=tuple(_row(look, each, found.beside, pods) for each in jobs[:_MOST_ROWS]), gaps=gaps)


async def _in_question(look: Look) -> _Questioned:
    """Return the Jobs in question. Raise Missing and ClusterError."""
    focus = look.focus
    if focus.name and focus.kind in ("Pod", ""):
        pod = await look.snapshot.find("Pod", focus.name, namespace=focus.namespace)
        if pod is None:
            raise Missing(str(focus))
        owner = controller_of(pod)
        return await _named(look, owner) if owner and owner.kind == "Job" else _Questioned()
    if focus.name and focus.kind == "Job":
        return await _named(look, ObjectRef(kind="Job", namespace=focus.namespace, name=focus.name))
    if focus.name and focus.kind != "CronJob":
        return _Questioned()
    found = await _listed(look, focus.namespace)
    if focus.name:
        return replace(found, jobs=tuple(each for each in found.beside if cron_job_of(each) == focus.name))
    return found


async def _named(look: Look, about: ObjectRef) -> _Questioned:
    """Return one Job; the others of its namespace are read only if it failed: one may have done its work since."""
    if about.namespace:
        job = await look.snapshot.find("Job", about.name, namespace=about.namespace)
        found: tuple[Json, ...] = (job,) if job else ()
    else:
        found = (await look.snapshot.list("Job", fields=f"metadata.name={about.name}")).items
    if not found:
        raise Missing(str(about))
    if not about.namespace or not has_failed(found[0]):
        return _Questioned(jobs=found)
    return replace(await _listed(look, about.namespace), jobs=found)


async def _listed(look: Look, namespace: str) -> _Questioned:
    jobs = (await look.snapshot.list("Job", namespace=namespace)).items
    return _Questioned(jobs=jobs, beside=jobs)


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


def _row(look: Look, job: Json, beside: Iterable[Json], pods: Mapping[tuple[str, str], Sequence[str]]) -> Row:
    failed, namespace, name = condition(job, "Failed"), namespace_of(job), name_of(job)
    written = last_written(job, ("spec", "suspend"))
    suspended = bool(spec_of(job).get("suspend")) and _QUEUE not in labels_of(job)
    failed_s = _failed_s(look, job)
    recovered_by = success_after(job, beside) if has_failed(job) else ""
    told = ": ".join(str(failed[key]) for key in ("reason", "message") if failed.get(key))
    shown = RunShown(
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
        suspended_s=age_s(look.snapshot, written.time),
    )
    return CronJobRow(namespace=namespace, cron_job=cron_job_of(job)).row(
        ref(job, "Job"),
        quote=f"Failed=True {told}"[:300] if has_failed(job) else "",
        reproduce=f"kubectl -n {namespace} describe job {name}",
        at=moment(look.snapshot, failed_s),
        more=shown.values(),
    )


def _failed_s(look: Look, job: Json) -> int:
    return age_s(look.snapshot, condition(job, "Failed").get("lastTransitionTime")) if has_failed(job) else UNKNOWN
