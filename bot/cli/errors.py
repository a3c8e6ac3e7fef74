"""Define how a command fails: one clear line on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.cli.exit_codes import ExitCode

# In percent; a less similar name is a different name.
_CLOSE: Final = 60


class CommandError(Exception):
    """A command that cannot do what was asked. `str()` is one line."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


def did_you_mean(word: str, known: Iterable[str], *, part: bool = False) -> str:
    """Return `; did you mean "diagnose"?` for the closest known word, or "" if none is close.

    With `part` the word may be a part of the known one, because people shorten long names.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415 - only where something went wrong

    scorer = fuzz.WRatio if part else fuzz.ratio
    # Of several names that contain the word equally well, the most similar one wins.
    scored = [(scorer(word, each), fuzz.ratio(word, each), each) for each in sorted(known)]
    score, _, found = max(scored, default=(0, 0, ""), key=lambda one: one[:2])
    return f'; did you mean "{found}"?' if score >= _CLOSE else ""
