"""How a command gives up: one clear line on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cli.exit_codes import ExitCode


class CommandError(Exception):
    """A command cannot do what was asked. `str()` is one line."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "diagnose"?` for the closest known word, "" where none is close."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only where something went wrong

    found = process.extractOne(word, sorted(known), scorer=fuzz.WRatio, score_cutoff=60)
    return f'; did you mean "{found[0]}"?' if found else ""
