"""Store mutes: incidents that a channel does not want answers about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.row_writes import upsert
from bot.store.tables import mutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One muted incident of a channel; `until` is None if it lasts until somebody removes it."""

    channel: str
    incident: str
    by: str
    at: datetime
    until: datetime | None


class Mutes:
    """Repository of mutes. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, channel: str, incident: str, by: str, now: datetime, until: datetime | None = None) -> None:
        """Mute an incident, or replace the existing mute."""
        async with self._database.write("mute", channel, incident) as connection:
            values = {"channel": channel, "incident": incident, "by": by, "at": now, "until": until}
            await upsert(connection, mutes, values)

    async def remove(self, channel: str, incident: str) -> bool:
        """Remove a mute. Return whether there was one."""
        async with self._database.write("mute", channel, incident) as connection:
            which = (mutes.c.channel == channel) & (mutes.c.incident == incident)
            return (await connection.execute(delete(mutes).where(which))).rowcount > 0

    async def is_muted(self, channel: str, incident: str, now: datetime) -> bool:
        """Return whether an incident is muted in a channel now."""

        async def body(connection: AsyncConnection) -> bool:
            asked = {"channel": channel, "incident": incident, "now": now}
            return (await connection.execute(_MUTED, asked)).one_or_none() is not None

        return await self._database.query(body)

    async def list(self, channel: str, now: datetime) -> tuple[Mute, ...]:
        """Return a channel's current mutes, by incident."""
        async with self._database.read() as connection:
            query = select(mutes).where(_stands(channel, now)).order_by(mutes.c.incident)
            return tuple(Mute(**row._mapping) for row in await connection.execute(query))


# Built once: every paste asks.
_MUTED: Final = select(mutes.c.by).where(
    mutes.c.channel == bindparam("channel"),
    mutes.c.incident == bindparam("incident"),
    mutes.c.until.is_(None) | (mutes.c.until > bindparam("now")),
)


def _stands(channel: str, now: datetime) -> ColumnElement[bool]:
    return (mutes.c.channel == channel) & (mutes.c.until.is_(None) | (mutes.c.until > now))
