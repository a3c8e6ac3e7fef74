"""What a command's exit code says. Scripts rely on these: they are never renumbered."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    ANSWERED = 0
    PROBLEMS = 1
    UNUSABLE = 2
    UNKNOWN = 3
    NOT_FOUND = 4


# Ended by SIGTERM before there was anything to be finished, as shells report it.
TERMINATED: Final = 143

MEANINGS: Final = {
    ExitCode.ANSWERED: "answered: at least one hypothesis that is not ruled out; for `lint` or `doctor`, nothing wrong",
    ExitCode.PROBLEMS: "`lint` found errors, or `doctor` something missing",
    ExitCode.UNUSABLE: "wrong usage, unreadable input, a malformed setting, a cluster or database that cannot be used",
    ExitCode.UNKNOWN: '"I don\'t know this one": nothing scored above the threshold, or nothing known is wrong',
    ExitCode.NOT_FOUND: "the object to diagnose, or the incident to show, does not exist",
}


def table() -> Iterator[str]:
    """The Markdown table of the documentation, line by line."""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
