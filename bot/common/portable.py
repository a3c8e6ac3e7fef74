"""Turn values into plain JSON for a journal or a store, and back into equal values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import TypeAdapter

from intents.domain import Json

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def adapter_of(of: type[Any]) -> TypeAdapter[Any]:
    """Return the adapter of a type, created on first use: that takes longer than importing the rest of a module."""
    if of not in _ADAPTERS:
        _ADAPTERS[of] = TypeAdapter(of)
    return _ADAPTERS[of]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):  # a read-only view, such as the defaults of our frozen types
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is not a plain value")


class Portable:
    """Base of frozen dataclasses of plain values, enums, times and each other."""

    __slots__ = ()

    def as_json(self) -> Json:
        """Return the value as plain JSON."""
        dumped: Json = adapter_of(type(self)).dump_python(self, mode="json", fallback=_plain, warnings=False)
        return dumped

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Return the value. Raise ValueError for JSON that no version of this type has written."""
        restored: Self = adapter_of(cls).validate_python(value)
        return restored
