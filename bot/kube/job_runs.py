"""Tell how a Job ended, what keeps it from ending, whether another Job has done its work, and when a schedule was due.

A rerun is a Job that Casebook created from a failed one; its annotation names the Job that failed first.

Schedules are read as the CronJob controller reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.kube.containers import containers_in
from bot.kube.objects import (
    annotations_of,
    condition,
    created_at,
    has_ended,
    is_terminating,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from bot.kube.owners import controller_of
from bot.kube.timestamps import parse_time, seconds_since
from intents.domain import Json

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


# A run that is a little longer than the interval skips a time or two, as the policy Forbid is meant to.
_MOST_SKIPPED: Final = 3
_TICK: Final = timedelta(seconds=1)


def blocked_schedule(cron: Json, now: datetime) -> str:
    """Return that an active Job has made a CronJob with the policy Forbid skip several times; "" if none has."""
    spec, status = spec_of(cron), status_of(cron)
    last, active = parse_time(status.get("lastScheduleTime")), status.get("active") or ()
    if spec.get("suspend") or spec.get("concurrencyPolicy") != "Forbid" or not active or last is None:
        return ""
    before = now
    for _ in range(_MOST_SKIPPED):
        due = last_due(str(spec.get("schedule") or ""), str(spec.get("timeZone") or ""), before)
        if due is None or due <= last:
            return ""
        before = due - _TICK
    name, since = active[0].get("name", ""), status.get("lastScheduleTime")
    return f"its Job {name}, scheduled at {since}, still runs, and the policy Forbid starts no other"


# Containers that do parts of one work may end at different times.
_APART_S: Final = 1800


def held_open(pod: Json, now: datetime) -> str:
    """Return which containers run on long after the others ended with success; "" for a pod that is meant to run on."""
    if spec_of(pod).get("restartPolicy", "Always") == "Always" or has_ended(pod) or is_terminating(pod):
        return ""
    mine = [each for each in containers_in(pod) if not each.init]
    done = [each for each in mine if each.state == "terminated" and each.detail.get("exitCode") == 0]
    running = [each for each in mine if each.state == "running"]
    if not running or len(done) + len(running) < len(mine):
        return ""
    last = max(done, key=lambda each: str(each.detail.get("finishedAt") or ""), default=None)
    if last is None or seconds_since(last.detail.get("finishedAt"), now) < _APART_S:
        return ""
    names = ", ".join(each.name for each in running)
    at = last.detail.get("finishedAt")
    return f"container {last.name} ended with exit code 0 at {at}, and {names} runs on: the pod does not complete"


# The API server refuses a range that begins beyond its end, and of one number it is that number: croniter goes round.
_RANGE: Final = re.compile(r"(\d+)-(\d+)")
_OF_ONE: Final = re.compile(r"\b(\d+)-\1\b(?:/\d+)?")


def last_due(schedule: str, zone: str, now: datetime) -> datetime | None:
    """Return when a schedule was last due at or before a time, None if it cannot be read or never is due.

    Without a zone the controller's own counts, which is taken to be UTC.
    """
    from croniter import croniter  # noqa: PLC0415 - few questions are about a schedule

    prefix, _, rest = schedule.strip().partition(" ")
    if prefix.startswith(("TZ=", "CRON_TZ=")):
        zone, schedule = prefix.partition("=")[2], rest
    if any(int(first) > int(last) for first, last in _RANGE.findall(schedule)):
        return None
    try:
        after = now.astimezone(ZoneInfo(zone or "UTC")) + timedelta.resolution
        # The option is how the controller reads a day of the month and one of the week: `*/2` begins with a star.
        due: datetime = croniter(_OF_ONE.sub(r"\1", schedule), after, implement_cron_bug=True).get_prev(datetime)
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return due.astimezone(now.tzinfo)
