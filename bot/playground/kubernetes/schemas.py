"""Apply structural schemas of custom resources: defaults, pruning, and the most common violations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.status import cause

_ROOT = frozenset({"apiVersion", "kind", "metadata"})
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def set_defaults(value: Any, schema: Mapping[str, Any]) -> None:
    """Fill in the defaults the schema declares, in place."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if name not in value and "default" in inner:
                value[name] = inner["default"]
            if name in value:
                set_defaults(value[name], inner)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            set_defaults(item, schema["items"])


def prune(value: Any, schema: Mapping[str, Any], *, path: str = "") -> list[str]:
    """Remove the fields that the schema does not declare, in place, and return their paths."""
    pruned: list[str] = []
    if isinstance(value, dict):
        properties = schema.get("properties")
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
        for name in list(value):
            place = f"{path}.{name}" if path else name
            if not path and name in _ROOT:
                continue
            if properties is not None and name in properties:
                pruned += prune(value[name], properties[name], path=place)
            elif not open_ended and (properties is not None or schema.get("type") == "object"):
                del value[name]
                pruned.append(place)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for at, item in enumerate(value):
            pruned += prune(item, schema["items"], path=f"{path}[{at}]")
    return pruned


def violations(value: Any, schema: Mapping[str, Any], *, path: str = "") -> Iterator[Json]:
    """Yield a cause for each violation of the schema."""
    wanted = schema.get("type")
    if wanted and not (isinstance(value, _TYPES[wanted]) and not (wanted != "boolean" and isinstance(value, bool))):
        shown = json.dumps(value, separators=(",", ":"))
        found = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}.get(type(value), "null")
        text = f"Invalid value: {shown if wanted != 'object' else json.dumps(found)}: {path} in body must be of type "
        yield cause(reason="FieldValueTypeInvalid", message=f'{text}{wanted}: "{found}"', field=path)
        return
    if isinstance(value, dict):
        yield from _of_mapping(value, schema, path=path)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from violations(item, schema.get("items") or {}, path=f"{path}[{at}]")
    elif "minimum" in schema and value < schema["minimum"]:
        text = f"Invalid value: {value}: {path} in body should be greater than or equal to {schema['minimum']}"
        yield cause(reason="FieldValueInvalid", message=text, field=path)
    elif "maximum" in schema and value > schema["maximum"]:
        text = f"Invalid value: {value}: {path} in body should be less than or equal to {schema['maximum']}"
        yield cause(reason="FieldValueInvalid", message=text, field=path)
    elif "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(json.dumps(each) for each in schema["enum"])
        text = f"Unsupported value: {json.dumps(value)}: supported values: {listed}"
        yield cause(reason="FieldValueNotSupported", message=text, field=path)


def _of_mapping(value: Json, schema: Mapping[str, Any], *, path: str) -> Iterator[Json]:
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        if name in value and not (not path and name in _ROOT):
            yield from violations(value[name], inner, path=f"{path}.{name}" if path else name)
    for name in schema.get("required") or ():
        if name not in value:
            place = f"{path}.{name}" if path else name
            yield cause(reason="FieldValueRequired", message="Required value", field=place)
