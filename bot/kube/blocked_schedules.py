"""Tell whether a Job that does not end keeps a CronJob from its schedule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.kube.cron_schedules import last_due
from bot.kube.objects import spec_of, status_of
from bot.kube.timestamps import parse_time
from intents.domain import Json

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
