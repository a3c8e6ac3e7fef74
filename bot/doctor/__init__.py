"""Check what is missing before the bot can work, and how to fix it. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """The result of a check."""

    OK = "ok"
    NOTE = "note"
    """It works, but the operator may want to know this."""
    UNKNOWN = "unknown"
    """It could not be checked."""
    MISSING = "missing"
    """Something does not work without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: `what` was checked in an `area`, `says` the result and `remedy` the fix, one line each.

    The texts may quote outside input, so the caller makes them safe before showing them.
    """

    area: str
    what: str
    state: CheckState = CheckState.OK
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class CheckedArea:
    """An area that is checked; makes the results of its checks."""

    name: str

    def ok(self, what: str, says: str) -> Check:
        return Check(area=self.name, what=what, says=says)

    def note(self, what: str, says: str, remedy: str = "") -> Check:
        return Check(area=self.name, what=what, state=CheckState.NOTE, says=says, remedy=remedy)

    def unknown(self, what: str, says: str, remedy: str = "") -> Check:
        return Check(area=self.name, what=what, state=CheckState.UNKNOWN, says=says, remedy=remedy)

    def missing(self, what: str, says: str, remedy: str = "") -> Check:
        return Check(area=self.name, what=what, state=CheckState.MISSING, says=says, remedy=remedy)


def all_well(checks: Iterable[Check]) -> bool:
    """Return whether nothing is missing and everything could be checked."""
    return not any(check.state in (CheckState.MISSING, CheckState.UNKNOWN) for check in checks)
