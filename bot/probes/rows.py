"""Declare the rows of a probe once: a frozen class whose fields are the keys of the row, with their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, get_type_hints

from intents.domain import ObjectRef, Row, RowType, Value

_TYPES: Final[Mapping[object, RowType]] = {
    str: RowType.STRING,
    int: RowType.INTEGER,
    float: RowType.NUMBER,
    bool: RowType.BOOLEAN,
    tuple[str, ...]: RowType.STRINGS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowValues:
    """The values of a row; subclass it with a field for each key.

    A field may be another such class: its keys are then keys of the row too. A tuple of strings is a key of STRINGS.
    A key that is a word of Python has a field with an underscore at its end: class_.
    """

    @classmethod
    def keys(cls) -> Mapping[str, RowType]:
        """Return the keys of the row with their types. Raise KeyError for a field of another type."""
        found: dict[str, RowType] = {}
        for key, type_ in get_type_hints(cls).items():
            if isinstance(type_, type) and issubclass(type_, RowValues):
                found.update(type_.keys())
            else:
                found[key.rstrip("_")] = _TYPES[type_]
        return found

    def values(self) -> dict[str, Value]:
        """Return the values by key."""
        found: dict[str, Value] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, RowValues):
                found.update(value.values())
            else:
                found[each.name.rstrip("_")] = value
        return found

    def row(
        self,
        subject: ObjectRef,
        *,
        quote: str = "",
        reproduce: str = "",
        at: datetime | None = None,
        lasts: bool = False,
        more: Mapping[str, Value] | None = None,
    ) -> Row:
        """Return the row about an object, with its evidence; `more` are the keys that an argument of the entry adds."""
        values = {**self.values(), **(more or {})}
        return Row(values=values, subject=subject, quote=quote, reproduce=reproduce, at=at, lasts=lasts)
