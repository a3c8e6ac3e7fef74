"""Define what is read of a pasted object: which of its lines are evidence, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from intents.condition_polarity import Polarity, is_trouble, polarity
from intents.kinds import SPELLINGS
from intents.named_objects import Entity
from intents.pasted_objects.outline import Row

_CONDITIONS: Final = "conditions"


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
        if not _is_of_condition(row):
            continue
        first = rows[group[0]] if group else None
        goes_on = first and row.items == first.items and (row.path == rows[index - 1].path or _is_new(row, rows, group))
        if group and not goes_on:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _is_of_condition(row: Row) -> bool:
    return len(row.path) > 1 and row.path[-2].lower() == _CONDITIONS


def _is_new(row: Row, rows: Sequence[Row], group: Sequence[int]) -> bool:
    return all(rows[index].path != row.path for index in group)


def named(kind: str, name: str, namespace: str) -> tuple[Entity, ...]:
    """Return the names of an object: its own, if the kind is one of ours, and its namespace."""
    word = SPELLINGS.get(kind.lower(), "")
    found = [Entity(kind=word, value=name, namespace=namespace)] if word and name else []
    return (*found, Entity(kind="namespace", value=namespace)) if namespace else tuple(found)
