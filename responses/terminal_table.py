"""Show rows of a probe in a terminal: values that differ as columns, values that all rows share below them.

Where the columns do not fit, each row becomes a sentence: a folded table is unreadable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from intents.domain import Table
from responses.tables import aligned_lines, compact, shared_values
from responses.wrapped_text import WrappedText

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
