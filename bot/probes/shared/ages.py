"""Ages as rows carry them: whole seconds before the snapshot's time, -1 where no time is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.cluster.snapshot import Snapshot
from bot.kube import ages
from bot.kube.ages import UNKNOWN as UNKNOWN  # noqa: PLC0414


def age_s(snapshot: Snapshot, timestamp: Any) -> int:
    """Return whole seconds since an RFC 3339 time; 0 for one that lies ahead (clocks differ), -1 for none."""
    return ages.seconds_since(timestamp, snapshot.now)


def moment(snapshot: Snapshot, age: int) -> datetime | None:
    """Return when that was, for a row's `at`; None where no time is known."""
    return ages.moment(age, snapshot.now)
