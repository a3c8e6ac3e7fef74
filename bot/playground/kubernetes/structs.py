"""Check the bodies of writes against the Go structs of their kinds, as a real server's decoder does (`structs.yaml`).

A value of another type than its field is refused. A field that a struct does not have is dropped, with a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from bot.playground.kubernetes.resources import Json, Resource, read_table
from bot.playground.kubernetes.status import Refusal, bad_request, invalid, invalid_value

# The name of a struct or of a Go type, or a list of one: a slice of it.
Shape: TypeAlias = "str | list[str]"

_TABLE: Final = read_table("structs.yaml")
_STRUCTS: Final[Mapping[str, Mapping[str, Shape]]] = _TABLE["structs"]
_COMPLETE: Final = {name: frozenset(words.split()) for name, words in _TABLE["complete"].items()}
_QUANTITY: Final = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_GO_NAMES: Final = {dict: "object", list: "array", str: "string", bool: "bool"}
_MICRO_TIME: Final = re.compile(r"\.\d{6}(Z|[+-]\d\d:\d\d)$")


def check(obj: Json, *, resource: Resource) -> None:
    """Raise Refusal 400 for a value of a wrong type. Nulls are removed, in place, as Go reads them as unset."""
    fields = _fields(resource)
    # Go structs that are not pointers exist even if the body omits them.
    for name in ("metadata", "spec"):
        if name == "metadata" or fields.get(name) in _STRUCTS:
            obj[name] = {} if obj.get(name) is None else obj[name]
    _check_fields(obj, fields, name=resource.kind, path="", resource=resource)


def drop_unknown(obj: Json, *, resource: Resource) -> list[str]:
    """Remove the fields that the structs of a kind do not have, in place, and return their paths."""
    return sorted(_dropped(obj, _fields(resource), path=""))


def strict_error(paths: list[str], *, resource: Resource) -> Refusal:
    """Return Refusal 400 for unknown fields with fieldValidation=Strict."""
    listed = ", ".join(f'unknown field "{path}"' for path in paths)
    return _refused(resource, f"strict decoding error: {listed}")


def check_micro_times(obj: Json, *, resource: Resource) -> None:
    """Raise Refusal 422 for a Lease whose times lack six digits; the message holds the whole object, as recorded."""
    for key in ("acquireTime", "renewTime") if resource.kind == "Lease" else ():
        value = (obj.get("spec") or {}).get(key)
        if value is None or _MICRO_TIME.search(str(value)):
            continue
        why = (
            f'parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": '
            f'cannot parse "{str(value)[19:]}" as ".000000"'
        )
        wrong = invalid_value("patch", json.dumps(obj, separators=(",", ":")), why)
        raise invalid(kind="", name="", causes=[wrong])


def _fields(resource: Resource) -> dict[str, Shape]:
    """Return the shapes of an object's own fields; those of a custom kind are in its schema."""
    if resource.custom:
        return {"metadata": "ObjectMeta"}
    inner = {key: f"{resource.kind}{key.title()}" for key in ("spec", "status")}
    return {"metadata": "ObjectMeta", **inner, **_STRUCTS.get(resource.kind, {})}


def _check_fields(value: Json, fields: Mapping[str, Shape], *, name: str, path: str, resource: Resource) -> None:
    for key, shape in fields.items():
        if key in value and value[key] is None:
            del value[key]
        elif key in value:
            place = f"{path}.{key}" if path else key
            _check(value[key], shape, path=place, within=name, resource=resource)


def _check(value: Any, shape: Shape, *, path: str, within: str, resource: Resource) -> None:
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise _unmarshal(value, shape, path=path, within=within, resource=resource)
        for at, item in enumerate(value):
            if item is None and shape[0] in _STRUCTS:
                value[at] = {}
            _check(value[at], shape[0], path=path, within=within, resource=resource)
    elif not _fits(value, shape):
        raise _unmarshal(value, shape, path=path, within=within, resource=resource)
    elif shape in _STRUCTS:
        _check_fields(value, _STRUCTS[shape], name=shape, path=path, resource=resource)
    elif shape == "v1.ResourceList" and not all(_QUANTITY.match(str(each)) for each in value.values()):
        raise _refused(resource, f"quantities must match the regular expression '{_QUANTITY.pattern}'")


def _fits(value: Any, shape: str) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    match shape:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int32" | "int64":
            return is_number
        case "intstr.IntOrString":
            return is_number or (isinstance(value, str) and bool(re.fullmatch(r"\d+%?", value)))
        case "map[string]string":
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        case "v1.ResourceList":
            return isinstance(value, dict) and all(
                isinstance(each, (str, int, float)) and not isinstance(each, bool) for each in value.values()
            )
        case _:
            return isinstance(value, dict)


def _dropped(value: Any, fields: Mapping[str, Shape], *, path: str, name: str = "") -> Iterator[str]:
    known = _COMPLETE.get(name)
    for key in list(value):
        place = f"{path}.{key}" if path else key
        if known is not None and key not in known:
            del value[key]
            yield place
            continue
        shape = fields.get(key, "")
        if isinstance(shape, str) and shape in _STRUCTS:
            yield from _dropped(value[key], _STRUCTS[shape], path=place, name=shape)
        elif isinstance(shape, list) and shape[0] in _STRUCTS:
            for at, item in enumerate(value[key]):
                yield from _dropped(item, _STRUCTS[shape[0]], path=f"{place}[{at}]", name=shape[0])


def _go_type(shape: Shape) -> str:
    if isinstance(shape, list):
        return f"[]{_go_type(shape[0])}"
    return f"v1.{shape}" if shape[0].isupper() else shape


def _unmarshal(value: Any, wanted: Shape, *, path: str, within: str, resource: Resource) -> Refusal:
    found = _GO_NAMES.get(type(value), "number")
    text = f"json: cannot unmarshal {found} into Go struct field {within}.{path} of type {_go_type(wanted)}"
    return _refused(resource, text)


def _refused(resource: Resource, because: str) -> Refusal:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {because}'
    )
