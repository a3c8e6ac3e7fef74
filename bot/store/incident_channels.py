"""Store incident channels: which exist, their state, and the chronicle revision that their summary shows.

A channel's revision grows with each visible change: of its facts, state or name. A renderer claims a revision first, so
that only one of several processes renders it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import Repository, read_as, upsert
from bot.store.tables import chronicle_reads, incident_channels
from intents.domain import Json

_TABLE: Final = incident_channels
# The time for one rendering: read the facts, send a message or two to Slack, retry after a rate limit.
LEASE: Final = timedelta(minutes=1)


class ChannelState(StrEnum):
    """The state of an incident channel."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"  # a person said that this is not an incident: nothing is recorded
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChannel:
    """One incident channel. `since` is the start of `state`; `resolved` its resolution, kept when archived.

    `cursor` is the position in its history, in the reader's own format: None before the start, "" at the end. Messages
    after the Slack time `missed` may have been lost ("" for none); they are read from the newest back, down to
    `missed_cursor` so far. `revision` is that of its chronicle, `shown` the one in its summary, which is the message
    `summary_ts` and the canvas `canvas` ("" if there is none).
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
        """Return whether facts of this channel are stored."""
        return self.state is not ChannelState.DISMISSED


_RELEASED: Final[Json] = {"rendered_by": "", "rendered_until": None}


class IncidentChannels(Repository):
    """Repository of incident channels. All methods raise `StoreUnavailable`.

    Times are those of the events: a late event that is older than the stored state changes nothing.
    """

    async def open(self, channel: str, *, team: str, name: str, at: datetime) -> bool:
        """Add a channel. Return whether it is new; a known one stays unchanged, dismissed or not."""
        times = dict.fromkeys(("named", "opened", "since"), at)
        values = {"channel": channel, "team": team, "name": name, "state": ChannelState.OPEN.value, **times}
        return await self._insert(_TABLE, {**values, "revision": 1, "shown": 0}, "chronicle", channel)

    async def get(self, channel: str) -> IncidentChannel | None:
        """Return a channel, or None if it is unknown."""
        row = await self._row(select(_TABLE).where(_TABLE.c.channel == channel))
        return read_channel(row) if row else None

    async def recorded(self, channels: Collection[str]) -> dict[str, bool]:
        """Return those of the channels that are known, and whether their facts are stored."""
        query = select(_TABLE.c.channel, _TABLE.c.state).where(_TABLE.c.channel.in_(list(channels)))
        return {row.channel: row.state != ChannelState.DISMISSED for row in await self._rows(query)}

    async def list_live(self, resolved_since: datetime) -> tuple[IncidentChannel, ...]:
        """Return open channels, and those resolved since a time, because people still look at them. Newest first."""
        lately = (_TABLE.c.state == ChannelState.RESOLVED.value) & (_TABLE.c.since >= resolved_since)
        return await self._list(or_(_TABLE.c.state == ChannelState.OPEN.value, lately))

    async def list_due(self, now: datetime) -> tuple[IncidentChannel, ...]:
        """Return channels in any state whose summary is behind and which nobody is rendering."""
        idle = or_(_TABLE.c.rendered_by == "", _TABLE.c.rendered_until <= now)
        return await self._list(_TABLE.c.shown < _TABLE.c.revision, idle)

    async def count_by_state(self) -> dict[str, int]:
        """Return the number of channels per state, 0 included."""
        rows = await self._rows(select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state))
        return dict.fromkeys((state.value for state in ChannelState), 0) | {str(row[0]): row[1] for row in rows}

    async def set_state(self, channel: str, state: ChannelState, at: datetime) -> bool:
        """Set the state. Return whether it changed; a state set at a later time wins.

        The history of a channel that is no longer dismissed is read again, because nothing was recorded in between.
        """

        def changed(row: Row[Any]) -> Json | None:
            if row.state == state or at < row.since:
                return None
            values = {"state": state.value, "since": at, "revision": row.revision + 1}
            if state is not ChannelState.ARCHIVED:
                values["resolved"] = (row.resolved or at) if state is ChannelState.RESOLVED else None
            if row.state == ChannelState.DISMISSED:
                values["cursor"] = None
            return values

        return await self._set(channel, changed)

    async def rename(self, channel: str, name: str, at: datetime) -> bool:
        """Set the name. Return whether it changed; a name set at a later time wins."""

        def changed(row: Row[Any]) -> Json | None:
            known = at < row.named or name == row.name
            return None if known else {"name": name, "named": at, "revision": row.revision + 1}

        return await self._set(channel, changed)

    async def begin_anew(self, channel: str) -> bool:
        """Read the history and show the summary again, after the bot was removed and re-added. Return False if not
        recorded.
        """
        return await self._set(channel, lambda row: {"cursor": None, "shown": 0} if _is_recorded(row) else None)

    async def backfilled(self, channel: str, cursor: str, *, after: str | None) -> bool:
        """Record that the history is read from `after` down to `cursor` ("" for all of it).

        Return False, without a change, if another process has moved the cursor or restarted.
        """
        return await self._set(
            channel, lambda row: {"cursor": cursor} if _is_recorded(row) and row.cursor == after else None
        )

    async def miss(self, channel: str, since: str) -> bool:
        """Record that messages since a time may have been lost. Return False if the channel is not recorded.

        An earlier gap is read together with it, again from the newest message.
        """

        def changed(row: Row[Any]) -> Json | None:
            missed = {"missed": min(row.missed or since, since), "missed_cursor": ""}
            return missed if _is_recorded(row) else None

        return await self._set(channel, changed)

    async def made_up(self, channel: str, cursor: str, *, after: str) -> bool:
        """Record that lost messages are read from `after` down to `cursor` ("" for all of them).

        Return False, without a change, if another process has moved the cursor or more was lost.
        """

        def changed(row: Row[Any]) -> Json | None:
            if not row.missed or row.missed_cursor != after:
                return None
            return {"missed": row.missed if cursor else "", "missed_cursor": cursor}

        return await self._set(channel, changed)

    async def caught_up(self, channel: str, user: str, at: datetime) -> datetime | None:
        """Record that `user` has read everything up to `at`. Return the time before that, or None; a repeat returns the
        same.
        """
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
        """Claim the rendering of a revision for `by`, the name of one attempt. Return whether it is claimed.

        It is refused if the revision is already shown or another attempt is rendering; that one sees the newer
        revision afterwards.
        """

        def changed(row: Row[Any]) -> Json | None:
            others = row.rendered_by not in ("", by) and now < row.rendered_until
            if others or not row.shown < revision <= row.revision:
                return None
            return {"rendered_by": by, "rendered_until": now + lease}

        return await self._set(channel, changed)

    async def rendered(self, channel: str, revision: int, by: str) -> None:
        """Record that the summary shows a revision.

        An attempt that reports after its claim has passed to another may have overwritten newer text: the shown
        revision is then reset and rendered again.
        """

        def changed(row: Row[Any]) -> Json | None:
            if row.rendered_by == by:
                return {"shown": revision, **_RELEASED}
            return {"shown": 0} if row.shown != revision else None

        await self._set(channel, changed)

    async def placed(self, channel: str, *, summary_ts: str | None = None, canvas: str | None = None) -> bool:
        """Record where the summary is shown. Return False for an unknown channel."""
        places = {"summary_ts": summary_ts, "canvas": canvas}
        return await self._set(channel, lambda _: {name: place for name, place in places.items() if place is not None})

    async def release_summary(self, channel: str, by: str) -> None:
        """Release the claim of an attempt that failed, so that the next change need not wait for the lease."""
        await self._set(channel, lambda row: _RELEASED if row.rendered_by == by else None)

    async def _set(self, channel: str, changed: Callable[[Row[Any]], Json | None]) -> bool:
        """Change a channel to what `changed` returns for its row. Return False for None, and for an unknown channel."""
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            values = changed(row) if row is not None else None
            if values:
                await connection.execute(update(_TABLE).where(_TABLE.c.channel == channel).values(values))
            return values is not None

    def _alone(self, channel: str) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.write("chronicle", channel)

    async def _list(self, *which: ColumnElement[bool]) -> tuple[IncidentChannel, ...]:
        query = select(_TABLE).where(*which).order_by(_TABLE.c.opened.desc(), _TABLE.c.channel)
        return tuple(map(read_channel, await self._rows(query)))


async def find_channel(connection: AsyncConnection, channel: str) -> Row[Any] | None:
    """Return the row of a channel, or None."""
    return (await connection.execute(select(_TABLE).where(_TABLE.c.channel == channel))).one_or_none()


def _is_recorded(row: Row[Any]) -> bool:
    return bool(row.state != ChannelState.DISMISSED)


def read_channel(row: Row[Any]) -> IncidentChannel:
    """Build the channel from its row."""
    return read_as(IncidentChannel, row, state=ChannelState(row.state))
