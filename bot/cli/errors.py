"""How a command gives up: one clear line on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cli.exit_codes import ExitCode


class CommandError(Exception):
    """A command cannot do what was asked. `str()` is one line."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


def did_you_mean(word: str, known: Iterable[str], *, part: bool = False) -> str:
    """`; did you mean "diagnose"?` for the closest known word, "" where none is close.

    With `part` the word may be a part of what is meant, as people shorten long names.
    """
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only where something went wrong

    scorer = fuzz.WRatio if part else fuzz.ratio
    found = process.extractOne(word, sorted(known), scorer=scorer, score_cutoff=60)
    return f'; did you mean "{found[0]}"?' if found else ""
