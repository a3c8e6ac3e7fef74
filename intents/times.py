"""Read the time of a pasted line, as exact as it is written."""

from __future__ import annotations

import re
from calendar import month_abbr
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from intents.domain import PastedTime

# A time is near the start of a line or after a key of a JSON line; farther right it is part of the message.
_WITHIN: Final = 300
_MONTHS: Final = {name: number for number, name in enumerate(month_abbr) if name}

_TIME: Final = re.compile(
    # RFC 3339, ISO 8601, TiDB's [2022/09/08 11:46:12.703 +08:00], Go's 2009/11/10 23:00:00
    r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T _](?P<clock>\d\d:\d\d:\d\d)"
    r"(?:[.,](?P<fraction>\d{1,9}))? ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
    # klog: severity, month and day, no year, no zone
    r"|(?<![A-Za-z0-9])[IWEF](?P<kmonth>\d\d)(?P<kday>\d\d) (?P<kclock>\d\d:\d\d:\d\d)\.(?P<kfraction>\d{1,9})"
    # RFC 1123 as kubectl describe prints it: Thu, 06 Mar 2025 11:02:19 +0100
    r"|(?P<rday>\d\d?) (?P<rmonth>[A-Z][a-z]{2}) (?P<ryear>\d{4}) (?P<rclock>\d\d:\d\d:\d\d)"
    r"(?: (?P<rzone>GMT|UTC|[+-]\d{4}))?"
    # syslog: Mar  6 11:02:19, no year, no zone
    r"|(?<![A-Za-z])(?P<smonth>[A-Z][a-z]{2}) {1,2}(?P<sday>\d\d?) (?P<sclock>\d\d:\d\d:\d\d)"
    # zap: seconds since 1970 as a float
    r"|\"?(?:ts|time|timestamp)\"?[:=] ?\"?(?P<epoch>1\d{9})(?:\.(?P<efraction>\d{1,9}))?(?!\d)"
)


def is_dated(line: str) -> bool:
    """Return whether a line has a time."""
    return _TIME.search(line, 0, _WITHIN) is not None


def without_time(line: str) -> str:
    """Return a line without its first time; a JSON line keeps the key."""
    return _TIME.sub(" ", line[:_WITHIN], count=1) + line[_WITHIN:]


def time_in(line: str) -> PastedTime | None:
    """Return the first time in a line; None without a time, or if it does not exist in the calendar."""
    match = _TIME.search(line, 0, _WITHIN)
    if match is None:
        return None
    try:
        return _time(match)
    except (ValueError, OverflowError):
        return None


def _time(match: re.Match[str]) -> PastedTime | None:
    if match["epoch"]:
        at = datetime.fromtimestamp(int(match["epoch"]), tz=UTC) + _fraction(match["efraction"])
        return PastedTime(at=at, year_known=True, zone_known=True)
    if match["year"]:
        date = (int(match["year"]), int(match["month"]), int(match["day"]))
        return _pasted(date, match["clock"], match["fraction"], match["zone"])
    if match["kmonth"]:
        return _pasted((0, int(match["kmonth"]), int(match["kday"])), match["kclock"], match["kfraction"], None)
    if match["rmonth"]:
        month = _MONTHS.get(match["rmonth"], 0)
        return _pasted((int(match["ryear"]), month, int(match["rday"])), match["rclock"], None, match["rzone"])
    month = _MONTHS.get(match["smonth"], 0)
    return _pasted((0, month, int(match["sday"])), match["sclock"], None, None)


def _pasted(date: tuple[int, int, int], clock: str, fraction: str | None, zone: str | None) -> PastedTime:
    year, month, day = date
    hour, minute, second = (int(part) for part in clock.split(":"))
    # 29 February without a year has no certain date: 1900 had none, so it counts as no time.
    at = datetime(year or 1900, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone)) + _fraction(fraction)
    return PastedTime(at=at, year_known=bool(year), zone_known=zone is not None)


def _fraction(digits: str | None) -> timedelta:
    return timedelta(microseconds=int(f"{digits:0<6}"[:6])) if digits else timedelta()


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written in ("Z", "UTC", "GMT"):
        return UTC
    digits = written.replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:5])
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))
