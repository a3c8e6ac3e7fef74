"""Paths of fields as entries write them: spec.replicas, status.conditions[type=Ready].status, spec.rules[0].host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from responses.safety import safe_value

# A field's text keeps so many characters.
_LONGEST: Final = 1000


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
    return ",".join(text for value in _values(obj, path) if (text := _text(value)))[:_LONGEST]


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


def _text(value: Any) -> str:
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
            return ",".join(_text(item) for item in value)
        case _:
            return str(value)
