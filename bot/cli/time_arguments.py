"""Parse times on the command line: an age such as 24h, or an RFC 3339 time."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import Final

_AGO: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
# A date alone is midnight UTC, and a time without a zone is in UTC.
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)


def time_argument(text: str) -> datetime:
    """Return an aware time. Raise argparse.ArgumentTypeError."""
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        if _WRITTEN.fullmatch(text):
            at = datetime.fromisoformat(text.upper())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a time: expected 24h, 7d, or one such as 2026-03-02T03:00:00Z")
