"""Read lines that are indented below keys, and define what is read of a pasted object.

`kubectl describe`, YAML and JSON are indented so. Nothing here knows which keys there are. A section says which
lines of the object are evidence, and what it is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from intents.condition_polarity import Polarity, is_trouble, polarity
from intents.kinds import SPELLINGS
from intents.named_objects import Entity

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Consecutive lines about objects: what of each is evidence, and names by line, counted from the first."""

    told: Sequence[str]
    names: Mapping[int, tuple[Entity, ...]] = field(default_factory=dict)


def is_normal(kind: str, name: str, status: str, reason: str = "", message: str = "") -> bool:
    """Return whether a condition is as it is on a healthy object."""
    condition = {"type": name, "status": status, "reason": reason, "message": message}
    if is_trouble(kind, condition):
        return False
    means = polarity(kind, name)
    return means is not Polarity.NEUTRAL or status == "True"


def normal_conditions(rows: Sequence[Row], kinds: Sequence[str]) -> Iterator[int]:
    """Yield the indexes of the rows that are part of a condition that is normal; `kinds` has the object's for each."""
    for group in _conditions(rows):
        fields = {row.path[-1].lower(): row.value for row in (rows[index] for index in group)}
        found = (fields.get(key, "") for key in ("type", "status", "reason", "message"))
        if fields.keys() >= {"type", "status"} and is_normal(kinds[group[0]], *found):
            yield from group


def _conditions(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Yield the indexes of the rows of each condition: it ends where its list's entry does, or a key comes again."""
    group: list[int] = []
    for index, row in enumerate(rows):
        if len(row.path) < 2 or row.path[-2].lower() != "conditions":
            continue
        follows = row.path == rows[index - 1].path or all(rows[each].path != row.path for each in group)
        if group and not (row.items == rows[group[0]].items and follows):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def named(kind: str, name: str, namespace: str) -> tuple[Entity, ...]:
    """Return the names of an object: its own, if the kind is one of ours, and its namespace."""
    word = SPELLINGS.get(kind.lower(), "")
    found = [Entity(kind=word, value=name, namespace=namespace)] if word and name else []
    return (*found, Entity(kind="namespace", value=namespace)) if namespace else tuple(found)
