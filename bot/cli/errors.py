"""Define how a command ends: its exit code, and one clear line on stderr if it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

from intents.spelling import closest

# In percent; a less similar name is a different name.
_CLOSE: Final = 60


class ExitCode(IntEnum):
    """An exit code of a command. Scripts rely on them: they are never renumbered."""

    ANSWERED = 0
    PROBLEMS = 1
    UNUSABLE = 2
    UNKNOWN = 3
    NOT_FOUND = 4
    FAILED = 5
    NOT_ROLLED_OUT = 6


# Ended by SIGTERM before any work had started, as shells report it.
TERMINATED: Final = 143

MEANINGS: Final = {
    ExitCode.ANSWERED: "answered: at least one hypothesis is not ruled out; for `lint` or `doctor`, no problem;"
    " with `--fail-on`, every object passed",
    ExitCode.PROBLEMS: "`lint` found errors, or `doctor` found something missing",
    ExitCode.UNUSABLE: "wrong usage, unreadable input, a malformed setting, a cluster or database that cannot be used",
    ExitCode.UNKNOWN: '"I don\'t know this one": nothing scored above the threshold, or no known problem was found;'
    " with `--fail-on`, only if something could not be read",
    ExitCode.NOT_FOUND: "the object to diagnose, or the incident to show, does not exist",
    ExitCode.FAILED: "`diagnose`: a verdict is at least that of `--fail-on`",
    ExitCode.NOT_ROLLED_OUT: "`diagnose --wait-rollout`: the rollout failed or did not complete in time, and no verdict"
    " is at least that of `--fail-on`",
}


def table() -> Iterator[str]:
    """Yield the lines of the Markdown table for the documentation."""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())


class CommandError(Exception):
    """A command that cannot do what was asked. `str()` is one line."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def told(*kinds: type[Exception], what: str = "") -> Iterator[None]:
    """Turn errors of these kinds into errors of the command; `what` says what cannot be done."""
    try:
        yield
    except kinds as error:
        says = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        raise CommandError(f"{what}: {says}" if what else says) from error


def did_you_mean(word: str, known: Iterable[str], *, part: bool = False) -> str:
    """Return `; did you mean "diagnose"?` for the closest known word, or "" if none is close.

    With `part` the word may be a part of the known one, because people shorten long names.
    """
    meant = closest(word, known, at_least=_CLOSE, part=part)
    return f'; did you mean "{meant}"?' if meant else ""
