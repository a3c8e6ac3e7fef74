"""The silence of a post about alerts, as its row keeps it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

Json = dict[str, Any]

# Alertmanager answers within seconds; a job that was given up holds nothing back.
_ASKED_LASTS: Final = timedelta(minutes=2)


class SilenceState(StrEnum):
    """How far a silence is: claimed by a person before Alertmanager is asked, in force, ended by a person."""

    ASKED = "asked"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSilence:
    """A silence of a post's alerts. `dialog` is the one that asked for it, `id` is Alertmanager's."""

    state: SilenceState
    dialog: str
    by: str
    reason: str
    until: datetime
    at: datetime
    matchers: tuple[str, ...] = ()
    id: str = ""
    ended_by: str = ""

    def stands(self, now: datetime) -> bool:
        """Tell whether it is in force, or about to be."""
        if self.state is SilenceState.ASKED:
            return now - self.at < _ASKED_LASTS
        return self.state is SilenceState.ACTIVE and now < self.until

    def as_json(self) -> Json:
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**kept, "until": self.until.isoformat(), "at": self.at.isoformat(), "matchers": [*self.matchers]}

    @classmethod
    def from_json(cls, kept: Json) -> StoredSilence:
        times = {name: datetime.fromisoformat(kept[name]) for name in ("until", "at")}
        state, matchers = SilenceState(kept["state"]), tuple(kept["matchers"])
        return cls(**{**kept, **times, "state": state, "matchers": matchers})
