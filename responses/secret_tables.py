"""Hide the column of a table whose header announces a secret: CSV, tabs, Markdown, psql and aligned columns."""

from __future__ import annotations

from typing import Final

import re2

from responses.secret_buffer import hidden
from responses.secret_names import Level, level_of
from responses.secret_values import is_no_secret

# How columns are separated, in the order in which they are tried.
_DELIMITERS: Final = tuple(re2.compile(each) for each in (rb"\t", rb"\|", rb",", rb";", rb"[ ]{2,}"))
_CELL: Final = re2.compile(rb"[\s*_`\"']*[A-Za-z][\w .()/*`\"'-]{0,40}[\s*_`\"']*|\s*")
_RULE: Final = re2.compile(rb"[\s|+:=-]+")
_HINT: Final = re2.compile(
    rb"(?im)^[^\n:=]{0,200}(?:pass|pwd|pw|secret|token|cred|psk|key|auth)[^\n:=]{0,200}\r?\n"
)
_LONGEST_HEADER: Final = 400
_MOST_COLUMNS: Final = 40


def hide_columns(buffer: bytes) -> bytes:
    """Return the buffer with the cells of such columns hidden."""
    if not _HINT.search(buffer):
        return buffer
    lines = buffer.split(b"\n")
    at = 0
    while at < len(lines):
        header = _header(lines[at])
        at += 1
        if header is None:
            continue
        delimiter, columns, width = header
        while at < len(lines) and lines[at].strip():
            cells = _cells(lines[at], delimiter)
            if not _RULE.fullmatch(lines[at]):
                if len(cells) != width:
                    break
                lines[at] = _hide_cells(lines[at], [cells[column] for column in columns])
            at += 1
    return b"\n".join(lines)


def _header(line: bytes) -> tuple[object, tuple[int, ...], int] | None:
    """Return the delimiter, the telling columns and the number of columns of a header line."""
    if len(line) > _LONGEST_HEADER:
        return None
    for delimiter in _DELIMITERS:
        cells = _cells(line, delimiter)
        if not 2 <= len(cells) <= _MOST_COLUMNS:
            continue
        names = [line[first:last] for first, last in cells]
        if not all(_CELL.fullmatch(name) for name in names):
            return None
        telling = tuple(number for number, name in enumerate(names) if _is_telling(name))
        return (delimiter, telling, len(cells)) if telling else None
    return None


def _is_telling(name: bytes) -> bool:
    bare = name.strip(b" \t\r*_`\"'")
    # `kubectl get` names the Secret of an object in this column.
    return bare not in (b"SECRET", b"TOKEN") and level_of(bare.decode("utf-8", "replace")) is Level.TELLING


def _cells(line: bytes, delimiter: object) -> list[tuple[int, int]]:
    cells = []
    at = 0
    for found in delimiter.finditer(line):  # type: ignore[attr-defined]
        cells.append((at, found.start()))
        at = found.end()
    cells.append((at, len(line)))
    return cells


def _hide_cells(line: bytes, cells: list[tuple[int, int]]) -> bytes:
    shown = bytearray(line)
    for first, last in cells:
        cell = line[first:last]
        inner = cell.strip(b" \t\r\"'`*")
        if inner and not is_no_secret(b"", inner):
            start = first + cell.find(inner)
            shown[start : start + len(inner)] = hidden(inner)
    return bytes(shown)
