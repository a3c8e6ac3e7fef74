"""Find the field that validation refused in the manifest of a workload, and tell whether it still holds the value.

Validation names fields of the pod (`spec.containers[0].image`), people edit a workload (`spec.template.spec.…`). For
some errors the value itself is not wrong: a name is not declared, or given twice, or missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

import re2

from bot.kube import field_paths
from bot.kube.field_errors import FieldError, FieldErrorType
from bot.kube.field_paths import Path
from bot.kube.objects import metadata_of, spec_of
from bot.kube.valid_values import suggest
from intents.domain import Json

_TEMPLATE: Final = ("spec", "template")
# A name cannot be changed: the workload must be created again.
_NAME: Final = ("metadata", "name")
_NUMBER: Final = re2.compile(r"(\d+)")
_EMPTY: Final[tuple[Any, ...]] = (None, "", False, [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldField:
    """A refused field in a manifest: `path` from the workload's root, `value_now` is "" where it has no value."""

    in_template: bool
    path: Path
    value_now: str = ""
    suggestion: str = ""


def locate(workload: Json, error: FieldError) -> HeldField:
    """Return where the workload's manifest has the field of an error, and a value that would be valid there."""
    steps = field_paths.parse(error.field)
    path = steps if steps[:2] == _TEMPLATE or error.kind != "Pod" else (*_TEMPLATE, *steps)
    if not field_paths.has(workload, path) and _comes_from_its_name(workload, error):
        name = str(workload["metadata"]["name"])
        return HeldField(in_template=True, path=_NAME, value_now=name)
    match error.type:
        case FieldErrorType.REQUIRED:
            return HeldField(
                in_template=field_paths.get(workload, path) in _EMPTY, path=path, value_now=_now(workload, path)
            )
        case FieldErrorType.FORBIDDEN | FieldErrorType.INTERNAL:
            there = field_paths.get(workload, path) not in _EMPTY
            return HeldField(in_template=there, path=path, value_now=_now(workload, path))
        case FieldErrorType.TOO_LONG | FieldErrorType.TOO_MANY:
            return _over_a_limit(workload, path, error)
        case FieldErrorType.DUPLICATE:
            return _given_twice(workload, path, error)
        case FieldErrorType.NOT_FOUND:
            return _not_declared(workload, path, error)
        case _:
            return _refused(workload, path, error)


def _refused(workload: Json, path: Path, error: FieldError) -> HeldField:
    if "must be unique" in error.rule:
        return _given_twice(workload, path, error)
    found = _where(workload, path, error.value)
    if found is None:
        return HeldField(in_template=False, path=path, value_now=_now(workload, path), suggestion=suggest(error))
    return HeldField(in_template=True, path=found, value_now=_now(workload, found), suggestion=suggest(error))


def _where(workload: Json, path: Path, value: str) -> Path | None:
    """Return the path at which the manifest has a value that was refused at `path`."""
    if field_paths.has(workload, path) and _printed_as(field_paths.get(workload, path), value):
        return path
    near = field_paths.parent(workload, path)
    if len(near) < len(path) - 1:
        return None
    # The field is a mapping (resources.requests), or a sibling has another name (an affinity term's namespaces[]).
    found = field_paths.paths_holding(workload, value, under=near)
    return found[0] if len(found) == 1 else None


def _printed_as(now: Any, value: str) -> bool:
    if isinstance(now, dict | list):
        try:
            return bool(json.loads(value) == now)
        except ValueError:
            return False
    return field_paths.printed(now) == value


def _over_a_limit(workload: Json, path: Path, error: FieldError) -> HeldField:
    now = field_paths.get(workload, path)
    limit = int(found.group(1)) if (found := _NUMBER.search(error.rule)) else 0
    size = len(now.encode()) if isinstance(now, str) else len(now) if isinstance(now, list | dict) else 0
    value = now if isinstance(now, str) else ""
    return HeldField(
        in_template=size > limit,
        path=path,
        value_now=_now(workload, path),
        suggestion=suggest(replace(error, value=value)) if error.type is FieldErrorType.TOO_LONG else "",
    )


def _given_twice(workload: Json, path: Path, error: FieldError) -> HeldField:
    """Look for list items with the same value under one key; containers and init containers share their names."""
    taken: list[str] = []
    if len(path) >= 2 and isinstance(path[-2], int):
        lists = [path[:-2]]
        if path[-3] in ("containers", "initContainers"):
            lists = [(*path[:-3], each) for each in ("initContainers", "containers")]
        for each in lists:
            items = field_paths.get(workload, each)
            taken += [field_paths.printed(item.get(path[-1])) for item in items or () if isinstance(item, dict)]
    now = _now(workload, path)
    return HeldField(
        in_template=now == error.value and taken.count(now) > 1,
        path=path,
        value_now=now,
        suggestion=suggest(error, taken=taken),
    )


def _not_declared(workload: Json, path: Path, error: FieldError) -> HeldField:
    now = _now(workload, path)
    choices: list[str] = []
    if "volumeMounts" in path or "volumeDevices" in path:
        spec = spec_of(workload)
        pod_spec = field_paths.get(workload, (*_TEMPLATE, "spec")) or {}
        # A StatefulSet adds a volume for each of its claim templates.
        claims = [metadata_of(claim).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
        choices = [*(str(volume.get("name", "")) for volume in pod_spec.get("volumes") or ()), *map(str, claims)]
    return HeldField(
        in_template=now == error.value and error.value not in choices,
        path=path,
        value_now=now,
        suggestion=suggest(error, choices=choices),
    )


def _comes_from_its_name(workload: Json, error: FieldError) -> bool:
    """Tell whether the value was made from the workload's name, as names, labels and hostnames of its pods are."""
    name = str(metadata_of(workload).get("name", ""))
    return bool(name) and error.value.startswith(name)


def _now(workload: Json, path: Path) -> str:
    now = field_paths.get(workload, path)
    return json.dumps(now, ensure_ascii=False) if isinstance(now, dict | list) else field_paths.printed(now)


def patch_for(manifest: Json, path: Path, error: FieldError, suggestion: str) -> str:
    """Return a JSON patch that corrects the field at `path` of `manifest`, as text; "" where none is known.

    It tests the old value first, so that it changes nothing once somebody else has changed it.
    """
    if path == _NAME:
        return ""
    now = field_paths.get(manifest, path)
    pointer = field_paths.pointer(path)
    if error.type is FieldErrorType.FORBIDDEN:
        return json.dumps([{"op": "remove", "path": pointer}]) if now is not None else ""
    if not suggestion or now is None or isinstance(now, dict | list):
        return ""
    value = int(suggestion) if isinstance(now, int) and suggestion.lstrip("-").isdecimal() else suggestion
    return json.dumps(
        [{"op": "test", "path": pointer, "value": now}, {"op": "replace", "path": pointer, "value": value}],
        ensure_ascii=False,
    )
