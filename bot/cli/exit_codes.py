"""Define the exit codes of commands. Scripts rely on them: they are never renumbered."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """An exit code of a command."""

    ANSWERED = 0
    PROBLEMS = 1
    UNUSABLE = 2
    UNKNOWN = 3
    NOT_FOUND = 4


# Ended by SIGTERM before any work had started, as shells report it.
TERMINATED: Final = 143

MEANINGS: Final = {
    ExitCode.ANSWERED: "answered: at least one hypothesis is not ruled out; for `lint` or `doctor`, no problem",
    ExitCode.PROBLEMS: "`lint` found errors, or `doctor` found something missing",
    ExitCode.UNUSABLE: "wrong usage, unreadable input, a malformed setting, a cluster or database that cannot be used",
    ExitCode.UNKNOWN: '"I don\'t know this one": nothing scored above the threshold, or no known problem was found',
    ExitCode.NOT_FOUND: "the object to diagnose, or the incident to show, does not exist",
}


def table() -> Iterator[str]:
    """Yield the lines of the Markdown table for the documentation."""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
