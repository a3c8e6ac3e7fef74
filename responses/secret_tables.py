"""Hide the column of a table whose header announces a secret: CSV, tabs, Markdown, psql, aligned columns, INSERT."""

from __future__ import annotations

import re
from typing import Any, Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import Match, hidden
from responses.secret_names import Level, level_of
from responses.secret_values import is_no_secret

# How columns are separated, in the order in which they are tried.
_DELIMITERS: Final = tuple(
    LatePattern(each) for each in (rb"\t", rb"\||" + "│|║|┃".encode(), rb",", rb";", rb"[ ]{2,}")
)
_CELL: Final = LatePattern(rb"[\s*_`\"'#]*[A-Za-z\x{80}-\x{ffff}][\w\x{80}-\x{ffff} .()/*`\"'-]{0,40}[\s*_`\"']*|\s*")
_RULE: Final = LatePattern(rb"[\s|+:=\x{2500}-\x{257f}-]+")
_HINT: Final = re.compile(rb"(?i)pass|pw|secret|token|cred|psk|key|auth")
_INSERT: Final = LatePattern(
    rb"(?i)\binsert\s+into\s+[\w.`\"]+\s*\(([^()]{1,400})\)\s*values\s*((?:\((?:'[^'\n]*'|[^()'])*\)[\s,]*)+)"
)
_ROW: Final = LatePattern(rb"\(((?:'[^'\n]*'|[^()'])*)\)")
_ROW_VALUE: Final = LatePattern(rb"\s*(?:'([^'\n]*)'|[^,']+)\s*,?")
_LONGEST_HEADER: Final = 400
_MOST_COLUMNS: Final = 40


# Delimiter, telling columns with their names, number of columns.
Header = tuple[Any, tuple[tuple[int, bytes], ...], int]


def hide_columns(buffer: bytes) -> bytes:
    """Return the buffer with the cells of such columns hidden."""
    buffer = bytes(_INSERT.sub(_hide_rows, buffer)) if b"nsert" in buffer.lower() else buffer
    header: Header | None = None
    above = b""
    shown: list[bytes] = []
    for line in buffer.splitlines(keepends=True):
        treated = _hide_row(line, *header) if header else None
        if treated is None:
            header = _header(line.rstrip(b"\r\n"), above)
        shown.append(line if treated is None else treated)
        # The rule under a header does not begin another table.
        above = above if _RULE.fullmatch(line) and line.strip() else line
    return b"".join(shown)


def _hide_rows(found: Match) -> bytes:
    """Hide the values of an INSERT statement that belong to telling columns."""
    names = [_bare(name) for name in bytes(found[1]).split(b",")]
    rows = found.start(2) - found.start()
    shown = bytearray(found[0])
    for row in _ROW.finditer(found[2]):
        for name, value in zip(names, _ROW_VALUE.finditer(row[1]), strict=False):
            if _is_telling(name) and value[1] and not is_no_secret(name, bytes(value[1])):
                first, last = value.span(1)
                start = rows + row.start(1)
                shown[start + first : start + last] = hidden(bytes(value[1]))
    return bytes(shown)


def _hide_row(line: bytes, delimiter: Any, columns: tuple[tuple[int, bytes], ...], width: int) -> bytes | None:
    """Return the row with its secrets hidden, or None if the table has ended."""
    if not line.strip():
        return None
    if _RULE.fullmatch(line):
        return line
    cells = len(_cells(line, delimiter))
    if cells > width > 1 and columns[-1][0] == width - 1 and delimiter in _DELIMITERS[2:4]:
        # The last value has the delimiter in it.
        first = _cells(line, delimiter)[width - 1][0]
        return _hide_cell(line, first, len(line.rstrip()), columns[-1][1])
    if cells != width:
        return None
    for column, name in columns:
        line = _hide_cell(line, *_cells(line, delimiter)[column], name)
    return line


def _header(line: bytes, above: bytes) -> Header | None:
    """Return the delimiter, the telling columns and the number of columns of a header line, the first of its table."""
    if len(line) > _LONGEST_HEADER or b":" in line or b"=" in line or not _HINT.search(line):
        return None
    for delimiter in _DELIMITERS:
        cells = _cells(line, delimiter)
        if not 2 <= len(cells) <= _MOST_COLUMNS:
            continue
        names = [line[first:last] for first, last in cells]
        if not all(_CELL.fullmatch(name) for name in names):
            return None
        telling = tuple((number, _bare(name)) for number, name in enumerate(names) if _is_telling(_bare(name)))
        return (delimiter, telling, len(cells)) if telling and not _is_row(above, delimiter, len(cells)) else None
    return None


def _is_row(line: bytes, delimiter: Any, width: int) -> bool:
    """Return whether the line is part of the table. Commas and spaces also divide the sentence before a table."""
    if delimiter not in _DELIMITERS[:2] or not line.strip() or _RULE.fullmatch(line):
        return False
    return len(_cells(line, delimiter)) == width


def _bare(name: bytes) -> bytes:
    return name.strip(b" \t\r*_`\"'")


def _is_telling(name: bytes) -> bool:
    # `kubectl get` names the Secret of an object in this column.
    return name not in (b"SECRET", b"TOKEN") and level_of(name.decode("utf-8", "replace")) is Level.TELLING


def _cells(line: bytes, delimiter: Any) -> list[tuple[int, int]]:
    cells = []
    at = 0
    for found in delimiter.finditer(line):
        cells.append((at, found.start()))
        at = found.end()
    cells.append((at, len(line)))
    return cells


def _hide_cell(line: bytes, first: int, last: int, name: bytes) -> bytes:
    inner = line[first:last].strip(b" \t\r\n\"'`*")
    if not inner or inner == name or is_no_secret(name, inner):
        return line
    start = line.find(inner, first)
    return line[:start] + hidden(inner) + line[start + len(inner) :]
