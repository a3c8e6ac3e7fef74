"""Convert relative times of a written world ("-5m") to the timestamps that an API server shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Clock: TypeAlias = Callable[[], datetime]

_RELATIVE = re.compile(r"^(?P<sign>[-+])(?P<amount>\d+(\.\d+)?)(?P<unit>[smhd])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIGNS = frozenset({"-", "+"})
_MICRO = frozenset({"renewTime", "acquireTime", "eventTime", "lastObservedTime"})
_TIME_KEYS = ("Time", "Timestamp", "At", "time", "timestamp", "After", "Before")


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Format a time as RFC 3339 with whole seconds, as metav1.Time prints."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """Format a time as RFC 3339 with six digits, as metav1.MicroTime prints."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """Parse a timestamp of an object. ValueError if it is not a timestamp."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def relative(text: object, *, now: datetime) -> datetime | None:
    """Return the time that "-5m" or "+1.5h" means, None if `text` is not a relative time."""
    if not isinstance(text, str) or (found := _RELATIVE.match(text)) is None:
        return None
    distance = timedelta(**{_UNITS[found["unit"]]: float(found["amount"])})
    return now - distance if found["sign"] == "-" else now + distance


def moment(text: str, *, now: datetime) -> datetime:
    """Return the time that "-5m" or a timestamp means. ValueError or AttributeError for anything else."""
    return relative(text, now=now) or parse(text)


def resolve(value: Any, *, now: datetime, key: str = "") -> Any:
    """Return a copy of `value` with timestamps for the relative times under keys that hold times.

    YAML reads an unquoted timestamp as a datetime; those become strings again too.
    """
    show = micro_timestamp if key in _MICRO else timestamp
    if isinstance(value, str):
        # A fast check: most texts of a world are not relative times.
        if value[:1] in _SIGNS and key.endswith(_TIME_KEYS) and (moment := relative(value, now=now)) is not None:
            return show(moment)
        return value
    if isinstance(value, dict):
        return {
            name: item if isinstance(item, str) and item[:1] not in _SIGNS else resolve(item, now=now, key=str(name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [resolve(item, now=now, key=key) for item in value]
    if isinstance(value, datetime):
        return show(value if value.tzinfo else value.replace(tzinfo=UTC))
    return value
