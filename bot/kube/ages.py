"""Ages in whole seconds before a given moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from bot.kube.timestamps import parse_time

UNKNOWN: Final = -1


def seconds_since(timestamp: Any, now: datetime) -> int:
    """Return whole seconds since an RFC 3339 time: 0 for a time that lies ahead (clocks differ), -1 for none."""
    at = parse_time(timestamp)
    return UNKNOWN if at is None else max(int((now - at).total_seconds()), 0)


def moment(age_s: int, now: datetime) -> datetime | None:
    """Return the time that many seconds ago, None for an unknown age."""
    return None if age_s == UNKNOWN else now - timedelta(seconds=age_s)
