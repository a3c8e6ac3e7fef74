"""Store marks: people's manual pins and removals of timeline messages, inside the caller's transaction.

The last mark of each kind per person is kept, so the order in which reactions arrive does not matter. A message is
pinned while any pin is newer than the last removal; otherwise it is removed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import fact_marks as _table
from bot.store.types import upsert


class Mark(StrEnum):
    """A person's manual change to a message."""

    PIN = "pin"
    REMOVE = "remove"


class MarkedPlace(StrEnum):
    """The resulting place of a marked message."""

    PINNED = "pinned"
    REMOVED = "removed"


async def record_mark(
    connection: AsyncConnection,
    channel: str,
    ts: str,
    user: str,
    what: Mark,
    *,
    stands: bool,
    at: datetime,
    found: bool = False,
) -> bool:
    """Record a mark. Return whether it is new: a later mark of the person wins, and so does an existing one over
    `found`.
    """
    mine = (_table.c.channel == channel) & (_table.c.ts == ts) & (_table.c.user == user) & (_table.c.what == what.value)
    last = (await connection.execute(select(_table.c.at, _table.c.stands).where(mine))).one_or_none()
    if last is not None and (at <= last.at or (found and last.stands)):
        return False
    values = {"channel": channel, "ts": ts, "user": user, "what": what.value, "stands": stands, "at": at}
    await upsert(connection, _table, values)
    return True


async def marked_places(
    connection: AsyncConnection, channels: Collection[str], messages: Collection[str] | None = None
) -> dict[tuple[str, str], MarkedPlace]:
    """Return the place of each marked message by channel and `ts`; None for `messages` means all."""
    query = select(_table).where(_table.c.channel.in_(channels))
    if messages is not None:
        query = query.where(_table.c.ts.in_(messages))
    removed: dict[tuple[str, str], datetime] = {}
    pinned: dict[tuple[str, str], datetime] = {}
    for row in await connection.execute(query):
        if row.stands:
            latest, message = (removed if row.what == Mark.REMOVE else pinned), (row.channel, row.ts)
            latest[message] = max(row.at, latest.get(message, row.at))
    return {message: _place(removed.get(message), pinned.get(message)) for message in removed.keys() | pinned.keys()}


def _place(removed: datetime | None, pinned: datetime | None) -> MarkedPlace:
    if pinned is not None and (removed is None or pinned > removed):
        return MarkedPlace.PINNED
    return MarkedPlace.REMOVED
