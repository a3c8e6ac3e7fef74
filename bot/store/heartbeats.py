"""Store heartbeats of the processes that work on this database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import replicas


class Heartbeats:
    """Repository of heartbeats. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, executor: str, version: str, now: datetime) -> None:
        """Record that a process is alive."""
        async with self._database.write("replica", executor) as connection:
            await upsert(connection, replicas, {"executor": executor, "version": version, "beat": now})

    async def gone(self, now: datetime, within: timedelta) -> tuple[str, ...]:
        """Return the processes without a heartbeat in that time, by name: their jobs may be adopted."""
        async with self._database.read() as connection:
            query = select(replicas.c.executor).where(replicas.c.beat < now - within).order_by(replicas.c.executor)
            return tuple((await connection.execute(query)).scalars())

    async def forget(self, executor: str) -> bool:
        """Delete a process that stopped cleanly or whose jobs were adopted. Return whether it was known."""
        async with self._database.write("replica", executor) as connection:
            return (await connection.execute(delete(replicas).where(replicas.c.executor == executor))).rowcount > 0
