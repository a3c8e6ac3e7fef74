"""Read lines that are indented below keys, as `kubectl describe`, YAML and JSON are: the keys above each line.

Nothing here knows which keys there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_BRACKETS: Final = re.compile(r"[\[\]{}]+,?$")
_DASH: Final = re.compile(r"-(?: +|$)")

# The line's number in the text, and the line; pieces of a long line share a number.
NumberedLine = tuple[int, str]


class Row(NamedTuple):
    """A line below keys: their names from the root to its own, and its value.

    `items` tells which entry of a list it belongs to: the lines where the entries around it begin.
    """

    path: tuple[str, ...]
    value: str
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A way to write keys.

    `key_of` reads (key, value) of a stripped line. `is_root` tells which keys have none above, `first` is the one that
    begins another object.
    """

    key_of: Callable[[str], tuple[str, str] | None]
    is_root: Callable[[str], bool]
    first: str = ""


class _Level(NamedTuple):
    indent: int
    name: str  # empty for an entry of a list
    line: int


def outline(lines: Sequence[NumberedLine], start: int, layout: Layout) -> list[Row]:
    """Return the rows of the object that begins at a line, up to the first line that belongs to none of its keys."""
    base = _indent(lines[start][1])
    rows: list[Row] = []
    levels: list[_Level] = []
    for index in range(start, len(lines)):
        number, text = lines[index]
        if rows and number == lines[index - 1][0]:
            rows.append(rows[-1])
            continue
        indent, written = _indent(text), text.strip()
        at = indent
        while dash := _DASH.match(written):
            levels = [*_above(levels, indent + 1), _Level(indent + 1, "", index)]
            indent, written = indent + dash.end(), written[dash.end() :]
        key = layout.key_of(written)
        if _BRACKETS.match(written):
            levels = _above(levels, indent)
            levels += [_Level(indent, "", index)] if written.startswith("{") else []
        elif at <= base and not (key and layout.is_root(key[0]) and not (rows and key[0] == layout.first)):
            break
        else:
            levels = _above(levels, indent)
            levels += [_Level(indent, key[0], index)] if key else []
        path = tuple(level.name for level in levels if level.name)
        rows.append(Row(path, key[1] if key else written, tuple(level.line for level in levels if not level.name)))
    return rows


def _above(levels: Sequence[_Level], indent: int) -> list[_Level]:
    return [level for level in levels if level.indent < indent]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
