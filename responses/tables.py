"""Shorten tables and quotes for any surface: the values that differ are columns, those that all rows share are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Finding, FindingOutcome, Table
from intents.languages import in_sentence, quotable, quoted
from responses import sentences
from responses.shown import shortened, shown_line

_GAP: Final = 2
_YES, _NO = "yes", "no"
_BOOLEANS: Final = {"true": _YES, "false": _NO}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactTable:
    """The columns that differ, with names and rows, and the (name, cell) pairs `shared` by all rows.

    A table of one row has no columns: all of it is shared.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shared: tuple[tuple[str, str], ...]


def compact(table: Table, *, said: str = "") -> CompactTable:
    """Return the compact form of a table with at least one row.

    A single row does not repeat what the sentence above it `said`.
    """
    names = [_named(column) for column in table.columns]
    shown_rows = [tuple(_BOOLEANS.get(cell, cell) for cell in row) for row in table.rows]
    columns = list(zip(*shown_rows, strict=True))
    alike = [len(set(cells)) == 1 and index > 0 for index, cells in enumerate(columns)]
    if len(table.rows) == 1:
        alike = [True] * len(columns)
    shared = tuple(
        (name, cells[0])
        for name, cells, same in zip(names, columns, alike, strict=True)
        if same and not (len(table.rows) == 1 and _is_in(cells[0], said))
    )
    return CompactTable(
        names=tuple(name for name, same in zip(names, alike, strict=True) if not same),
        rows=tuple(tuple(cell for cell, same in zip(row, alike, strict=True) if not same) for row in shown_rows),
        shared=shared,
    )


def shared_values(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the values that all rows share as words: "node worker-a", "ready", "not ready"."""
    return tuple(_value(name, cell) for name, cell in pairs if cell)


def _value(name: str, cell: str) -> str:
    if cell in (_YES, _NO):
        return name if cell == _YES else f"not {name}"
    return f"{name} {in_sentence(cell)}"


def aligned_lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the lines of a table in a fixed-width font, the names first; wide characters count as two."""
    from rich.cells import cell_len  # noqa: PLC0415 - only for a table

    if not names:
        return ()
    lines = (names, *rows)
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    padded = (
        [cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)] for cells in lines
    )
    return tuple((" " * _GAP).join(cells).rstrip() for cells in padded)


def _is_in(cell: str, said: str) -> bool:
    # Short cells occur in any sentence by chance; names and durations do not.
    return len(cell) > 3 and quotable(cell) in quotable(said)


def _named(column: str) -> str:
    """Return a row's key without its unit: the values already have one."""
    return column.removesuffix("_s").removesuffix("_m").replace("_", " ")


# JSON has the quote in full.
LONGEST_QUOTE: Final = 400


def quote(text: str) -> str:
    """Return a quote on one line, in quotation marks; of a long one the beginning."""
    return quoted(shortened(shown_line(text), most=LONGEST_QUOTE))


def below(finding: Finding, says: str, shown: list[str]) -> str:
    """Return the object and the quote of a finding that says so, each unless it is `shown`; "" for neither."""
    shown.append(says)
    cited = quote(finding.quote) if finding.quote and not sentences.is_shown(finding.quote, shown) else ""
    subject = str(finding.subject) if finding.subject and finding.subject.name not in says else ""
    if not cited and (not subject or finding.outcome is FindingOutcome.NEUTRAL):
        return ""
    shown.append(finding.quote)
    return sentences.joined(subject, cited, by=": ")
