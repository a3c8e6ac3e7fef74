"""Store mutes: incidents, objects and namespaces that a channel does not want to hear of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.tables import mutes
from bot.store.types import upsert
from intents.domain import ObjectRef
from intents.mutes import covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One mute of a channel. `muted` is a key of `intents.mutes`; `until` is None if it lasts until it is removed."""

    channel: str
    muted: str
    by: str
    at: datetime
    until: datetime | None
    reason: str = ""


class Mutes:
    """Repository of mutes. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, mute: Mute) -> None:
        """Add a mute, or replace the one with the same key."""
        async with self._database.write("mute", mute.channel, mute.muted) as connection:
            values = {
                "channel": mute.channel,
                "incident": mute.muted,
                "by": mute.by,
                "at": mute.at,
                "until": mute.until,
                "reason": mute.reason,
            }
            await upsert(connection, mutes, values)

    async def remove(self, channel: str, muted: str) -> bool:
        """Remove a mute. Return whether there was one."""
        async with self._database.write("mute", channel, muted) as connection:
            which = (mutes.c.channel == channel) & (mutes.c.incident == muted)
            return (await connection.execute(delete(mutes).where(which))).rowcount > 0

    async def list(self, channel: str, now: datetime) -> tuple[Mute, ...]:
        """Return a channel's current mutes, by key."""
        async with self._database.read() as connection:
            stands = (mutes.c.channel == channel) & (mutes.c.until.is_(None) | (mutes.c.until > now))
            rows = await connection.execute(select(mutes).where(stands).order_by(mutes.c.incident))
            return tuple(
                Mute(channel=row.channel, muted=row.incident, by=row.by, at=row.at, until=row.until, reason=row.reason)
                for row in rows
            )


def standing(mutes: Sequence[Mute], *, incident: str = "", objects: Iterable[ObjectRef] = ()) -> Mute | None:
    """Return the first mute that covers an incident, an object or all objects of a namespace; None if none does."""
    about = tuple(objects)
    return next((mute for mute in mutes if covers(mute.muted, incident=incident, objects=about)), None)
