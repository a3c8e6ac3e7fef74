"""Notices: remarks worth making once in a while, not every time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.store.database import Database
from bot.store.rows import upsert
from bot.store.tables import notices


class Notices:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(self, key: str, *, within: timedelta, now: datetime) -> bool:
        """Whether `key` was not noticed in the time `within` before `now`; it is from now on."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is not None and now - before < within:
                return False
            await upsert(connection, notices, {"key": key, "at": now})
            return True

    async def note(self, key: str, at: datetime) -> None:
        """`key` is noticed, unless it was later than that."""
        async with self._database.write("notice", key) as connection:
            before = (await connection.execute(select(notices.c.at).where(notices.c.key == key))).scalar_one_or_none()
            if before is None or before < at:
                await upsert(connection, notices, {"key": key, "at": at})

    async def last(self, key: str) -> datetime | None:
        """When `key` was noticed last, as long as that is kept."""
        async with self._database.read() as connection:
            query = select(notices.c.at).where(notices.c.key == key)
            return (await connection.execute(query)).scalar_one_or_none()
