"""The values that an entry takes of an object, by the path of a field or by CEL.

A path is written as spec.replicas, status.conditions[type=Ready].status, spec.rules[0].host. `Computed` has the keys of
`let`, for the object as a whole or for each part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Self

from bot.kube.quantities import number, percent
from bot.kube.timestamps import UNKNOWN, seconds_since
from intents.conditions import ConditionError, NoValue, value_of
from intents.declarations import typed
from intents.domain import Json, RowType, Value
from responses.safety import safe_value

# A field's text keeps so many characters.
_LONGEST: Final = 1000
# Of one object at most so many parts, or texts of a list, are kept.
_MOST_PARTS: Final = 100
# What a key of `let` is if the object has no such field; rows have no null.
_UNKNOWN: Final[Mapping[RowType, Value]] = {
    RowType.STRING: "",
    RowType.INTEGER: UNKNOWN,
    RowType.NUMBER: float(UNKNOWN),
    RowType.BOOLEAN: False,
    RowType.STRINGS: (),
}


class BadPath(ValueError):
    """A field path that cannot be read."""


# A step of a path: a key, an index, every element (None), or the elements whose field equals a value.
Step = str | int | None | tuple[str, str]

_STEP: Final = re.compile(
    r"\.?(?P<key>[A-Za-z_][\w-]*)"
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<every>\*)\]"
    r"|\[\"(?P<quoted>[^\"]+)\"\]"
    r"|\[(?P<field>[\w.-]+)=(?P<value>[^\]]*)\]"
)


def parse_path(path: str) -> tuple[Step, ...]:
    """Split a path into its steps. Raises BadPath naming the part that cannot be read."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise BadPath(f"{path!r} cannot be read from {path[position:]!r} on")
        position = match.end()
        if match["every"]:
            steps.append(None)
        elif match["index"]:
            steps.append(int(match["index"]))
        elif match["field"]:
            steps.append((match["field"], match["value"]))
        else:
            steps.append(match["key"] or match["quoted"])
    if not steps:
        raise BadPath("an empty path names no field")
    return tuple(steps)


def value_at(obj: Any, path: tuple[Step, ...]) -> str:
    """Return the value at a path as one string: several joined by commas, "" for nothing."""
    return ",".join(text for value in _values(obj, path) if (text := text_of(value)))[:_LONGEST]


def _values(value: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    step, *rest = path
    remaining = tuple(rest)
    if isinstance(step, str):
        if isinstance(value, Mapping) and step in value:
            # A value alone does not show that it is a secret: the mapping around it decides.
            yield from _values(_redacted(value, step), remaining)
        return
    if not isinstance(value, list):
        return
    if isinstance(step, int):
        chosen = value[step : step + 1]
    elif step is None:
        chosen = value
    else:
        field, wanted = step
        chosen = [item for item in value if value_at(item, parse_path(field)) == wanted]
    for item in chosen:
        yield from _values(item, remaining)


def _redacted(whole: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key, a placeholder for a secret."""
    if not isinstance(whole[key], str):
        return whole[key]
    entry = {each: whole[each] for each in ("name", key) if isinstance(whole.get(each), str)}
    return safe_value(entry)[key]


def text_of(value: Any) -> str:
    """Return a value of an object as one string, without secrets."""
    if isinstance(value, Mapping | list):
        value = safe_value(value)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        case list():
            return ",".join(text_of(item) for item in value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """The keys of `let`, computed for an object or, with `each`, for every part of it."""

    each: str
    let: Mapping[str, tuple[RowType, str]]
    functions: Mapping[str, Callable[..., Any]]

    @classmethod
    def of(cls, args: Mapping[str, Any], now: datetime) -> Self:
        """Return what the arguments of an entry say."""
        let = {key: typed(expression) for key, expression in (args.get("let") or {}).items()}
        return cls(each=str(args.get("each") or ""), let=let, functions=functions(now))

    def rows(self, obj: Json) -> Iterator[Mapping[str, Value]]:
        """Yield the keys of each row of an object. Raise ConditionError for an expression that does not fit it."""
        # A value alone does not show that it is a secret: the object around it decides.
        shown = {"object": safe_value(obj)}
        for part in self._parts(shown) if self.each else ({},):
            values: dict[str, Value] = {}
            for key, (kind, expression) in self.let.items():
                values[key] = self._value(kind, expression, {**shown, **part, **values})
            yield values

    def _parts(self, shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        try:
            parts = value_of(self.each, shown, self.functions)
        except NoValue:
            return
        if isinstance(parts, Mapping):
            pairs = sorted(parts.items(), key=lambda pair: str(pair[0]))
        elif isinstance(parts, list):
            pairs = list(enumerate(parts))
        else:
            raise ConditionError(f"{self.each!r} gives {type(parts).__name__}; expected a list or a map")
        for key, part in pairs[:_MOST_PARTS]:
            yield {"key": key, "it": part}

    def _value(self, kind: RowType, expression: str, bound: Mapping[str, Any]) -> Value:
        try:
            found = value_of(expression, bound, self.functions)
        except NoValue:
            return _UNKNOWN[kind]
        if kind is RowType.STRING:
            return text_of(found)[:_LONGEST]
        if kind is RowType.STRINGS and isinstance(found, list):
            return tuple(text_of(each)[:_LONGEST] for each in found[:_MOST_PARTS])
        if isinstance(found, str | int | float) and type(found) is type(_UNKNOWN[kind]):
            return found
        raise ConditionError(f"{expression!r} gives {type(found).__name__}; expected {kind}")


def functions(now: datetime) -> Mapping[str, Callable[..., Any]]:
    """Return the functions that expressions may call; of what cannot be read they give -1, as rows do."""
    return {
        "quantity": partial(_unless_unread, number, float(UNKNOWN)),
        "percent": partial(_unless_unread, percent, UNKNOWN),
        "seconds_since": lambda timestamp: seconds_since(timestamp, now),
    }


def _unless_unread(function: Callable[..., Any], unknown: Any, *quantities: Any) -> Any:
    try:
        return function(*quantities)
    except ValueError:
        return unknown
