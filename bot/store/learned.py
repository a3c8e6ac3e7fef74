"""Store saved incidents: their entries as YAML, all versions, and whom the newest version may be shown to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from bot.store.audit_log import opened_to_read
from bot.store.statements import Repository, read_as, row_of
from bot.store.tables import learned


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedEntry:
    """One version of a saved entry. `author` saved it in `channel`; without `shared` it is for that channel alone.

    `channel_name` and `by` are the names at that time. The author of an entry is that of its first version.
    """

    id: str
    version: int
    yaml: str
    channel: str
    channel_name: str
    author: str
    by: str
    at: datetime
    shared: bool = False


def open_learned(url: str) -> AbstractAsyncContextManager[Learned]:
    """Open the saved incidents of the database at `url` read-only. Raise `StoreUnavailable`."""
    return opened_to_read(url, learned, Learned)


class Learned(Repository):
    """Repository of saved entries. All methods raise `StoreUnavailable`."""

    async def state(self) -> str:
        """Return a text that changes with every save, share and removal."""
        ((number, changed),) = await self._rows(select(func.count(), func.max(learned.c.changed)))
        return f"{number} {changed.isoformat() if changed else ''}"

    async def newest(self) -> tuple[LearnedEntry, ...]:
        """Return the newest version of every entry, by id."""
        latest = select(learned.c.id, func.max(learned.c.version).label("version")).group_by(learned.c.id).subquery()
        query = (
            select(learned)
            .join(latest, (learned.c.id == latest.c.id) & (learned.c.version == latest.c.version))
            .order_by(learned.c.id)
        )
        return await self._entries(query)

    async def versions(self, id: str) -> tuple[LearnedEntry, ...]:
        """Return all versions of an entry, the oldest first."""
        return await self._entries(select(learned).where(learned.c.id == id).order_by(learned.c.version))

    async def save(self, entry: LearnedEntry) -> bool:
        """Save a version. Return False, without a change, if the entry has this version already."""
        return await self._insert(learned, {**row_of(entry), "changed": entry.at}, "learned", entry.id)

    async def share(self, id: str, version: int, *, shared: bool, now: datetime) -> bool:
        """Share this version with every channel, or with its own alone. Return whether it exists."""
        which = (learned.c.id == id) & (learned.c.version == version)
        return await self._change(update(learned).where(which).values(shared=shared, changed=now), "learned", id) > 0

    async def remove(self, id: str) -> bool:
        """Delete all versions of an entry. Return whether there was one."""
        return await self._change(delete(learned).where(learned.c.id == id), "learned", id) > 0

    async def _entries(self, query: Select[Any]) -> tuple[LearnedEntry, ...]:
        return tuple(read_as(LearnedEntry, row) for row in await self._rows(query))
