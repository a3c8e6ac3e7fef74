"""Incident channels: which there are, how each stands, and which revision of its chronicle its summary shows.

A channel's revision grows with each change that people could see: of its facts, its state, its name. Who renders the
summary first claims that revision, so that of several processes one does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import insert_once, upsert
from bot.store.tables import chronicle_reads, incident_channels

_TABLE: Final = incident_channels
# One rendering: facts read, a message or two sent to Slack, some of them again after a rate limit.
LEASE: Final = timedelta(minutes=1)


class ChannelState(StrEnum):
    """How an incident channel stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"  # a person said that it is none: nothing of it is recorded
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChannel:
    """One incident channel. `since` is when `state` began; `resolved` when it was resolved, if it is, archived or not.

    `cursor` says how far its history is read, in the words of whoever reads it: None, not begun; "", to its end.
    From the time `missed` on, as Slack writes it, something may have been said that nobody heard, "" for nothing; it is
    read from the newest message back, down to `missed_cursor` by now. `revision` is that of its chronicle, `shown` the
    one its summary shows, in the message `summary_ts` and the canvas `canvas`, each "" where there is none.
    """

    channel: str
    team: str
    name: str
    state: ChannelState
    opened: datetime
    since: datetime
    resolved: datetime | None
    cursor: str | None
    missed: str
    missed_cursor: str
    revision: int
    shown: int
    summary_ts: str
    canvas: str

    @property
    def is_recorded(self) -> bool:
        """Whether what is said there is kept."""
        return self.state is not ChannelState.DISMISSED


class IncidentChannels:
    """All methods raise `StoreUnavailable`.

    Times are those of the events: one that comes later than what happened after it changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, channel: str, *, team: str, name: str, at: datetime) -> bool:
        """Whether the channel is new; one that is known stays as it is, dismissed or not."""
        async with self._alone(channel) as connection:
            values = {
                "channel": channel,
                "team": team,
                "name": name,
                "named": at,
                "state": ChannelState.OPEN.value,
                "opened": at,
                "since": at,
                "revision": 1,
                "shown": 0,
            }
            return await insert_once(connection, _TABLE, values)

    async def get(self, channel: str) -> IncidentChannel | None:
        async with self._database.read() as connection:
            row = await find_channel(connection, channel)
            return None if row is None else read_channel(row)

    async def list_live(self, resolved_since: datetime) -> tuple[IncidentChannel, ...]:
        """The open ones, and those resolved since then: people look back in there. The newest first."""
        lately = (_TABLE.c.state == ChannelState.RESOLVED.value) & (_TABLE.c.since >= resolved_since)
        return await self._list(or_(_TABLE.c.state == ChannelState.OPEN.value, lately))

    async def list_due(self, now: datetime) -> tuple[IncidentChannel, ...]:
        """Those, in any state, whose summary shows less than there is, and which nobody is rendering now."""
        idle = or_(_TABLE.c.rendered_by == "", _TABLE.c.rendered_until <= now)
        return await self._list(_TABLE.c.shown < _TABLE.c.revision, idle)

    async def count_by_state(self) -> dict[str, int]:
        """How many there are, of states that none is in as well."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state))
            return dict.fromkeys((state.value for state in ChannelState), 0) | {str(row[0]): row[1] for row in rows}

    async def set_state(self, channel: str, state: ChannelState, at: datetime) -> bool:
        """Whether that is a change; what was so at a later time stands.

        Of what is dismissed no more, the history is to be read anew: nothing was recorded meanwhile.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == state or at < row.since:
                return False
            values: dict[str, Any] = {"state": state.value, "since": at}
            if state is not ChannelState.ARCHIVED:
                values["resolved"] = (row.resolved or at) if state is ChannelState.RESOLVED else None
            if row.state == ChannelState.DISMISSED:
                values["cursor"] = None
            await _change(connection, channel, revision=row.revision + 1, **values)
            return True

    async def rename(self, channel: str, name: str, at: datetime) -> bool:
        """Whether that is a change; a name given at a later time stands."""
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or at < row.named or name == row.name:
                return False
            await _change(connection, channel, name=name, named=at, revision=row.revision + 1)
            return True

    async def begin_anew(self, channel: str) -> bool:
        """Its history is to be read from the beginning once more, and its summary shown. False: none such is kept.

        So it is where we were sent away and come back.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == ChannelState.DISMISSED:
                return False
            await _change(connection, channel, cursor=None, shown=0)
            return True

    async def backfilled(self, channel: str, cursor: str, *, after: str | None) -> bool:
        """The history is read from `after` down to `cursor`, "" for all of it.

        False: somebody else has gone on from there, or starts anew; nothing is changed.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == ChannelState.DISMISSED or row.cursor != after:
                return False
            await _change(connection, channel, cursor=cursor)
            return True

    async def miss(self, channel: str, since: str) -> bool:
        """Something may have been said from that time on that nobody heard. False: of no channel that is recorded.

        Where something is missed already it is read with it, from the newest message on once more.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == ChannelState.DISMISSED:
                return False
            await _change(connection, channel, missed=min(row.missed or since, since), missed_cursor="")
            return True

    async def made_up(self, channel: str, cursor: str, *, after: str) -> bool:
        """What was missed is read from `after` down to `cursor`, "" for all of it.

        False: somebody else has gone on from there, or more is missed meanwhile; nothing is changed.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or not row.missed or row.missed_cursor != after:
                return False
            await _change(connection, channel, missed=row.missed if cursor else "", missed_cursor=cursor)
            return True

    async def caught_up(self, channel: str, user: str, at: datetime) -> datetime | None:
        """`user` has read all up to `at`; up to when before that, None: never. Said again, the same answer."""
        async with self._alone(channel) as connection:
            if await find_channel(connection, channel) is None:
                return None
            here = (chronicle_reads.c.channel == channel) & (chronicle_reads.c.user == user)
            read = (await connection.execute(select(chronicle_reads).where(here))).one_or_none()
            before: datetime | None = None
            if read is not None:
                before = read.last if read.last < at else read.before
            if read is None or read.last < at:
                values = {"channel": channel, "user": user, "last": at, "before": before}
                await upsert(connection, chronicle_reads, values)
            return before

    async def claim_summary(
        self, channel: str, revision: int, by: str, now: datetime, *, lease: timedelta = LEASE
    ) -> bool:
        """Whether `by`, which names one attempt and the same again if that is repeated, is to render that revision.

        No: it is shown already, or somebody renders another; who does learns from `rendered` that there is more.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or not row.shown < revision <= row.revision:
                return False
            if row.rendered_by not in ("", by) and now < row.rendered_until:
                return False
            await _change(connection, channel, rendered_by=by, rendered_until=now + lease)
            return True

    async def rendered(self, channel: str, revision: int, by: str) -> int | None:
        """The summary shows that revision; the newest there is. None: no such channel.

        Whoever says so after the claim went to another may have put the older text over the newer one: what is shown
        counts as nothing then, and is rendered once more.
        """
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None:
                return None
            if row.rendered_by == by:
                await _change(connection, channel, shown=revision, rendered_by="", rendered_until=None)
            elif row.shown != revision:
                await _change(connection, channel, shown=0)
            return int(row.revision)

    async def placed(self, channel: str, *, summary_ts: str | None = None, canvas: str | None = None) -> bool:
        """The summary is shown there, as far as said. False: no such channel."""
        places = {"summary_ts": summary_ts, "canvas": canvas}
        async with self._alone(channel) as connection:
            if await find_channel(connection, channel) is None:
                return False
            await _change(connection, channel, **{name: place for name, place in places.items() if place is not None})
            return True

    async def displaced(self, channel: str, place: str) -> bool:
        """The message or canvas `place` is gone. Whether it showed the summary, which then is to be rendered anew."""
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            places = () if row is None else ("summary_ts", "canvas")
            lost = [name for name in places if place and getattr(row, name) == place]
            if lost:
                # Whoever renders into it now has rendered into nothing: the claim is taken back.
                undone = {"shown": 0, "rendered_by": "", "rendered_until": None}
                await _change(connection, channel, **undone, **dict.fromkeys(lost, ""))
            return bool(lost)

    @asynccontextmanager
    async def _alone(self, channel: str) -> AsyncIterator[AsyncConnection]:
        async with self._database.write("chronicle", channel) as connection:
            yield connection

    async def _list(self, *which: ColumnElement[bool]) -> tuple[IncidentChannel, ...]:
        async with self._database.read() as connection:
            query = select(_TABLE).where(*which).order_by(_TABLE.c.opened.desc(), _TABLE.c.channel)
            return tuple(read_channel(row) for row in await connection.execute(query))


async def find_channel(connection: AsyncConnection, channel: str) -> Row[Any] | None:
    return (await connection.execute(select(_TABLE).where(_TABLE.c.channel == channel))).one_or_none()


async def _change(connection: AsyncConnection, channel: str, **values: Any) -> None:
    if values:
        await connection.execute(update(_TABLE).where(_TABLE.c.channel == channel).values(values))


def read_channel(row: Row[Any]) -> IncidentChannel:
    return IncidentChannel(
        channel=row.channel,
        team=row.team,
        name=row.name,
        state=ChannelState(row.state),
        opened=row.opened,
        since=row.since,
        resolved=row.resolved,
        cursor=row.cursor,
        missed=row.missed,
        missed_cursor=row.missed_cursor,
        revision=row.revision,
        shown=row.shown,
        summary_ts=row.summary_ts,
        canvas=row.canvas,
    )
