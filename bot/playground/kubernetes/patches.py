"""Apply the patch types of a Kubernetes API: JSON patch, merge patch and strategic merge patch."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import (
    Refusal,
    bad_request,
    invalid,
    not_implemented,
    refusal,
    required,
    unknown_format,
)

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

# The patchMergeKey tags of the Go types, by the name of the list; other lists are replaced as a whole.
_MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "webhooks": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "conditions": ("type",),
    "addresses": ("type",),
    "hostAliases": ("ip",),
    "podIPs": ("ip",),
    "hostIPs": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
    "resourceClaims": ("name",),
}
_MERGED_PRIMITIVES = frozenset({"finalizers", "podCIDRs"})
_DIRECTIVE = "$patch"


def apply(obj: Json, *, body: bytes, content_type: str, resource: Resource) -> Json:
    """Return the object with the patch applied. Refusal 415, 400 or 422."""
    media_type = content_type.partition(";")[0].strip()
    if media_type not in _TYPES:
        raise refusal(code=415, message="415: Unsupported Media Type", reason="UnsupportedMediaType", details={})
    if media_type == STRATEGIC_PATCH and resource.custom:
        raise unknown_format(", ".join((JSON_PATCH, MERGE_PATCH, APPLY_PATCH)))
    if media_type == APPLY_PATCH:
        raise no_apply(manager="")
    try:
        patch = json.loads(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if media_type == JSON_PATCH:
        if not isinstance(patch, list):
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {_go_type(patch)} into Go value of type "
                "[]handlers.jsonPatchOp"
            )
        return json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request(f"error decoding patch: json: cannot unmarshal {_go_type(patch)} into Go value")
    return merge(obj, patch) if media_type == MERGE_PATCH else strategic_merge(obj, patch)


def no_apply(*, manager: str) -> Refusal:
    """Return the refusal of a server-side apply, which is not simulated: 422 without a fieldManager, else 501."""
    if not manager:
        missing = required("fieldManager", "is required for apply patch")
        return invalid(group="meta.k8s.io", kind="PatchOptions", name="", causes=[missing])
    return not_implemented("has no server-side apply")


def _go_type(value: object) -> str:
    return {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")


def merge(target: Any, patch: Any) -> Any:
    """Merge a patch as RFC 7396 does: null deletes, mappings merge, anything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
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
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != _DIRECTIVE}
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
    key = _merge_key(patch, name=name)
    if key is None:
        return copy.deepcopy(patch)
    deleted = {each.get(key) for each in directives if each[_DIRECTIVE] == "delete"}
    return _merge_by_key(before, patch, key=key, deleted=deleted)


def _merge_key(patch: list[Any], *, name: str) -> str | None:
    """Return the key that identifies the items of this list, None if the patch replaces the whole list."""
    for key in _MERGE_KEYS.get(name, ()):
        if any(isinstance(each, dict) and key in each for each in patch):
            return key
    return None


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
    document: Any = copy.deepcopy(obj)
    for operation in operations:
        try:
            document = _operate(document, operation)
        except (KeyError, IndexError, TypeError, ValueError):
            raise _rejected() from None
    if not isinstance(document, dict):
        raise _rejected()
    return document


def _rejected() -> Refusal:
    message = "the server rejected our request due to an error in our request"
    return refusal(code=422, message=message, reason="Invalid", details={})


def _operate(document: Any, operation: Json) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _at(document, path, lambda parent, key: _add(parent, key, copy.deepcopy(operation["value"])))
        case "remove":
            return _at(document, path, _remove)
        case "replace":
            _resolve(document, path)
            return _at(document, path, lambda parent, key: _set(parent, key, copy.deepcopy(operation["value"])))
        case "test":
            if _resolve(document, path) != operation["value"]:
                raise ValueError("test failed")
            return document
        case "move":
            value = _resolve(document, _pointer(operation["from"]))
            _at(document, _pointer(operation["from"]), _remove)
            return _at(document, path, lambda parent, key: _add(parent, key, value))
        case "copy":
            value = copy.deepcopy(_resolve(document, _pointer(operation["from"])))
            return _at(document, path, lambda parent, key: _add(parent, key, value))
        case other:
            raise ValueError(other)


def _pointer(text: str) -> list[str]:
    if not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _step(value: Any, part: str) -> Any:
    return value[int(part)] if isinstance(value, list) else value[part]


def _resolve(document: Any, path: list[str]) -> Any:
    value = document
    for part in path:
        value = _step(value, part)
    return value


def _at(document: Any, path: list[str], change: Callable[[Any, str], None]) -> Any:
    change(_resolve(document, path[:-1]), path[-1])
    return document


def _add(parent: Any, key: str, value: Any) -> None:
    if isinstance(parent, list):
        at = len(parent) if key == "-" else int(key)
        if at > len(parent):
            raise IndexError(key)
        parent.insert(at, value)
    else:
        parent[key] = value


def _set(parent: Any, key: str, value: Any) -> None:
    parent[int(key) if isinstance(parent, list) else key] = value


def _remove(parent: Any, key: str) -> None:
    del parent[int(key) if isinstance(parent, list) else key]
