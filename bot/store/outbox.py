"""Store the outbox: the message that a step has posted, so that a step that runs twice posts once.

Slack has no idempotency key. A step begins here, posts, and saves the message's `ts`. A step that finds an earlier
start without an end searches the channel for its message before it posts again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import outbox
from bot.store.types import insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingState:
    """The state of one posting: `ts` of the posted message or "", `again` if an earlier attempt's result is unknown."""

    ts: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One outbox entry; `ts` is "" while the posting is in flight."""

    key: str
    channel: str
    thread_ts: str
    ts: str


class Outbox:
    """Repository of the outbox. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key: str, channel: str, thread_ts: str, now: datetime) -> PostingState:
        """Begin a posting. Return the message already posted, or whether an earlier attempt began."""

        async def body(connection: AsyncConnection) -> PostingState:
            entry = {"key": key, "channel": channel, "thread_ts": thread_ts, "ts": "", "began": now}
            if await insert_once(connection, outbox, entry):
                return PostingState(ts="", again=False)
            ts = (await connection.execute(select(outbox.c.ts).where(outbox.c.key == key))).scalar_one()
            return PostingState(ts=ts, again=not ts)

        return await self._database.transact(body, "outbox", key)

    async def done(self, key: str, ts: str) -> None:
        """Save the `ts` of the posted or found message. An entry deleted in the meantime stays deleted."""

        async def body(connection: AsyncConnection) -> None:
            await connection.execute(update(outbox).where(outbox.c.key == key).values(ts=ts))

        await self._database.transact(body, "outbox", key)

    async def get(self, key: str) -> OutboxEntry | None:
        """Return the entry of a step, or None."""

        async def body(connection: AsyncConnection) -> OutboxEntry | None:
            row = (await connection.execute(select(outbox).where(outbox.c.key == key))).one_or_none()
            return OutboxEntry(key=row.key, channel=row.channel, thread_ts=row.thread_ts, ts=row.ts) if row else None

        return await self._database.query(body)

    async def by_message(self, channel: str, ts: str, *, since: datetime | None = None) -> str | None:
        """Return the key of the step that posted message `ts`, with `since` only of one that began after it."""
        if not ts:
            return None
        query = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts).limit(1)
        async with self._database.read() as connection:
            if since is not None:
                query = query.where(outbox.c.began >= since)
            return (await connection.execute(query)).scalar_one_or_none()

    async def forget(self, key: str, *, ts: str = "") -> bool:
        """Delete an entry whose message is gone, so that the step posts again. Return whether there was one.

        With `ts`, keep an entry of another message: it was posted in place of the one that is gone.
        """
        gone = delete(outbox).where(outbox.c.key == key)
        async with self._database.write("outbox", key) as connection:
            return (await connection.execute(gone.where(outbox.c.ts == ts) if ts else gone)).rowcount > 0
