"""Rows of a probe as a reader takes them in: what all share is said once, what differs stands in columns.

Where the columns do not fit, each row becomes a sentence: a table folded letter by letter helps nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from intents.domain import Table
from responses.wrapping import Wrapped

_GAP: Final = 2
_BY: Final = " · "


class Rows:
    """A table of a finding."""

    def __init__(self, table: Table, *, said: str = "") -> None:
        names = [_named(column) for column in table.columns]
        columns = list(zip(*table.rows, strict=True))
        alike = [len(set(cells)) == 1 and index > 0 for index, cells in enumerate(columns)]
        if len(table.rows) == 1:
            alike = [True] * len(columns)
        self._shared = [
            (name, cells[0])
            for name, cells, same in zip(names, columns, alike, strict=True)
            if same and not (len(table.rows) == 1 and _is_in(cells[0], said))
        ]
        self._names = [name for name, same in zip(names, alike, strict=True) if not same]
        self._rows = [[cell for cell, same in zip(row, alike, strict=True) if not same] for row in table.rows]
        self._widths = [
            max(cell_len(name), *(cell_len(row[index]) for row in self._rows)) for index, name in enumerate(self._names)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._names:
            if self._width <= options.max_width:
                yield Text(self._line(self._names), style="dim", no_wrap=True)
                yield from (Text(self._line(row), no_wrap=True) for row in self._rows)
            else:
                yield from (Wrapped(Text(self._sentence(row))) for row in self._rows)
        if shared := _BY.join(f"{name} {cell}" for name, cell in self._shared if cell):
            yield Wrapped(Text(shared, style="dim"))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, options.max_width)

    @property
    def _width(self) -> int:
        return sum(self._widths) + _GAP * (len(self._widths) - 1)

    def _line(self, cells: Sequence[str]) -> str:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, self._widths, strict=True))
        return (" " * _GAP).join(padded).rstrip()

    def _sentence(self, row: Sequence[str]) -> str:
        rest = (f"{name} {cell}" for name, cell in zip(self._names[1:], row[1:], strict=True) if cell)
        return f"{row[0]}: {_BY.join(rest)}"


def _is_in(cell: str, said: str) -> bool:
    # A number or a yes occurs anywhere; a name or a time span does not by chance.
    return len(cell) > 2 and cell.lower() not in ("true", "false") and cell in said


def _named(column: str) -> str:
    """A row's key without its unit: the values are formatted already."""
    return column.removesuffix("_s").removesuffix("_m").replace("_", " ")
