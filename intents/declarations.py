"""Declare what a probe reads, so that an entry of the catalog can be checked without a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from intents.domain import Permission


class RowType(StrEnum):
    """The types of row values, as CEL sees them."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRINGS = "strings"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgDeclaration:
    """An argument that a catalog entry may give to a probe."""

    says: str
    required: bool = False
    # "regex": its named groups become string row keys; "mapping": its keys become row keys, strings unless the value
    # names another type: {integer: …}.
    adds_keys: str = ""
    # The variables of an argument that is CEL, each with the argument that binds it ("" if it is always bound).
    variables: Mapping[str, str] = field(default_factory=dict)
    # The functions that such an argument may call beside those of CEL.
    functions: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    # The value that counts where an entry gives none.
    default: str = ""
    # Row keys that only a certain value of the argument fills; the value of a flag is "true".
    fills: Mapping[str, Mapping[str, RowType]] = field(default_factory=dict)

    def keys(self, value: Any) -> Mapping[str, RowType]:
        """Return the row keys that this value of the argument adds."""
        if self.adds_keys == "mapping" and isinstance(value, Mapping):
            return {key: typed(each)[0] for key, each in value.items()}
        if self.adds_keys == "regex" and isinstance(value, str):
            return dict.fromkeys(_groups(value), RowType.STRING)
        return self.fills.get(_as_yaml(value or self.default), {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDeclaration:
    """The contract of a probe: a read fills every key of `rows` and needs no more than `permissions`."""

    name: str
    says: str
    rows: Mapping[str, RowType]
    args: Mapping[str, ArgDeclaration] = field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()

    def __post_init__(self) -> None:
        # What several parts of a probe need is one permission.
        object.__setattr__(self, "permissions", tuple(dict.fromkeys(self.permissions)))

    def keys(self, args: Mapping[str, Any]) -> dict[str, RowType]:
        """Return the row keys that a read with these arguments fills."""
        found = dict(self.rows)
        for name, argument in self.args.items():
            found.update(argument.keys(args.get(name)))
        return found


def typed(value: Any) -> tuple[RowType, str]:
    """Split what an entry gives for a row key into its type and the text: {integer: size(it)}; bare text is a string.

    What names no type is text too; the lint refuses it.
    """
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, text)] = value.items()
        if name in frozenset(RowType):
            return RowType(name), str(text)
    return RowType.STRING, str(value)


def _as_yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _groups(pattern: str) -> tuple[str, ...]:
    try:
        return tuple(re2.compile(pattern).groupindex)
    except re2.error:
        return ()
