"""Find the last time at which a cron schedule was due.

Five fields, ranges, steps, lists, names of months and days, and @hourly … as the CronJob controller takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MACROS: Final[Mapping[str, str]] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_RANGES: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# The 29th of February is due every fourth year.
_MOST_DAYS: Final = 4 * 366


@dataclass(frozen=True, slots=True)
class _Schedule:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Day of month and day of week are both given: one of them is enough."""

    def has_day(self, at: datetime) -> bool:
        if at.month not in self.months:
            return False
        by_month, by_week = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either else by_month and by_week


def last_due(schedule: str, zone: str, now: datetime) -> datetime | None:
    """Return when a schedule was last due at or before a time, None if it cannot be read or never is due.

    Without a zone the controller's own counts, which is taken to be UTC.
    """
    prefix, _, rest = schedule.strip().partition(" ")
    if prefix.startswith(("TZ=", "CRON_TZ=")):
        zone, schedule = prefix.partition("=")[2], rest
    try:
        parsed, local = _parsed(schedule), now.astimezone(ZoneInfo(zone or "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        return None
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(_MOST_DAYS):
        at = day - timedelta(days=back)
        if not parsed.has_day(at):
            continue
        for hour in sorted(parsed.hours, reverse=True):
            for minute in sorted(parsed.minutes, reverse=True):
                due = at.replace(hour=hour, minute=minute)
                if due <= local:
                    return due.astimezone(now.tzinfo)
    return None


def _parsed(schedule: str) -> _Schedule:
    """Return the sets of a schedule's fields. Raises ValueError."""
    text = _MACROS.get(schedule.strip().lower(), schedule)
    fields = text.split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"expected five fields, got {schedule!r}")
    minutes, hours, days, months, weekdays = (
        _values(field, low, high, names)
        for field, (low, high), names in zip(fields, _RANGES, ((), (), (), _MONTHS, _DAYS), strict=True)
    )
    either = not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?"))
    return _Schedule(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _values(field: str, low: int, high: int, names: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, names, low)
            end = _number(last, names, low) if dash else high if step else begin
        width = int(step or 1)
        if width < 1 or not low <= begin <= end <= high:
            raise ValueError(f"out of range: {field!r}")
        found.update(range(begin, end + 1, width))
    return frozenset(found)


def _number(text: str, names: Sequence[str], low: int) -> int:
    return names.index(text) + low if text in names else int(text)
