"""Check the remedies of an entry against the declared actions: objects, arguments, risk, undo.

The caller passes the declarations, which `bot.remedies.actions` makes: one module for each action. An entry declares
its remedies in full, so that lint can compare them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from intents.catalog.fields import Complaint
from intents.catalog.schema import Incident, Remediation, Risk


class ArgumentType(StrEnum):
    """The type of an action's argument in YAML."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    MAPPING = "mapping"
    TEXT_OR_LIST = "text or list"
    MAPPING_OR_LIST = "mapping or list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument that an entry gives to an action; `choices` are the values it may have, () for any."""

    says: str
    type: ArgumentType = ArgumentType.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDeclaration:
    """The facts about an action that entries are checked against.

    `kinds` are the kinds of objects it is for, () for any. `least_risk` is the lowest risk that an entry may declare.
    With `ends_incident`, the incident's evidence verifies it; otherwise it is done once it has taken effect. One that
    `only_configures` changes a flag, an annotation or another setting: its effect shows only that the setting is there,
    so an entry says by `fixed_when` or `shows_later` how the symptom is seen.
    """

    name: str
    kinds: tuple[str, ...] = ()
    args: Mapping[str, Argument] = field(default_factory=dict)
    least_risk: Risk = Risk.LOW
    undoable: bool = True
    ends_incident: bool = True
    only_configures: bool = False


def complaints(remediation: Remediation, declared: Mapping[str, ActionDeclaration]) -> Iterator[Complaint]:
    """Yield what is wrong with a remediation as (path within it, why). Templates are not checked here."""
    name, kind, args = remediation.action, remediation.target.kind, remediation.args
    action = declared.get(name)
    if action is None:
        yield ("action",), _no_such_action(name, declared)
        return
    if action.kinds and kind not in action.kinds and "{" not in kind:
        yield ("target", "kind"), f"is {kind}; {name} is for {', '.join(action.kinds)}"
    for key, argument in action.args.items():
        if argument.required and key not in args:
            yield ("args",), f"{name} needs {key!r}"
    for key, value in args.items():
        known = action.args.get(key)
        if known is None:
            yield ("args", key), f"{name} has no such argument; it has {', '.join(action.args) or 'none'}"
        elif known.choices and value not in known.choices:
            yield ("args", key), f"is {value!r}; expected one of {', '.join(known.choices)}"
        elif not _fits(value, known.type):
            yield ("args", key), f"is {value!r}; expected a {known.type}"
    if action.only_configures and not (remediation.until or remediation.fixed_when or remediation.shows_later):
        yield (
            ("action",),
            f"{name} only changes a setting: say in `fixed_when` how it shows that the symptom is gone, or in "
            "`shows_later` when it will show",
        )


def unknown_actions(incident: Incident, known: Collection[str]) -> Iterator[Complaint]:
    """Yield the actions of an entry that do not exist as (path within it, why)."""
    for index, remediation in enumerate(incident.remediations):
        if remediation.action not in known:
            yield ("remediations", index, "action"), _no_such_action(remediation.action, known)


def _no_such_action(name: str, known: Collection[str]) -> str:
    """Say that an action does not exist, and list the existing ones."""
    return f"no such action {name!r}; there are {', '.join(sorted(known))}"


def _fits(value: Any, expected: ArgumentType) -> bool:
    """Return whether a value has the declared type; a template may become any text or number."""
    if isinstance(value, str) and "{" in value:
        return True
    match expected:
        case ArgumentType.NUMBER:
            return isinstance(value, int) or (isinstance(value, str) and value.isdigit())
        case ArgumentType.LIST:
            return isinstance(value, list | tuple)
        case ArgumentType.MAPPING:
            return isinstance(value, Mapping)
        case ArgumentType.MAPPING_OR_LIST:
            return isinstance(value, Mapping | list | tuple)
        case ArgumentType.TEXT_OR_LIST:
            return not isinstance(value, Mapping)
    return not isinstance(value, Mapping | list | tuple)
