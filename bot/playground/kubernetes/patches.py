"""Apply the patch types of a Kubernetes API: JSON patch, merge patch and strategic merge patch."""

from __future__ import annotations

import json
from typing import Any

from bot.playground.copies import copied
from bot.playground.kubernetes.calls import Call
from bot.playground.kubernetes.resources import WIRE, Json
from bot.playground.kubernetes.status import (
    Refusal,
    bad_request,
    fixed,
    invalid,
    not_implemented,
    refusal,
    required,
    unknown_format,
)
from bot.playground.kubernetes.structs import type_in_json

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

# The patchMergeKey tags of the Go types, by the name of the list; other lists are replaced as a whole.
_MERGE_KEYS: dict[str, str] = {name: keys for keys, names in WIRE["merge_keys"].items() for name in names.split()}
_MERGED_PRIMITIVES = frozenset({"finalizers", "podCIDRs"})
_DIRECTIVE = "$patch"


def apply(obj: Json, *, call: Call) -> Json:
    """Return the object with the patch of a request applied. Refusal 415, 400 or 422."""
    media_type = call.request.content_type.partition(";")[0].strip()
    if media_type not in _TYPES:
        raise fixed("unsupported_media_type")
    if media_type == STRATEGIC_PATCH and call.resource.custom:
        raise unknown_format(", ".join((JSON_PATCH, MERGE_PATCH, APPLY_PATCH)))
    if media_type == APPLY_PATCH:
        raise no_apply(manager="")
    try:
        patch = json.loads(call.request.content)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if media_type == JSON_PATCH:
        if not isinstance(patch, list):
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {type_in_json(patch)} into Go value of type "
                "[]handlers.jsonPatchOp"
            )
        return json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request(f"error decoding patch: json: cannot unmarshal {type_in_json(patch)} into Go value")
    return merge(obj, patch) if media_type == MERGE_PATCH else strategic_merge(obj, patch)


def no_apply(*, manager: str) -> Refusal:
    """Return the refusal of a server-side apply, which is not simulated: 422 without a fieldManager, else 501."""
    if not manager:
        missing = required("fieldManager", "is required for apply patch")
        return invalid(group="meta.k8s.io", kind="PatchOptions", name="", causes=[missing])
    return not_implemented("has no server-side apply")


def merge(target: Any, patch: Any) -> Any:
    """Merge a patch as RFC 7396 does: null deletes, mappings merge, anything else replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def strategic_merge(target: Json, patch: Json) -> Json:
    """Merge a strategic merge patch: lists with a merge key merge by it, and `$patch` directives apply."""
    if patch.get(_DIRECTIVE) == "replace":
        return {key: copied(value) for key, value in patch.items() if key != _DIRECTIVE}
    merged = dict(target)
    if (kept := patch.get("$retainKeys")) is not None:
        merged = {key: value for key, value in merged.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            merged[name] = [each for each in merged.get(name) or () if each not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            if value.get(_DIRECTIVE) == "delete":
                merged.pop(key, None)
            else:
                merged[key] = strategic_merge(before if isinstance(before, dict) else {}, value)
        elif isinstance(value, list):
            merged[key] = _merge_list(merged.get(key) or [], value, name=key)
        else:
            merged[key] = value
    return merged


def _merge_list(before: list[Any], patch: list[Any], *, name: str) -> list[Any]:
    if name in _MERGED_PRIMITIVES:
        return [*before, *(each for each in patch if each not in before)]
    directives = [each for each in patch if isinstance(each, dict) and _DIRECTIVE in each]
    if any(each[_DIRECTIVE] == "replace" for each in directives):
        return [each for each in patch if each not in directives]
    # Without a key that identifies its items, the patch replaces the whole list.
    known = _MERGE_KEYS.get(name, "").split() if all(isinstance(each, dict) for each in patch) else []
    key = next((key for key in known if any(key in each for each in patch)), None)
    if key is None:
        return copied(patch)
    deleted = {each.get(key) for each in directives if each[_DIRECTIVE] == "delete"}
    return _merge_by_key(before, patch, key=key, deleted=deleted)


def _merge_by_key(before: list[Json], patch: list[Json], *, key: str, deleted: set[Any]) -> list[Json]:
    known = {each.get(key): each for each in before if each.get(key) not in deleted}
    patched = [
        strategic_merge(known.get(each.get(key), {}), each) for each in patch if each.get(key) not in deleted
    ]  # fmt: skip
    return _in_order(
        patched=patched,
        untouched=[each for value, each in known.items() if value not in {item.get(key) for item in patched}],
        place={each.get(key): at for at, each in enumerate(before)},
        key=key,
    )


def _in_order(*, patched: list[Json], untouched: list[Json], place: dict[Any, int], key: str) -> list[Json]:
    """Return both parts as one list: known items keep their place, new ones precede the next, as apimachinery does."""
    ordered: list[Json] = []
    rest = list(untouched)
    for item in patched:
        at = place.get(item.get(key), -1)
        while rest and place[rest[0].get(key)] < at:
            ordered.append(rest.pop(0))
        ordered.append(item)
    return ordered + rest


def json_patch(obj: Json, operations: list[Any]) -> Json:
    """Apply a JSON patch (RFC 6902). Refusal 422 without details if an operation fails, as from the real server."""
    document: Json = copied(obj)
    try:
        for operation in operations:
            _operate(document, operation)
    except (KeyError, IndexError, TypeError, ValueError):
        message = "the server rejected our request due to an error in our request"
        raise refusal(code=422, message=message, reason="Invalid", details={}) from None
    return document


def _operate(document: Json, operation: Json) -> None:
    parent, key = _place(document, operation["path"])
    match operation["op"]:
        case "add":
            _add(parent, key, copied(operation["value"]))
        case "remove":
            del parent[key]
        case "replace":
            _ = parent[key]  # it must exist
            parent[key] = copied(operation["value"])
        case "test":
            if parent[key] != operation["value"]:
                raise ValueError("test failed")
        case "move" | "copy" as change:
            source, name = _place(document, operation["from"])
            value = copied(source[name])
            if change == "move":
                del source[name]
            _add(*_place(document, operation["path"]), value)
        case other:
            raise ValueError(other)


def _place(document: Json, pointer: str) -> tuple[Any, Any]:
    """Return the mapping or list that holds the value at a pointer, and the value's key or index in it."""
    if not pointer.startswith("/"):
        raise ValueError(pointer)
    parent: Any = document
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
    for part in way:
        parent = parent[int(part) if isinstance(parent, list) else part]
    return parent, int(last) if isinstance(parent, list) and last != "-" else last


def _add(parent: Any, key: Any, value: Any) -> None:
    if isinstance(parent, list):
        at = len(parent) if key == "-" else key
        if at > len(parent):
            raise IndexError(key)
        parent.insert(at, value)
    else:
        parent[key] = value
