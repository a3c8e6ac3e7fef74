"""How a command gives up: one clear line on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.cli.exit_codes import ExitCode

# Of 100; a name below is another name.
_CLOSE: Final = 60


class CommandError(Exception):
    """A command cannot do what was asked. `str()` is one line."""

    def __init__(self, message: str, *, code: ExitCode = ExitCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


def did_you_mean(word: str, known: Iterable[str], *, part: bool = False) -> str:
    """`; did you mean "diagnose"?` for the closest known word, "" where none is close.

    With `part` the word may be a part of what is meant, as people shorten long names.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415 - only where something went wrong

    scorer = fuzz.WRatio if part else fuzz.ratio
    # Of several that a part is in alike, the one that is most like the whole.
    scored = [(scorer(word, each), fuzz.ratio(word, each), each) for each in sorted(known)]
    score, _, found = max(scored, default=(0, 0, ""), key=lambda one: one[:2])
    return f'; did you mean "{found}"?' if score >= _CLOSE else ""
