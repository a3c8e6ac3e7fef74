"""The changes of a write, value by value: to show them, to recognise them after a crash, and to undo them.

The changes of a step are the differences between the object and the result of its dry run. Reversed, they undo the
step. Pure functions over plain JSON.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from bot.common.portable import Portable
from bot.kube.field_paths import pointer
from intents.domain import Json
from intents.languages import BREAK
from responses.safety import safe, safe_value

# Elements of a list of objects are identified by this key, as containers and volumes are in a strategic merge patch.
_KEY: Final = "name"
# An object without annotations lacks this map, though every change is written as if it existed.
_ANNOTATIONS: Final = ("metadata", "annotations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Portable):
    """One value at a path; in a list whose elements have names, a part of the path is a name.

    `added`: the field has no value before the change. `removed`: it has no value after it.
    """

    path: tuple[str, ...]
    before: Any = None
    after: Any = None
    added: bool = False
    removed: bool = False

    def reversed(self) -> Change:
        """Return the change that undoes this one."""
        return Change(path=self.path, before=self.after, after=self.before, added=self.removed, removed=self.added)

    def holds(self, obj: Json) -> bool:
        """Tell whether the object is as after the change; others may have added to an added value."""
        found, value = _at(obj, self.path)
        if self.removed:
            return not found
        return found and (_holds_all(value, self.after) if self.added else bool(value == self.after))

    def is_shared(self, obj: Json) -> bool:
        """Tell whether others have put something into an added value: removing it would remove theirs too."""
        return self.added and self.holds(obj) and _at(obj, self.path)[1] != self.after


def changes_between(before: Json, after: Json) -> tuple[Change, ...]:
    """Return the smallest values that differ, in the order of their paths."""
    return tuple(_changes((), before, after))


def patch_of(obj: Json, changes: Sequence[Change]) -> list[Json]:
    """Return the JSON patch (RFC 6902) that makes the changes in this object.

    Raises ValueError if a value to replace or remove no longer exists.
    """
    first: list[Json] = []
    if any(change.added and change.path[:2] == _ANNOTATIONS for change in changes) and not _at(obj, _ANNOTATIONS)[1]:
        obj = {**obj, "metadata": {**obj["metadata"], "annotations": {}}}
        first = [{"op": "add", "path": pointer(_ANNOTATIONS), "value": {}}]
    kept = [_operation(obj, change) for change in changes if not change.removed]
    # From the end, so that the places of further removals in a list do not change.
    removed = [_operation(obj, change) for change in reversed(changes) if change.removed]
    return [*first, *kept, *removed]


def _changes(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    mine, theirs = _members(before), _members(after)
    if mine is None or theirs is None or isinstance(before, list) != isinstance(after, list):
        yield Change(path=path, before=before, after=after)
        return
    for key in mine:
        if key not in theirs:
            yield Change(path=(*path, key), before=mine[key], removed=True)
    for key, value in theirs.items():
        if key in mine:
            yield from _changes((*path, key), mine[key], value)
        else:
            yield Change(path=(*path, key), after=value, added=True)


def _members(value: Any) -> dict[str, Any] | None:
    """Return the members of an object, or of a list whose elements have distinct names; None for a plain value."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and _KEY in each for each in value):
        named = {str(each[_KEY]): each for each in value}
        return named if len(named) == len(value) else None
    return None


def _holds_all(value: Any, wanted: Any) -> bool:
    """Tell whether a value equals another, or is an object that contains all of it."""
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return all(key in value and _holds_all(value[key], each) for key, each in wanted.items())
    return bool(value == wanted)


def _at(obj: Any, path: Sequence[str]) -> tuple[bool, Any]:
    """Return whether a path exists, and the value there."""
    for step in path:
        members = _members(obj)
        if members is None or step not in members:
            return False, None
        obj = members[step]
    return True, obj


def _operation(obj: Json, change: Change) -> Json:
    place: list[str] = []
    at: Any = obj
    for step in change.path[:-1]:
        place.append(_token(at, step))
        at = (_members(at) or {})[step]
    last = change.path[-1]
    if change.added:
        place.append("-" if isinstance(at, list) else last)
        return {"op": "add", "path": pointer(place), "value": change.after}
    place.append(_token(at, last))
    if change.removed:
        return {"op": "remove", "path": pointer(place)}
    return {"op": "replace", "path": pointer(place), "value": change.after}


def _token(at: Any, step: str) -> str:
    """Return a part of a path as in a JSON pointer: a key, or a place in a list."""
    members = _members(at)
    if members is None or step not in members:
        raise ValueError(f"the object no longer has {step!r} there")
    return str(list(members).index(step)) if isinstance(at, list) else step


_LONGEST: Final = 4_000
# The C dumper, if PyYAML was built with it, is five times faster.
_FAST: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# Fields that the API server maintains; nobody decides on them.
_BOOKKEEPING: Final = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
# Annotations that controllers write after a change.
_CONTROLLERS_OWN: Final = frozenset({
    "deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas", "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
})  # fmt: skip


def without_bookkeeping(obj: Json) -> Json:
    """Return the part of an object that people write: no status, no counters."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _BOOKKEEPING}
    # Always present, so that adding the first annotation, or removing the last, changes one annotation and not the map.
    kept = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in kept.items() if key not in _CONTROLLERS_OWN}
    return {key: value for key, value in obj.items() if key not in ("status", "metadata")} | {"metadata": metadata}


def diff(before: Json, after: Json, *, name: str) -> str:
    """Return the unified diff of the part that people write, redacted, since templates may hold passwords.

    An empty object does not exist: the diff then adds or removes everything.
    """
    return diff_lines(_lines(before), _lines(after), name=name)


def diff_lines(before: list[str], after: list[str], *, name: str) -> str:
    """Return the unified diff of two lists of lines, redacted."""
    lines = difflib.unified_diff(before, after, fromfile=f"{name} now", tofile=f"{name} then", lineterm="", n=2)
    return safe("\n".join(BREAK.join(line.splitlines()) for line in lines), limit=_LONGEST)


def _lines(obj: Json) -> list[str]:
    if not obj:
        return []
    # Redacted before it is split: the name of a secret may be on another line than its value.
    obj = safe_value(without_bookkeeping(obj))
    # An object without annotations does not show the key.
    if not obj["metadata"]["annotations"]:
        del obj["metadata"]["annotations"]
    text = _written(obj, by=_FAST)
    # libyaml escapes characters beyond the Basic Multilingual Plane, such as emoji.
    return (_written(obj, by=yaml.SafeDumper) if "\\U" in text else text).splitlines()


def _written(obj: Json, *, by: Any) -> str:
    text: str = yaml.dump(obj, Dumper=by, sort_keys=True, allow_unicode=True, default_flow_style=False, width=1_000)
    return text
