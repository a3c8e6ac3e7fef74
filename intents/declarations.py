"""Declare what a probe reads, so that an entry of the catalog can be checked without a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

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
    # "regex": its named groups become string row keys; "mapping": its keys become row keys.
    adds_keys: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDeclaration:
    """The contract of a probe: a read fills every key of `rows` and needs no more than `permissions`."""

    name: str
    says: str
    rows: Mapping[str, RowType]
    args: Mapping[str, ArgDeclaration] = field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()
