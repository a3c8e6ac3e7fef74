"""The outbox: which message a step has posted, so that a step that runs twice posts once.

Slack has no idempotency key. A step begins its sending here, posts, and notes the message's `ts`; one that finds an
earlier beginning without an end looks in the channel for what it may have posted before it posts again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from bot.store.database import Database
from bot.store.rows import insert_once
from bot.store.tables import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """`ts` is the message already sent, or empty. `again`: an attempt began before, and how it ended is unknown."""

    ts: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One entry; `ts` is empty while the sending is under way."""

    key: str
    channel: str
    thread_ts: str
    ts: str


class Outbox:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key: str, channel: str, thread_ts: str, now: datetime) -> Sending:
        async with self._database.write("outbox", key) as connection:
            entry = {"key": key, "channel": channel, "thread_ts": thread_ts, "ts": "", "began": now}
            if await insert_once(connection, outbox, entry):
                return Sending(ts="", again=False)
            ts = (await connection.execute(select(outbox.c.ts).where(outbox.c.key == key))).scalar_one()
            return Sending(ts=ts, again=not ts)

    async def done(self, key: str, ts: str) -> None:
        """The message was posted, or found to be. An entry that was forgotten meanwhile stays forgotten."""
        async with self._database.write("outbox", key) as connection:
            await connection.execute(update(outbox).where(outbox.c.key == key).values(ts=ts))

    async def get(self, key: str) -> OutboxEntry | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(outbox).where(outbox.c.key == key))).one_or_none()
            return OutboxEntry(key=row.key, channel=row.channel, thread_ts=row.thread_ts, ts=row.ts) if row else None

    async def by_message(self, channel: str, ts: str) -> str | None:
        """The key under which message `ts` was sent."""
        if not ts:
            return None
        async with self._database.read() as connection:
            query = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts).limit(1)
            return (await connection.execute(query)).scalar_one_or_none()

    async def forget(self, key: str) -> bool:
        """Whether there was one: its message is gone, so that the step posts anew."""
        async with self._database.write("outbox", key) as connection:
            return (await connection.execute(delete(outbox).where(outbox.c.key == key))).rowcount > 0
