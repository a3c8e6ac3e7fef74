"""Store how long an incident must last before the watch posts it in a channel, where people chose a longer time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import watch_thresholds


class WatchThresholds:
    """Repository of the thresholds. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, channel: str, incident: str, lasts: timedelta, *, by: str, at: datetime) -> None:
        """Post an incident in a channel only after it has lasted for a time, in whole minutes."""
        values = {
            "channel": channel,
            "incident": incident,
            "minutes": lasts // timedelta(minutes=1),
            "by": by,
            "at": at,
        }
        async with self._database.write("watch", channel) as connection:
            await upsert(connection, watch_thresholds, values)

    async def remove(self, channel: str, incident: str) -> None:
        """Post an incident after the usual time again."""
        which = (watch_thresholds.c.channel == channel) & (watch_thresholds.c.incident == incident)
        async with self._database.write("watch", channel) as connection:
            await connection.execute(delete(watch_thresholds).where(which))

    async def of(self, channel: str) -> Mapping[str, timedelta]:
        """Return the thresholds of a channel by incident."""
        query = select(watch_thresholds).where(watch_thresholds.c.channel == channel)
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {row.incident: timedelta(minutes=row.minutes) for row in rows}
