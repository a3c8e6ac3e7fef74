"""Check the bodies of writes against the structs and schemas of their kinds.

Built-in kinds have Go structs (`structs.yaml`), which are decoded as by a real server: a value of another type than its
field is refused, a field that a struct does not have is dropped, with a warning. Custom kinds have structural schemas:
defaults, pruning, and the most common violations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from bot.playground.kubernetes.resources import Json, Resource, read_table
from bot.playground.kubernetes.status import Refusal, bad_request, cause, invalid, invalid_value, required, unsupported

# The name of a struct or of a Go type, or a list of one: a slice of it.
Shape: TypeAlias = "str | list[str]"

_TABLE: Final = read_table("structs.yaml")
_STRUCTS: Final[Mapping[str, Mapping[str, Shape]]] = _TABLE["structs"]
_COMPLETE: Final = {name: frozenset(words.split()) for name, words in _TABLE["complete"].items()}
_QUANTITY: Final = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_GO_NAMES: Final[Mapping[type, str]] = {dict: "object", list: "array", str: "string", bool: "bool"}
_MICRO_TIME: Final = re.compile(r"\.\d{6}(Z|[+-]\d\d:\d\d)$")
_ROOT = frozenset({"apiVersion", "kind", "metadata"})
_SCALARS: Final[Mapping[str, set[type]]] = {
    "string": {str}, "bool": {bool}, "int32": {int}, "int64": {int}, "intstr.IntOrString": {int},
}  # fmt: skip
_VALUES: Final[Mapping[str, set[type]]] = {"map[string]string": {str}, "v1.ResourceList": {str, int, float}}
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


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
    if shape == "intstr.IntOrString" and isinstance(value, str):
        return re.fullmatch(r"\d+%?", value) is not None
    if shape in _SCALARS:
        return type(value) in _SCALARS[shape]
    if not isinstance(value, dict):
        return False
    allowed = _VALUES.get(shape)
    return allowed is None or all(type(each) in allowed for each in value.values())


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


def type_in_json(value: object) -> str:
    """Return what Go's decoder calls a value of this type."""
    return _GO_NAMES.get(type(value), "number")


def _go_type(shape: Shape) -> str:
    if isinstance(shape, list):
        return f"[]{_go_type(shape[0])}"
    return f"v1.{shape}" if shape[0].isupper() else shape


def _unmarshal(value: Any, wanted: Shape, *, path: str, within: str, resource: Resource) -> Refusal:
    text = (
        f"json: cannot unmarshal {type_in_json(value)} into Go struct field {within}.{path} of type {_go_type(wanted)}"
    )
    return _refused(resource, text)


def _refused(resource: Resource, because: str) -> Refusal:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {because}'
    )


def set_defaults(value: Any, schema: Mapping[str, Any]) -> None:
    """Fill in the defaults the schema declares, in place."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if "default" in inner:
                value.setdefault(name, inner["default"])
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
    if wanted and (not isinstance(value, _JSON_TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean")):
        shown = json.dumps(value, separators=(",", ":"))
        found = next((name for name, types in _JSON_TYPES.items() if type(value) in types), "null")
        text = f"Invalid value: {shown if wanted != 'object' else json.dumps(found)}: {path} in body must be of type "
        yield cause(reason="FieldValueTypeInvalid", message=f'{text}{wanted}: "{found}"', field=path)
    elif isinstance(value, dict):
        yield from _violations_of_fields(value, schema, path=path)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from violations(item, schema.get("items") or {}, path=f"{path}[{at}]")
    elif "minimum" in schema and value < schema["minimum"]:
        yield invalid_value(path, value, f"{path} in body should be greater than or equal to {schema['minimum']}")
    elif "maximum" in schema and value > schema["maximum"]:
        yield invalid_value(path, value, f"{path} in body should be less than or equal to {schema['maximum']}")
    elif "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, *schema["enum"])


def _violations_of_fields(value: Json, schema: Mapping[str, Any], *, path: str) -> Iterator[Json]:
    for name, inner in (schema.get("properties") or {}).items():
        if name in value and not (not path and name in _ROOT):
            yield from violations(value[name], inner, path=f"{path}.{name}" if path else name)
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
