"""The contract of every probe: a declaration of what it reads and fills, and one coroutine that reads.

A probe never raises for what the cluster refuses or lacks: that becomes a gap, a missing object or "not applicable" in
its ProbeResult. It sorts its rows, so that the same cluster gives the same rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.cluster.snapshot import Snapshot
from intents.domain import Focus, ProbeDeclaration, ProbeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One call of a probe: the snapshot to read, what is in question, and the arguments of the catalog entry."""

    snapshot: Snapshot
    focus: Focus
    args: Mapping[str, Any]
    named: Mapping[str, str]

    @property
    def now(self) -> datetime:
        """Return the snapshot's time, from which every age counts."""
        return self.snapshot.now

    def flag(self, name: str) -> bool:
        """Tell whether an argument of the entry says true; from a template it arrives as text."""
        return self.args.get(name) in (True, "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A probe: what it declares, and the coroutine that reads."""

    declaration: ProbeDeclaration
    read: Callable[[Look], Awaitable[ProbeResult]]
