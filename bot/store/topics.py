"""Store topics: repeated questions about the same problem in a channel, answered by the first request.

A topic is joined for a fixed time after its first request: repeats do not extend it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Insert, Row, Select, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import topic_members, topics

# Begins the fingerprint of answers about one fault. Those of questions begin with the id of an incident.
FAULT: Final = "fault|"
# The start of a closed topic: out of every window.
_CLOSED: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `leader` is the request that answers it, `count` its requests between `first` and `last`."""

    leader: str
    count: int
    first: datetime
    last: datetime


class Topics:
    """Repository of topics. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, channel: str, fingerprint: str, request_id: str, *, now: datetime, window: timedelta) -> Topic:
        """Join the topic opened within `window`, or open one. Joining twice counts once."""

        async def body(connection: AsyncConnection) -> Topic:
            here = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint)
            joined = (await connection.execute(_joined(channel, fingerprint, request_id))).one_or_none()
            if joined is not None:
                return _topic(joined)
            # Locked, so that the topic does not end in the meantime.
            newest = select(topics).where(here).order_by(topics.c.id.desc()).limit(1).with_for_update()
            latest = (await connection.execute(newest)).one_or_none()
            statement: Insert | Update
            if latest is not None and now - latest.first <= window:
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

    async def joined(self, channel: str, fingerprint: str, request_id: str) -> Topic | None:
        """Return the topic that a request has joined."""

        async def body(connection: AsyncConnection) -> Topic | None:
            row = (await connection.execute(_joined(channel, fingerprint, request_id))).one_or_none()
            return None if row is None else _topic(row)

        return await self._database.query(body)

    async def led_by(self, request_id: str) -> Topic | None:
        """Return the topic of questions that `request_id` opened."""

        async def body(connection: AsyncConnection) -> Topic | None:
            of_requests = (topics.c.leader == request_id) & ~topics.c.fingerprint.startswith(FAULT, autoescape=True)
            query = select(topics).where(of_requests).order_by(topics.c.id.desc()).limit(1)
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _topic(row)

        return await self._database.query(body)

    async def take_over(self, channel: str, fingerprint: str, *, leader: str, request_id: str, now: datetime) -> bool:
        """Make a member the leader in place of one whose answer does not stand. Return False if another one did."""
        async with self._database.write("topic", channel, fingerprint) as connection:
            led = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint) & (topics.c.leader == leader)
            done = await connection.execute(update(topics).where(led).values(leader=request_id, first=now, last=now))
            return done.rowcount > 0

    async def close(self, request_id: str) -> None:
        """Let nobody else join a leader's topics; members that have joined keep them."""

        async def body(connection: AsyncConnection) -> None:
            await connection.execute(update(topics).where(topics.c.leader == request_id).values(first=_CLOSED))

        await self._database.transact(body)

    async def end(self, request_id: str, *, other_than: str = "") -> int:
        """End the topics of a leader whose answer is gone. Return their number; the next request opens a new one.

        `other_than` is the fingerprint of a topic that stays.
        """

        async def body(connection: AsyncConnection) -> int:
            led = (topics.c.leader == request_id) & (topics.c.fingerprint != other_than)
            return (await connection.execute(delete(topics).where(led))).rowcount

        return await self._database.transact(body)


def _joined(channel: str, fingerprint: str, request_id: str) -> Select[Any]:
    mine = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint)
    query = select(topics).join(topic_members).where(mine, topic_members.c.request_id == request_id)
    return query.order_by(topics.c.id.desc()).limit(1)


def _topic(row: Row[Any]) -> Topic:
    return Topic(leader=row.leader, count=row.joined, first=row.first, last=row.last)
