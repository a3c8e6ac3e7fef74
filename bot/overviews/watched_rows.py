"""Keep of the watched objects only a row of each that is not well, and since when it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.owners import controller_of
from bot.overviews.troubled_objects import Identity, identity_of, troubled
from intents.domain import Json

# An object that still starts or settles is judged as if it went on so: no event tells when its time is over.
_SETTLED: Final = timedelta(hours=1)


@dataclass(slots=True)
class _Row:
    since: datetime
    look: datetime


@dataclass(slots=True, kw_only=True)
class WatchedRows:
    """The objects of one namespace that are not well, as the watches tell; `lasting` is what must pass before a look.

    It is the follower of `bot.cluster.watching`.
    """

    clock: Callable[[], datetime]
    lasting: timedelta
    kinds: frozenset[str]
    _rows: dict[Identity, _Row] = field(default_factory=dict)
    _listing: dict[str, set[Identity]] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set)

    def __contains__(self, id_: Identity) -> bool:
        return id_ in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def complete(self) -> bool:
        """Return whether the list of every kind was read."""
        return self._listed >= self.kinds

    def begin(self, resource: Resource) -> None:
        self._listing[resource.kind] = set()

    def keep(self, resource: Resource, obj: Json) -> None:
        id_, now = identity_of(obj, resource.kind), self.clock()
        if resource.kind in self._listing:
            self._listing[resource.kind].add(id_)
        if resource.kind == "Job" and controller_of(obj) is not None:
            return  # a CronJob may fail once
        row = troubled(obj, resource.kind, now + _SETTLED)
        if row is None or row.ended:
            self._rows.pop(id_, None)
        elif id_ not in self._rows:
            self._rows[id_] = _Row(since=now, look=now + self.lasting)

    def listed(self, resource: Resource) -> None:
        seen = self._listing.pop(resource.kind, set())
        for id_ in [each for each in self._rows if each.kind == resource.kind and each not in seen]:
            del self._rows[id_]
        self._listed.add(resource.kind)

    def drop(self, resource: Resource, obj: Json) -> None:
        self._rows.pop(identity_of(obj, resource.kind), None)

    def due(self, now: datetime) -> tuple[Identity, ...]:
        """Return the objects whose trouble has lasted, if one of them is due for a look; the pauses double."""
        if not any(row.look <= now for row in self._rows.values()):
            return ()
        lasted = {id_: row for id_, row in self._rows.items() if now - row.since >= self.lasting}
        for row in lasted.values():
            row.look = now + max(self.lasting, now - row.since)
        return tuple(sorted(lasted))
