"""Topics: the same trouble asked about again in a channel is one topic, answered by the request that opened it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Insert, Row, Update, delete, insert, select, update

from bot.store.database import Database
from bot.store.tables import topic_members, topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """`leader` is the request that opened it, `count` how many requests it has seen, between `first` and `last`."""

    leader: str
    count: int
    first: datetime
    last: datetime


class Topics:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, channel: str, fingerprint: str, request_id: str, *, now: datetime, window: timedelta) -> Topic:
        """Join the topic that was last joined within `window`, or open one. Joining twice counts once."""
        async with self._database.write("topic", channel, fingerprint) as connection:
            here = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint)
            mine = select(topics).join(topic_members).where(here, topic_members.c.request_id == request_id)
            joined = (await connection.execute(mine.order_by(topics.c.id.desc()).limit(1))).one_or_none()
            if joined is not None:
                return _topic(joined)
            # Held, so that it does not end meanwhile.
            newest = select(topics).where(here).order_by(topics.c.id.desc()).limit(1).with_for_update()
            latest = (await connection.execute(newest)).one_or_none()
            statement: Insert | Update
            if latest is not None and now - latest.last <= window:
                counted = {"joined": latest.joined + 1, "last": max(latest.last, now)}
                statement = update(topics).where(topics.c.id == latest.id).values(counted)
            else:
                # "count" would be hidden by the method that rows, as tuples, have.
                opened = {"channel": channel, "fingerprint": fingerprint, "leader": request_id, "joined": 1}
                statement = insert(topics).values({**opened, "first": now, "last": now})
            topic = (await connection.execute(statement.returning(topics))).one()
            await connection.execute(insert(topic_members).values(topic_id=topic.id, request_id=request_id))
            return _topic(topic)

    async def led_by(self, request_id: str) -> Topic | None:
        """The topic that `request_id` opened, as it stands."""
        async with self._database.read() as connection:
            query = select(topics).where(topics.c.leader == request_id).order_by(topics.c.id.desc()).limit(1)
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _topic(row)

    async def end(self, request_id: str) -> int:
        """End the topics that `request_id` leads, since its answer is gone; how many. The next to join opens anew."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(topics).where(topics.c.leader == request_id))).rowcount


def _topic(row: Row[Any]) -> Topic:
    return Topic(leader=row.leader, count=row.joined, first=row.first, last=row.last)
