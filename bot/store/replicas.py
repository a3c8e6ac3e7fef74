"""Replicas: which processes work on this database, and which have stopped saying so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.rows import upsert
from bot.store.tables import replicas


class Replicas:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, executor: str, version: str, now: datetime) -> None:
        async with self._database.write("replica", executor) as connection:
            await upsert(connection, replicas, {"executor": executor, "version": version, "beat": now})

    async def gone(self, now: datetime, within: timedelta) -> tuple[str, ...]:
        """Those that did not beat within that time, by name: their jobs may be adopted."""
        async with self._database.read() as connection:
            query = select(replicas.c.executor).where(replicas.c.beat < now - within).order_by(replicas.c.executor)
            return tuple((await connection.execute(query)).scalars())

    async def forget(self, executor: str) -> bool:
        """A replica that stopped in good order, or whose jobs were adopted. Whether it was known."""
        async with self._database.write("replica", executor) as connection:
            return (await connection.execute(delete(replicas).where(replicas.c.executor == executor))).rowcount > 0
