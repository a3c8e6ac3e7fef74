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
    # "regex": its named groups become string row keys; "mapping": its keys become row keys.
    adds_keys: str = ""
    choices: tuple[str, ...] = ()
    # The value that counts where an entry gives none.
    default: str = ""
    # Row keys that only a certain value of the argument fills; the value of a flag is "true".
    fills: Mapping[str, Mapping[str, RowType]] = field(default_factory=dict)

    def keys(self, value: Any) -> Mapping[str, RowType]:
        """Return the row keys that this value of the argument adds."""
        if self.adds_keys == "mapping" and isinstance(value, Mapping):
            return dict.fromkeys(value, RowType.STRING)
        if self.adds_keys == "regex" and isinstance(value, str):
            return dict.fromkeys(_groups(value), RowType.STRING)
        return self.fills.get(_as_yaml(value or self.default), {})


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerNames:
    """Names that the previous release used. A user's entry may use them for one more release, with a warning."""

    # What the probe was called; "" where only arguments or keys changed.
    probe: str = ""
    # The arguments that give the rows of that former probe.
    with_args: Mapping[str, Any] = field(default_factory=dict)
    # Former argument → its name now.
    args: Mapping[str, str] = field(default_factory=dict)
    # Former row key → its name now.
    keys: Mapping[str, str] = field(default_factory=dict)
    # Row keys that are still filled and have no successor.
    leaving: Mapping[str, RowType] = field(default_factory=dict)
    # Arguments that the release before did not have: a read that gives one of them uses the names of now.
    new_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDeclaration:
    """The contract of a probe: a read fills every key of `rows` and needs no more than `permissions`."""

    name: str
    says: str
    rows: Mapping[str, RowType]
    args: Mapping[str, ArgDeclaration] = field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()
    formerly: tuple[FormerNames, ...] = ()

    def keys(self, args: Mapping[str, Any]) -> dict[str, RowType]:
        """Return the row keys that a read with these arguments fills."""
        found = dict(self.rows)
        for name, argument in self.args.items():
            found.update(argument.keys(args.get(name)))
        return found

    def flag_for(self, key: str) -> str:
        """Return the flag that fills a row key, as an entry writes it; "" if there is none."""
        flags = (name for name, argument in self.args.items() if key in argument.fills.get("true", {}))
        return next((f"{name}: true" for name in flags), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProbe:
    """A probe under a name that an entry may use: its own, or one of the release before."""

    declaration: ProbeDeclaration
    former: FormerNames = field(default_factory=FormerNames)

    @property
    def args(self) -> Mapping[str, ArgDeclaration]:
        """Return the arguments that a read under this name may give, former names included."""
        own = {name: arg for name, arg in self.declaration.args.items() if name not in self.former.with_args}
        return {**own, **{old: self.declaration.args[new] for old, new in self.former.args.items()}}

    @property
    def current_name(self) -> str:
        """Return the probe's name now, with the arguments that stand for its former name."""
        needed = ", ".join(f"{name}: {_as_yaml(value)}" for name, value in self.former.with_args.items())
        return f"{self.declaration.name} with {needed}" if needed else self.declaration.name

    def translated(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a read under this name as the probe takes them now."""
        return {**{self.former.args.get(name, name): value for name, value in args.items()}, **self.former.with_args}

    def keys(self, args: Mapping[str, Any]) -> dict[str, RowType]:
        """Return the row keys that a read under this name may rely on, former names included."""
        now = self.declaration.keys(self.translated(args))
        if not self._is_of_before(args):
            return now
        former = {old: now[new] for old, new in self.former.keys.items() if new in now}
        return {**self.former.leaving, **now, **former}

    def is_former(self, key: str, args: Mapping[str, Any]) -> bool:
        """Return whether the next release drops a row key, because it was renamed or removed."""
        if not self._is_of_before(args):
            return False
        leaves = key in self.former.leaving and key not in self.declaration.keys(self.translated(args))
        return leaves or key in self.former.keys

    def _is_of_before(self, args: Mapping[str, Any]) -> bool:
        return not set(args) & set(self.former.new_args)


def named_probes(declarations: Mapping[str, ProbeDeclaration]) -> dict[str, NamedProbe]:
    """Return every probe by each name that an entry may use."""
    found: dict[str, NamedProbe] = {}
    for name, declaration in declarations.items():
        found[name] = NamedProbe(declaration=declaration)
        for former in declaration.formerly:
            found[former.probe or name] = NamedProbe(declaration=declaration, former=former)
    return found


def _as_yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _groups(pattern: str) -> tuple[str, ...]:
    try:
        return tuple(re2.compile(pattern).groupindex)
    except re2.error:
        return ()
