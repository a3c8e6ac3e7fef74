"""Store saved incidents: their entries as YAML, all versions, and whom the newest version may be shown to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from bot.store.audit_log import opened_to_read
from bot.store.database import Database
from bot.store.tables import learned
from bot.store.types import insert_once


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


@asynccontextmanager
async def open_learned(url: str) -> AsyncIterator[Learned]:
    """Open the saved incidents of the database at `url` read-only. Raise `StoreUnavailable`."""
    async with opened_to_read(url, learned) as database:
        yield Learned(database)


class Learned:
    """Repository of saved entries. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self) -> str:
        """Return a text that changes with every save, share and removal."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(func.count(), func.max(learned.c.changed)))).one()
            return f"{row[0]} {row[1].isoformat() if row[1] else ''}"

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
        async with self._database.write("learned", entry.id) as connection:
            values = {
                "id": entry.id,
                "version": entry.version,
                "yaml": entry.yaml,
                "channel": entry.channel,
                "channel_name": entry.channel_name,
                "author": entry.author,
                "by": entry.by,
                "shared": entry.shared,
                "at": entry.at,
                "changed": entry.at,
            }
            return await insert_once(connection, learned, values)

    async def share(self, id: str, version: int, *, shared: bool, now: datetime) -> bool:
        """Share this version with every channel, or with its own alone. Return whether it exists."""
        async with self._database.write("learned", id) as connection:
            which = (learned.c.id == id) & (learned.c.version == version)
            changed = await connection.execute(update(learned).where(which).values(shared=shared, changed=now))
            return changed.rowcount > 0

    async def remove(self, id: str) -> bool:
        """Delete all versions of an entry. Return whether there was one."""
        async with self._database.write("learned", id) as connection:
            return (await connection.execute(delete(learned).where(learned.c.id == id))).rowcount > 0

    async def _entries(self, query: object) -> tuple[LearnedEntry, ...]:
        async with self._database.read() as connection:
            rows: Sequence[object] = (await connection.execute(query)).all()  # type: ignore[call-overload]
            return tuple(_entry(row) for row in rows)


def _entry(row: object) -> LearnedEntry:
    names = ("id", "version", "yaml", "channel", "channel_name", "author", "by", "at", "shared")
    return LearnedEntry(**{name: getattr(row, name) for name in names})
