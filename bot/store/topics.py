"""Store topics: repeated questions about the same problem in a channel, answered by the first request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, Row, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import topic_members, topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `leader` is the request that opened it, `count` its requests between `first` and `last`."""

    leader: str
    count: int
    first: datetime
    last: datetime


class Topics:
    """Repository of topics. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, channel: str, fingerprint: str, request_id: str, *, now: datetime, window: timedelta) -> Topic:
        """Join the topic last joined within `window`, or open one. Joining twice counts once."""

        async def body(connection: AsyncConnection) -> Topic:
            here = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint)
            mine = select(topics).join(topic_members).where(here, topic_members.c.request_id == request_id)
            joined = (await connection.execute(mine.order_by(topics.c.id.desc()).limit(1))).one_or_none()
            if joined is not None:
                return _topic(joined)
            # Locked, so that the topic does not end in the meantime.
            newest = select(topics).where(here).order_by(topics.c.id.desc()).limit(1).with_for_update()
            latest = (await connection.execute(newest)).one_or_none()
            statement: Insert | Update
            if latest is not None and now - latest.last <= window:
                counted = {"joined": latest.joined + 1, "last": max(latest.last, now)}
                statement = update(topics).where(topics.c.id == latest.id).values(counted)
            else:
                # Named "joined", because rows are tuples whose `count` method would hide a column "count".
                opened = {"channel": channel, "fingerprint": fingerprint, "leader": request_id, "joined": 1}
                statement = insert(topics).values({**opened, "first": now, "last": now})
            topic = (await connection.execute(statement.returning(topics))).one()
            await connection.execute(insert(topic_members).values(topic_id=topic.id, request_id=request_id))
            return _topic(topic)

        return await self._database.transact(body, "topic", channel, fingerprint)

    async def led_by(self, request_id: str) -> Topic | None:
        """Return the topic that `request_id` opened."""
        async with self._database.read() as connection:
            query = select(topics).where(topics.c.leader == request_id).order_by(topics.c.id.desc()).limit(1)
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _topic(row)

    async def end(self, request_id: str) -> int:
        """End the topics of a leader whose answer is gone. Return their number; the next request opens a new one."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(topics).where(topics.c.leader == request_id))).rowcount


def _topic(row: Row[Any]) -> Topic:
    return Topic(leader=row.leader, count=row.joined, first=row.first, last=row.last)
