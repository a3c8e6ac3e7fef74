"""Ages as rows carry them: whole seconds before the snapshot's time, -1 where no time is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from bot.cluster.snapshot import Snapshot

UNKNOWN: Final = -1


def age_s(snapshot: Snapshot, timestamp: Any) -> int:
    """Whole seconds since an RFC 3339 time; 0 for one that lies ahead (clocks differ), -1 for none."""
    age = snapshot.age(timestamp) if isinstance(timestamp, str) else None
    return UNKNOWN if age is None else max(int(age), 0)


def moment(snapshot: Snapshot, age: int) -> datetime | None:
    """When that was, None where no time is known: for a row's `at`."""
    return None if age == UNKNOWN else snapshot.now - timedelta(seconds=age)
