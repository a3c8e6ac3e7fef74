"""What a write changes of an object, value by value: to show it, to find it again, and to take it back.

The dry run says what an object would be. What differs from what it is are the changes of a step; that they hold is how
a step finds its own effect after a crash, and reversed they undo it. All pure functions over plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.common.portable import Portable
from intents.domain import Json

# Elements of a list of objects are known by this key, as the API server's strategic merge knows containers and volumes.
_KEY: Final = "name"
# What an object without any has no place for, though all write to it as if it had.
_ANNOTATIONS: Final = ("metadata", "annotations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Portable):
    """One value at a path. A step into a list is the element's name, where its elements have one each.

    `added` if nothing stood there before, `removed` if nothing does after.
    """

    path: tuple[str, ...]
    before: Any = None
    after: Any = None
    added: bool = False
    removed: bool = False

    def reversed(self) -> Change:
        return Change(path=self.path, before=self.after, after=self.before, added=self.removed, removed=self.added)

    def holds(self, obj: Json) -> bool:
        """Whether the object is as it is to be after the change; to what was added others may have added more."""
        found, value = _at(obj, self.path)
        if self.removed:
            return not found
        return found and (_holds_all(value, self.after) if self.added else bool(value == self.after))

    def is_shared(self, obj: Json) -> bool:
        """Whether others have put something into what was added: it cannot be taken away without theirs."""
        return self.added and self.holds(obj) and _at(obj, self.path)[1] != self.after


def changes_between(before: Json, after: Json) -> tuple[Change, ...]:
    """The smallest values that differ, in the order of their paths."""
    return tuple(_changes((), before, after))


def patch_of(obj: Json, changes: Sequence[Change]) -> list[Json]:
    """The JSON patch (RFC 6902) that makes the changes in this object.

    Raises ValueError where the object no longer has the place of one: what is to be replaced must be there.
    """
    first: list[Json] = []
    if any(change.added and change.path[:2] == _ANNOTATIONS for change in changes) and not _at(obj, _ANNOTATIONS)[1]:
        obj = {**obj, "metadata": {**obj["metadata"], "annotations": {}}}
        first = [{"op": "add", "path": _pointer(_ANNOTATIONS), "value": {}}]
    kept = [_operation(obj, change) for change in changes if not change.removed]
    # From the end, so that what is still to be removed from a list stays where it is.
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
    """The parts of an object, or of a list whose elements all have a name of their own; None for a plain value."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and _KEY in each for each in value):
        named = {str(each[_KEY]): each for each in value}
        return named if len(named) == len(value) else None
    return None


def _holds_all(value: Any, wanted: Any) -> bool:
    """Whether a value is another one, or an object with all that the other has."""
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return all(key in value and _holds_all(value[key], each) for key, each in wanted.items())
    return bool(value == wanted)


def _at(obj: Any, path: Sequence[str]) -> tuple[bool, Any]:
    """(whether there is such a place, what stands there)"""
    for step in path:
        members = _members(obj)
        if members is None or step not in members:
            return False, None
        obj = members[step]
    return True, obj


def _operation(obj: Json, change: Change) -> Json:
    pointer: list[str] = []
    at: Any = obj
    for step in change.path[:-1]:
        pointer.append(_token(at, step))
        at = (_members(at) or {})[step]
    last = change.path[-1]
    if change.added:
        pointer.append("-" if isinstance(at, list) else last)
        return {"op": "add", "path": _pointer(pointer), "value": change.after}
    pointer.append(_token(at, last))
    if change.removed:
        return {"op": "remove", "path": _pointer(pointer)}
    return {"op": "replace", "path": _pointer(pointer), "value": change.after}


def _token(at: Any, step: str) -> str:
    """What a step is called in a JSON pointer: a key, or the place in a list."""
    members = _members(at)
    if members is None or step not in members:
        raise ValueError(f"the object has no {step!r} there any more")
    return str(list(members).index(step)) if isinstance(at, list) else step


def _pointer(tokens: Sequence[str]) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)
