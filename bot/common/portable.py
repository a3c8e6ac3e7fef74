"""Store typed values as plain JSON, and restore them equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import TypeAdapter

Json = dict[str, Any]

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def _adapter(of: type[Any]) -> TypeAdapter[Any]:
    # Not made where the types are: making one takes longer than importing the rest of a module.
    if of not in _ADAPTERS:
        _ADAPTERS[of] = TypeAdapter(of)
    return _ADAPTERS[of]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):  # a read-only view, as the defaults of our frozen types are
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no plain value")


class Portable:
    """For frozen dataclasses of plain values, enums, times and each other."""

    __slots__ = ()

    def as_json(self) -> Json:
        dumped: Json = _adapter(type(self)).dump_python(self, mode="json", fallback=_plain, warnings=False)
        return dumped

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises ValueError for what no version of this type has written."""
        restored: Self = _adapter(cls).validate_python(value)
        return restored
