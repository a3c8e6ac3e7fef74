"""Store answers and what stands because of them: topics of repeated errors, answered alerts, mutes.

A topic is joined for a fixed time after its first request: repeats do not extend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, Row, Select, Update, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import Repository, read_as, row_of, upsert
from bot.store.tables import answers, mutes, requests, standing_alerts, topic_members, topics
from intents.domain import Json, ObjectRef
from intents.mutes import covers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """The answer to one revision of a request. `message` is its source document, `shown` holds notes."""

    request_id: str
    revision: int
    channel: str
    ts: str
    incident: str
    verdict: str
    message: Json
    shown: Json = field(default_factory=dict)
    saved: datetime


class Answers(Repository):
    """Repository of answers. All methods raise `StoreUnavailable`."""

    async def save(self, answer: StoredAnswer) -> bool:
        """Save the answer and add its notes to earlier ones. Return False if a later revision is already answered."""

        async def body(connection: AsyncConnection) -> bool:
            found = select(answers.c.revision, answers.c.shown).where(answers.c.request_id == answer.request_id)
            before = (await connection.execute(found)).one_or_none()
            if before is not None and before.revision > answer.revision:
                return False
            shown = {**before.shown, **answer.shown} if before else answer.shown
            await upsert(connection, answers, {**row_of(answer), "shown": shown})
            return True

        return await self._database.transact(body, "answer", answer.request_id)

    async def get(self, request_id: str) -> StoredAnswer | None:
        """Return the answer to a request, or None."""
        return await self._one(answers.c.request_id == request_id)

    async def by_message(self, channel: str, ts: str) -> StoredAnswer | None:
        """Return the answer that message `ts` shows."""
        return await self._one((answers.c.channel == channel) & (answers.c.ts == ts)) if ts else None

    async def recent_of(self, user: str, limit: int) -> tuple[StoredAnswer, ...]:
        """Return the newest answers that name an incident to the requests of a person."""
        mine = (requests.c.user == user) & (requests.c.state == "answered") & (answers.c.incident != "")
        joined = answers.join(requests, requests.c.id == answers.c.request_id)
        query = select(answers).select_from(joined).where(mine).order_by(answers.c.saved.desc()).limit(limit)
        return tuple(read_as(StoredAnswer, row) for row in await self._rows(query))

    async def note(self, request_id: str, shown: Json) -> Json | None:
        """Merge `shown`, key by key, into what the message shows and return the result; None if there is no such
        answer.
        """

        async def body(connection: AsyncConnection) -> Json | None:
            found = select(answers.c.shown).where(answers.c.request_id == request_id)
            row = (await connection.execute(found)).one_or_none()
            if row is None:
                return None
            merged = {**row.shown, **shown}
            await connection.execute(update(answers).where(answers.c.request_id == request_id).values(shown=merged))
            return merged

        return await self._database.transact(body, "answer", request_id)

    async def delete(self, request_id: str) -> bool:
        """Delete the answer to a request. Return whether there was one."""
        return await self._change(delete(answers).where(answers.c.request_id == request_id), "answer", request_id) > 0

    async def _one(self, which: ColumnElement[bool]) -> StoredAnswer | None:
        row = await self._row(select(answers).where(which).order_by(answers.c.saved.desc()))
        return read_as(StoredAnswer, row) if row else None


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


class Topics(Repository):
    """Repository of topics. All methods raise `StoreUnavailable`."""

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
        row = await self._row(_joined(channel, fingerprint, request_id))
        return _topic(row) if row else None

    async def led_by(self, request_id: str) -> Topic | None:
        """Return the topic of questions that `request_id` opened."""
        of_requests = (topics.c.leader == request_id) & ~topics.c.fingerprint.startswith(FAULT, autoescape=True)
        row = await self._row(select(topics).where(of_requests).order_by(topics.c.id.desc()))
        return _topic(row) if row else None

    async def take_over(self, channel: str, fingerprint: str, *, leader: str, request_id: str, now: datetime) -> bool:
        """Make a member the leader in place of one whose answer does not stand. Return False if another one did."""
        led = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint) & (topics.c.leader == leader)
        taken = update(topics).where(led).values(leader=request_id, first=now, last=now)
        return await self._change(taken, "topic", channel, fingerprint) > 0

    async def close(self, request_id: str) -> None:
        """Let nobody else join a leader's topics; members that have joined keep them."""
        await self._change(update(topics).where(topics.c.leader == request_id).values(first=_CLOSED))

    async def end(self, request_id: str, *, other_than: str = "") -> int:
        """End the topics of a leader whose answer is gone. Return their number; the next request opens a new one.

        `other_than` is the fingerprint of a topic that stays.
        """
        led = (topics.c.leader == request_id) & (topics.c.fingerprint != other_than)
        return await self._change(delete(topics).where(led))


def _joined(channel: str, fingerprint: str, request_id: str) -> Select[Any]:
    mine = (topics.c.channel == channel) & (topics.c.fingerprint == fingerprint)
    query = select(topics).join(topic_members).where(mine, topic_members.c.request_id == request_id)
    return query.order_by(topics.c.id.desc()).limit(1)


def _topic(row: Row[Any]) -> Topic:
    return Topic(leader=row.leader, count=row.joined, first=row.first, last=row.last)


class StandingAlerts(Repository):
    """Repository of the alerts that stand. All methods raise `StoreUnavailable`."""

    async def add(self, channel: str, identities: Collection[str], request_id: str, now: datetime) -> None:
        """Record that a request is about an alert, by each of its identities."""
        about = {"channel": channel, "request_id": request_id, "at": now}
        rows = [{**about, "identity": identity} for identity in dict.fromkeys(identities)]
        await self._upsert(standing_alerts, rows, "alert", request_id)

    async def of(self, channel: str, identities: Collection[str]) -> tuple[str, ...]:
        """Return the requests about an alert with one of these identities, oldest first."""
        here = (standing_alerts.c.channel == channel) & standing_alerts.c.identity.in_(identities)
        query = select(standing_alerts.c.request_id).where(here).order_by(standing_alerts.c.at)
        return tuple(dict.fromkeys(row.request_id for row in await self._rows(query))) if identities else ()

    async def end(self, request_id: str) -> None:
        """Forget a request whose alert is over."""
        await self._change(
            delete(standing_alerts).where(standing_alerts.c.request_id == request_id), "alert", request_id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One mute of a channel. `muted` is a key of `intents.mutes`; `until` is None if it lasts until it is removed."""

    channel: str
    muted: str
    by: str
    at: datetime
    until: datetime | None
    reason: str = ""


class Mutes(Repository):
    """Repository of mutes. All methods raise `StoreUnavailable`."""

    async def add(self, mute: Mute) -> None:
        """Add a mute, or replace the one with the same key."""
        values = row_of(mute)
        await self._upsert(mutes, [{"incident": values.pop("muted"), **values}], "mute", mute.channel, mute.muted)

    async def remove(self, channel: str, muted: str) -> bool:
        """Remove a mute. Return whether there was one."""
        which = (mutes.c.channel == channel) & (mutes.c.incident == muted)
        return await self._change(delete(mutes).where(which), "mute", channel, muted) > 0

    async def list(self, channel: str, now: datetime) -> tuple[Mute, ...]:
        """Return a channel's current mutes, by key."""
        return await self._of(mutes.c.channel == channel, now)

    async def everywhere(self, now: datetime) -> tuple[Mute, ...]:
        """Return the current mutes of all channels, by key."""
        return await self._of(true(), now)

    async def _of(self, which: ColumnElement[bool], now: datetime) -> tuple[Mute, ...]:
        stands = which & (mutes.c.until.is_(None) | (mutes.c.until > now))
        rows = await self._rows(select(mutes).where(stands).order_by(mutes.c.incident, mutes.c.channel))
        return tuple(read_as(Mute, row, muted=row.incident) for row in rows)


def standing(mutes: Sequence[Mute], *, incident: str = "", objects: Iterable[ObjectRef] = ()) -> Mute | None:
    """Return the first mute that covers an incident, an object or all objects of a namespace; None if none does."""
    about = tuple(objects)
    return next((mute for mute in mutes if covers(mute.muted, incident=incident, objects=about)), None)
