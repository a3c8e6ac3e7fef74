"""Store notices: remarks that are made once in a while, not every time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import notices


class Notices:
    """Repository of notices. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(self, key: str, *, within: timedelta, now: datetime) -> bool:
        """Record a notice. Return whether none was recorded in the time `within` before `now`."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is not None and now - before < within:
                return False
            await upsert(connection, notices, {"key": key, "at": now})
            return True

    async def note(self, key: str, at: datetime) -> None:
        """Record a notice, unless a later one is recorded."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is None or before < at:
                await upsert(connection, notices, {"key": key, "at": at})

    async def last(self, key: str) -> datetime | None:
        """Return when the notice was last recorded, or None."""
        async with self._database.read() as connection:
            query = select(notices.c.at).where(notices.c.key == key)
            return (await connection.execute(query)).scalar_one_or_none()
