"""Store the objects of the simulated cluster with their revisions, as etcd does for a real one.

A write replaces the stored object and never changes it in place. So history costs only references, and a later page of
a list shows the objects as they were when the first page was read.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from bot.playground.kubernetes.resources import Json, Table

Key: TypeAlias = tuple[str, str]

_UIDS = uuid.UUID("6f1b1f0e-6c0f-5d4e-8f63-5d1c4a5d9f10")
_KEPT_CHANGES = 20_000


@dataclass(slots=True)
class Change:
    """One write: the object of a key before and after it, None if there was none."""

    revision: int
    key: Key
    after: Json | None
    before: Json | None = None


@dataclass(slots=True)
class _Shelf:
    now: dict[Key, Json] = field(default_factory=dict)
    # The same objects by namespace: a controller lists its own namespace at every step.
    places: dict[str, dict[Key, Json]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def copy(self) -> _Shelf:
        return _Shelf(dict(self.now), {name: dict(place) for name, place in self.places.items()}, [*self.changes])


class Store:
    """Objects by (group, plural) and (namespace, name); every write gets the next revision of one counter."""

    def __init__(self) -> None:
        self.revision = 1
        self.compacted = 0
        self._shelves: dict[Table, _Shelf] = {}
        self._births: dict[tuple[Table, Key], int] = {}
        self._count = 0

    def become(self, known: Store) -> None:
        """Take over the objects and the history of another store."""
        self.revision, self.compacted, self._count = known.revision, known.compacted, known._count
        self._shelves = {table: shelf.copy() for table, shelf in known._shelves.items()}
        self._births = dict(known._births)

    def get(self, table: Table, name: str, *, namespace: str = "") -> Json | None:
        """Return an object, None if it does not exist."""
        return self._shelf(table).now.get((namespace, name))

    def put(self, *, table: Table, namespace: str, name: str, obj: Json) -> Json:
        """Store `obj` under the next revision and return what was stored (with metadata.resourceVersion set)."""
        self.revision += 1
        stored = obj | {"metadata": obj["metadata"] | {"resourceVersion": str(self.revision)}}
        self._record(table=table, key=(namespace, name), after=stored)
        return stored

    def remove(self, *, table: Table, namespace: str, name: str) -> None:
        """Remove an object; the removal is a revision of its own."""
        self.revision += 1
        self._record(table=table, key=(namespace, name), after=None)

    def objects(self, table: Table, namespace: str = "") -> list[Json]:
        """Return the objects of a table, of one namespace if given, in the order of etcd's keys."""
        shelf = self._shelf(table)
        return sorted((shelf.places.get(namespace, {}) if namespace else shelf.now).values(), key=etcd_key)

    def objects_at(self, *, table: Table, namespace: str, revision: int) -> list[Json]:
        """Return the objects at an earlier revision; the caller has checked `compacted`."""
        state = self._state(self._shelf(table), revision)
        return sorted((obj for key, obj in state.items() if namespace in ("", key[0])), key=etcd_key)

    def changes(self, *, table: Table, namespace: str, after: int) -> list[Change]:
        """Return the writes after a revision, of one namespace if given; the caller has checked `compacted`."""
        changes = self._shelf(table).changes
        first = bisect_right(changes, after, key=lambda change: change.revision)
        return [change for change in changes[first:] if namespace in ("", change.key[0])]

    def everything(self) -> Iterator[tuple[Table, Json]]:
        for table, shelf in list(self._shelves.items()):
            for obj in list(shelf.now.values()):
                yield table, obj

    def compact(self, *, upto: int | None = None) -> None:
        """Drop the history before a revision (default: before the current one)."""
        self.compacted = self.revision if upto is None else upto
        for shelf in self._shelves.values():
            kept = [change for change in shelf.changes if change.revision > self.compacted]
            base = self._state(shelf, self.compacted)
            shelf.changes = [Change(int(o["metadata"]["resourceVersion"]), k, o) for k, o in base.items()] + kept
            shelf.changes.sort(key=lambda change: change.revision)

    def new_uid(self, *, table: Table, namespace: str, name: str) -> str:
        """Return a uid, the same in every run for the nth object of that name, so that answers can be compared."""
        birth = self._births.get((table, (namespace, name)), 0)
        self._births[table, (namespace, name)] = birth + 1
        return uid_of(table=table, namespace=namespace, name=name, birth=birth)

    def _shelf(self, table: Table) -> _Shelf:
        return self._shelves.get(table) or _Shelf()

    @staticmethod
    def _state(shelf: _Shelf, revision: int) -> dict[Key, Json]:
        state: dict[Key, Json] = {}
        for change in shelf.changes:
            if change.revision > revision:
                break
            if change.after is None:
                state.pop(change.key, None)
            else:
                state[change.key] = change.after
        return state

    def _record(self, *, table: Table, key: Key, after: Json | None) -> None:
        shelf = self._shelves.setdefault(table, _Shelf())
        shelf.changes.append(Change(self.revision, key, after, shelf.now.get(key)))
        if after is None:
            shelf.now.pop(key, None)
            shelf.places.get(key[0], {}).pop(key, None)
        else:
            shelf.now[key] = after
            shelf.places.setdefault(key[0], {})[key] = after
        self._count += 1
        if self._count > _KEPT_CHANGES:
            self._count = 0
            self.compact(upto=self.revision - _KEPT_CHANGES // 2)


# Cached because the same objects are loaded into every cluster of a process.
@lru_cache(maxsize=4096)
def uid_of(*, table: Table, namespace: str, name: str, birth: int = 0) -> str:
    """Return the uid of an object; `birth` counts the objects of that name before it."""
    return str(uuid.uuid5(_UIDS, "/".join((*table, namespace, name, str(birth)))))


def etcd_key(obj: Json) -> str:
    """Return the part of the etcd key that orders a list over namespaces."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
