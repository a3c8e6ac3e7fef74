"""One thing that was looked at, and how it was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It works, and whoever runs it may want to know this."""
    UNKNOWN = "unknown"
    """It could not be looked at."""
    MISSING = "missing"
    """Something does not work without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`what` of an `area` was looked at; `says` how it was found and `remedy` what to do, a line each.

    The words may quote what came from outside: whoever shows them makes them safe.
    """

    area: str
    what: str
    state: State = State.OK
    says: str
    remedy: str = ""


def all_well(checks: Iterable[Check]) -> bool:
    """What could not be looked at is not fine."""
    return not any(check.state in (State.MISSING, State.UNKNOWN) for check in checks)
