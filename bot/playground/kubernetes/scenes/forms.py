"""Read what an author wrote of an object or a fault: keys are checked, times are parsed, errors name their place.

`keys.yaml` lists the keys with their meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.resources import Json, read_table
from bot.playground.kubernetes.world_checks import Path, WorldError, closest

# Keys of a manifest are merged over the result of the short form.
MANIFEST: Final = frozenset({"metadata", "spec", "status"})
# The keys of each table with the shapes of their values.
KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    table: {name: next(iter(key)) for name, key in keys.items()}
    for table, keys in read_table("scenes/keys.yaml").items()
    if table != "kinds"
}
KINDS: Final[Mapping[str, Mapping[str, list[str]]]] = read_table("scenes/keys.yaml")["kinds"]
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "text": (str,),
    "number": (int,),
    "true or false": (bool,),
    "time": (str, datetime),
    "list": (list, tuple),
    "mapping": (dict,),
    "list or mapping": (list, tuple, dict),
    "anything": (object,),
}


class Form(dict[str, Any]):
    """A form as written, at its place in a world; its times are relative to `now`."""

    def __init__(self, written: Any, *, path: Path, now: datetime) -> None:
        if not isinstance(written, Mapping):
            raise WorldError(f"expected a mapping, got {written!r}", path=path)
        super().__init__(written)
        self.path = path
        self.now = now

    def wrong(self, text: str, *keys: str) -> WorldError:
        """Return the error about the form, or about the value under these keys."""
        return WorldError(text, path=(*self.path, *keys))

    def when(self, key: str, default: Any = "") -> datetime:
        """Return the moment under a key. WorldError if it is not a time."""
        return moment(self.get(key, default), now=self.now, path=(*self.path, key))

    def stamp(self, key: str, default: Any = "") -> str:
        """Return the moment under a key as objects carry it."""
        return times.timestamp(self.when(key, default))

    def within(self, *keys: str, written: Any = None) -> Form:
        """Return a form inside this one, as it is or as `written` in full."""
        return Form(self.get(keys[0]) if written is None else written, path=(*self.path, *keys), now=self.now)

    def but(self, **changes: Any) -> Form:
        """Return the form with other values under some keys."""
        return Form(self | changes, path=self.path, now=self.now)

    def only(self, keys: Iterable[str]) -> Form:
        """Return the form with those of its keys."""
        return Form({key: self[key] for key in keys if key in self}, path=self.path, now=self.now)

    def over(self, obj: Json) -> Json:
        """Return an object with the form's own fields of a manifest merged over it, relative times as timestamps."""
        own = {key: self[key] for key in MANIFEST if self.get(key) is not None}
        merged: Json = patches.merge(obj, times.resolve(own, now=self.now))
        return merged

    def check(self, known: Mapping[str, str], *, manifest: bool = True) -> Form:
        """Return the form if all its keys are known and of the right shape. WorldError, with the closest known key."""
        for name, value in self.items():
            if name in MANIFEST and manifest:
                continue
            if name not in known:
                hint = closest(name, [*known, *MANIFEST]) or f"; expected one of {', '.join(known)}"
                raise WorldError(f"unknown key {name!r}{hint}", path=(*self.path, str(name)))
            shape = known[name]
            if not isinstance(value, _TYPES[shape]) or (shape == "number" and isinstance(value, bool)):
                raise self.wrong(f"expected {shape}, got {value!r}", str(name))
        return self


def keys_of(kind: str, what: str) -> dict[str, str] | None:
    """Return the known keys of the `objects` or `faults` of a kind; None if it may be written as in a manifest."""
    tables = KINDS.get(kind, {}).get(what)
    if tables is None:
        return None
    return {name: shape for table in (*tables, f"any_{what}") for name, shape in KEYS[table].items()}


def moment(value: Any, *, now: datetime, path: Path = ()) -> datetime:
    """Return the moment that "19m", "-19m" or a timestamp means. WorldError for anything else."""
    text = f"-{value}" if isinstance(value, str) and value[:1].isdigit() and value[-1:].isalpha() else value
    if (found := times.relative(text, now=now)) is not None:
        return found
    try:
        return value if isinstance(value, datetime) else times.parse(value)
    except (ValueError, AttributeError, TypeError):
        text = f'expected a time such as "19m" or an RFC 3339 timestamp, got {value!r}'
        raise WorldError(text, path=path) from None
