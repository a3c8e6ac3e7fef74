"""Break lines between words and between wide characters: rich breaks at spaces only, and Chinese has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

_WIDE: Final = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING: Final = r"[（《「『“‘【(]*"
_CLOSING: Final = r"[，。；：、！？）》」』”’…】]*"
# An unbreakable piece: a word or one wide character, with the white space after it. Opening punctuation never ends a
# line, and closing punctuation never begins one.
_PIECE: Final = re.compile(rf"\n|{_OPENING}(?:[^\s{_WIDE}]+|[{_WIDE}]|){_CLOSING}[^\S\n]*")


class WrappedText:
    """A rich renderable: text wrapped between words or wide characters to the width it is given."""

    def __init__(self, text: Text) -> None:
        # The width of a tab depends on its column, that of a space does not.
        self._text = text.copy()
        self._text.plain = text.plain.replace("\t", " ")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plain = self._text.plain
        for start, end in _lines(plain, options.max_width):
            line = self._text[start:end]
            line.no_wrap, line.overflow = True, "fold"
            line.rstrip()
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max((cell_len(line) for line in self._text.plain.split("\n")), default=0)
        return Measurement(min(widest, 8), max(widest, 1)).clamp(max_width=options.max_width)


def _lines(plain: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of each line in the text."""
    start = used = 0
    for piece in _PIECE.finditer(plain):
        if not piece.group():
            continue
        if piece.group() == "\n":
            yield start, piece.start()
            start, used = piece.end(), 0
            continue
        cells = cell_len(piece.group().rstrip())
        if used and used + cells > width:
            yield start, piece.start()
            start, used = piece.start(), 0
        if cells > width:
            for at in range(piece.start(), piece.end()):
                step = cell_len(plain[at])
                if used + step > width:
                    yield start, at
                    start, used = at, 0
                used += step
        else:
            used += cell_len(piece.group())
    yield start, len(plain)
