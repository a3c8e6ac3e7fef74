"""Tell how a Job ended, and whether another Job has done its work since: a later run of its CronJob, or a rerun.

A rerun is a Job that Casebook created from a failed one; its annotation names the Job that failed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.kube.conditions import condition
from bot.kube.objects import annotations_of, created_at, name_of, namespace_of
from bot.kube.owners import controller_of

RERUN_OF: Final = "casebook.dev/rerun-of"


def has_failed(job: Mapping[str, Any]) -> bool:
    """Tell whether a Job has failed for good: pods may fail before it has."""
    return condition(job, "Failed").get("status") == "True"


def has_completed(job: Mapping[str, Any]) -> bool:
    """Tell whether a Job has completed."""
    return condition(job, "Complete").get("status") == "True"


def has_finished(job: Mapping[str, Any]) -> bool:
    """Tell whether a Job has completed or failed."""
    return has_completed(job) or has_failed(job)


def cron_job_of(job: Mapping[str, Any]) -> str:
    """Return the name of the CronJob that controls a Job, "" for any other Job."""
    owner = controller_of(job)
    return owner.name if owner and owner.kind == "CronJob" else ""


def first_run_of(job: Mapping[str, Any]) -> str:
    """Return the name of the Job whose work a Job does: its own, unless it is a rerun."""
    return str(annotations_of(job).get(RERUN_OF) or "") or name_of(job)


def is_rerun_of(other: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
    """Tell whether a Job is a rerun of a Job, or of the one that this repeats; an older one belongs to a namesake."""
    rerun = namespace_of(other) == namespace_of(job) and first_run_of(other) != name_of(other)
    return rerun and first_run_of(other) == first_run_of(job) and created_at(other) > created_at(job)


def success_after(job: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str:
    """Return the name of the first later Job that has done the work of a Job, "" if none has."""
    cron_job = cron_job_of(job)
    done = [
        each
        for each in others
        if has_completed(each) and (is_rerun_of(each, job) or (cron_job and _is_later_run(each, job, cron_job)))
    ]
    return name_of(min(done, key=lambda each: (created_at(each), name_of(each)))) if done else ""


def _is_later_run(other: Mapping[str, Any], job: Mapping[str, Any], cron_job: str) -> bool:
    same = (namespace_of(other), cron_job_of(other)) == (namespace_of(job), cron_job)
    return same and created_at(other) > created_at(job)
