"""Build the parts of a terminal page: headings, hanging paragraphs, commands to copy, tables.

Lines break between words and between wide characters: rich breaks at spaces only, and Chinese has none. Where the
columns of a table do not fit, each row becomes a sentence, since a folded table is unreadable. Untrusted text only
enters as `rich.text.Text`, which interprets no markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from intents.domain import Table
from responses.tables import aligned_lines, compact, shared_values

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


_BY: Final = " · "


class TerminalTable:
    """A rich renderable: the table of a finding."""

    def __init__(self, table: Table, *, said: str = "") -> None:
        shown = compact(table, said=said)
        self._names, self._rows, self._shared = shown.names, shown.rows, shown.shared
        self._lines = aligned_lines(shown.names, shown.rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._lines:
            if max(map(cell_len, self._lines)) <= options.max_width:
                yield Text(self._lines[0], style="dim", no_wrap=True)
                yield from (Text(line, no_wrap=True) for line in self._lines[1:])
            else:
                yield from (WrappedText(Text(self._sentence(row))) for row in self._rows)
        if shared := _BY.join(shared_values(self._shared)):
            yield WrappedText(Text(shared, style="dim"))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, options.max_width)

    def _sentence(self, row: Sequence[str]) -> str:
        rest = (f"{name} {cell}" for name, cell in zip(self._names[1:], row[1:], strict=True) if cell)
        return f"{row[0]}: {_BY.join(rest)}"


DIM: Final = "dim"


def heading(text: str) -> Text:
    """Return a heading."""
    return Text(text, style="bold")


def paragraph(text: str, *, indent: int = 2, style: str = "") -> RenderableType:
    """Return an indented paragraph."""
    return Padding(WrappedText(Text(text, style=style)), (0, 0, 0, indent), expand=False)


def marked(mark: str, text: str | Text, *, indent: int = 2, style: str = "", mark_style: str = "") -> RenderableType:
    """Return `mark text` with the further lines of the text hanging below its first."""
    return listed(
        [(mark, text if isinstance(text, Text) else Text(text, style=style))], indent=indent, style=mark_style
    )


def listed(pairs: Sequence[tuple[str, Text]], *, indent: int = 2, style: str = DIM) -> RenderableType:
    """Return pairs in two columns: marks or names, and the text of each hanging beside it."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for mark, text in pairs:
        grid.add_row(Text(mark, style=style), WrappedText(text))
    return Padding(grid, (0, 0, 0, indent), expand=False)


def command(text: str, *, indent: int = 4) -> list[Text]:
    """Return lines to copy. They are never wrapped: a broken command is another command."""
    return [
        Text(" " * indent + line, style="cyan", no_wrap=True, overflow="ignore") for line in text.rstrip().splitlines()
    ]


def link(title: str, url: str, *, indent: int = 2) -> Text:
    """Return an address on one line at any width, so that it can be clicked and copied."""
    return Text.assemble(
        " " * indent, f"{title}: " if title else "", (url, "underline"), no_wrap=True, overflow="ignore"
    )


def table(shown: Table, *, said: str = "") -> RenderableType:
    """Return rows below the sentence they prove; a single row does not repeat what the sentence `said`."""
    return Padding(TerminalTable(shown, said=said), (0, 0, 0, 4), expand=False)
