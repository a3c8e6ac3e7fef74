"""Store chronicles: the facts of incident channels, from which every view is rendered.

A fact comes from a source (a message, an answer, a remedy). A source's current facts replace its earlier ones. Sources
are reported more than once, by two processes and in any order: an older version never overwrites a newer one, and a
deleted message stays deleted even if its first version arrives later.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, Text, cast, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.facts import (
    FactRow,
    Mark,
    MarkedPlace,
    SourceVersion,
    apply_versions,
    marked_places,
    record_mark,
    replace_facts,
    stored_versions,
)
from bot.store.incident_channels import ChannelState, IncidentChannel, IncidentChannels, find_channel, read_channel
from bot.store.tables import chronicle_reads, fact_marks, fact_sources, facts, incident_channels

_CHANNELS: Final = incident_channels
_DISMISSED: Final = ChannelState.DISMISSED.value
_HANGING_ON: Final = (facts, fact_sources, fact_marks, chronicle_reads)
_SHOWN: Final = (facts.c.channel, facts.c.key, facts.c.at, facts.c.ts, facts.c.incident)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """A message in its current version with its facts; noise has none.

    `version` is "" for the first version. For an edit it is the Slack time of the event, or `edited.ts` from the
    history. `pinned` is the fact for the message itself if a person has pinned it.
    """

    ts: str
    version: str = ""
    facts: Sequence[FactRow] = ()
    pinned: FactRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """An incident channel with its facts by time, both as of `channel.revision`."""

    channel: IncidentChannel
    facts: tuple[FactRow, ...]


class Chronicles(IncidentChannels):
    """Repository of chronicles. All methods raise `StoreUnavailable`; recording ones return whether the view changed.

    They change nothing in a channel that is unknown or dismissed.
    """

    async def record(self, channel: str, message: RecordedMessage) -> bool:
        """Replace the facts of a message. Return whether the view changed."""
        if not message.facts and not message.version and not await self._knows_message(channel, message.ts):
            return False  # noise, which is most messages: no reason to wait for the write lock
        return await self._changed(channel, lambda connection: _take(connection, channel, [message]))

    async def reread(self, channel: str, page: Sequence[RecordedMessage], *, gone: Collection[str] = ()) -> bool:
        """Record a page of history, and that the messages `gone` no longer exist. Return whether the view changed."""
        if not page and not gone:
            return False

        async def body(connection: AsyncConnection) -> bool:
            changed = await _take(connection, channel, page)
            for ts in sorted(gone):
                changed |= await _forget(connection, channel, ts)
            return changed

        return await self._changed(channel, body)

    async def kept(self, channel: str) -> dict[str, str]:
        """Return the messages with stored facts, and the thread of each ("" outside one)."""
        of_message = or_(facts.c.source.like("m:%"), facts.c.source.like("p:%"))
        query = select(facts.c.ts, facts.c.document["thread_ts"].as_string()).distinct()
        query = query.where(facts.c.channel == channel, of_message)
        return {ts: thread or "" for ts, thread in await self._rows(query)}

    async def forget(self, channel: str, ts: str) -> bool:
        """Delete the facts of a deleted message for good. Facts from other sources about it stay."""
        return await self._changed(channel, lambda connection: _forget(connection, channel, ts))

    async def add(self, channel: str, fact: FactRow, *, revision: int = 0) -> bool:
        """Add a fact whose source is its own key; see `replace` for `revision`."""
        return await self.replace(channel, fact.key, [fact], revision=revision)

    async def replace(self, channel: str, source: str, rows: Sequence[FactRow], *, revision: int = 0) -> bool:
        """Replace the facts of a source that is not a message ("a:<request>"), unless a later revision is stored."""

        async def body(connection: AsyncConnection) -> bool:
            version = SourceVersion(source=source, version=f"{revision:012d}", facts=rows)
            return (await apply_versions(connection, channel, [version]))[1]

        return await self._changed(channel, body)

    async def pin(
        self, channel: str, ts: str, *, by: str, at: datetime, fact: FactRow | None = None, found: bool = False
    ) -> bool:
        """Pin message `ts` to the timeline, as `fact` if given, and mark all its facts.

        `found`: the pin was seen in Slack and `at` is only its earliest possible time, so an existing pin of the same
        person counts as the same.
        """
        return await self._mark(channel, ts, by, Mark.PIN, at, fact=fact, found=found)

    async def unpin(self, channel: str, ts: str, *, by: str, at: datetime) -> bool:
        """Withdraw one's own pin; other facts about the message stay."""
        return await self._mark(channel, ts, by, Mark.PIN, at, stands=False)

    async def remove(self, channel: str, ts: str, *, by: str, at: datetime) -> bool:
        """Remove message `ts` from the timeline, regardless of who pinned it, until somebody pins it again."""
        return await self._mark(channel, ts, by, Mark.REMOVE, at)

    async def facts(self, channel: str) -> tuple[FactRow, ...]:
        """Return all facts of a channel by time, those of removed messages included."""
        chronicle = await self.read(channel)
        return () if chronicle is None else chronicle.facts

    async def read(self, channel: str) -> Chronicle | None:
        """Return a channel with all its facts, read in one transaction."""
        async with self._database.read() as connection:
            row = await find_channel(connection, channel)
            if row is None:
                return None
            return (await _chronicles(connection, [row], facts.c.channel == channel))[0]

    async def elsewhere(self, incidents: Collection[str], *, besides: str, since: datetime) -> tuple[Chronicle, ...]:
        """Return facts about these catalog entries since a time from other open and resolved channels, newest channel
        first.

        The caller decides whether a person may see another channel.
        """
        same = (facts.c.incident.in_(incidents), facts.c.at >= since, facts.c.channel != besides)
        alive = _CHANNELS.c.state.in_([ChannelState.OPEN.value, ChannelState.RESOLVED.value])
        async with self._database.read() as connection:
            query = select(_CHANNELS).where(alive, _CHANNELS.c.channel.in_(select(facts.c.channel).where(*same)))
            rows = (await connection.execute(query.order_by(_CHANNELS.c.opened.desc(), _CHANNELS.c.channel))).all()
            return await _chronicles(connection, rows, *same)

    async def list_active(self, since: datetime) -> tuple[IncidentChannel, ...]:
        """Return the open channels with a fact since a time."""
        lately = exists().where(facts.c.channel == _CHANNELS.c.channel, facts.c.at >= since)
        return await self._list(_CHANNELS.c.state == ChannelState.OPEN.value, lately)

    async def purge(self, before: datetime, *, dismissed_before: datetime) -> int:
        """Delete chronicles without activity since `before`, and facts of channels dismissed before then. Return the
        row count.

        A dismissed channel itself is kept; otherwise it would become an incident again.
        """
        quiet = (
            _CHANNELS.c.state != _DISMISSED,
            _CHANNELS.c.since < before,
            ~exists().where(facts.c.channel == _CHANNELS.c.channel, facts.c.at >= before),
        )
        refused = (_CHANNELS.c.state == _DISMISSED, _CHANNELS.c.since < dismissed_before)
        return await self._delete(quiet, [_CHANNELS]) + await self._delete(refused, _HANGING_ON)

    async def _delete(self, which: Sequence[ColumnElement[bool]], tables: Sequence[Table]) -> int:
        gone = 0
        for (channel,) in await self._rows(select(_CHANNELS.c.channel).where(*which)):
            # One short transaction per channel, which checks again: something may be said in the meantime.
            async with self._alone(channel) as connection:
                still = exists().where(_CHANNELS.c.channel == channel, *which)
                for table in tables:
                    gone += (await connection.execute(delete(table).where(table.c.channel == channel, still))).rowcount
        return gone

    async def _knows_message(self, channel: str, ts: str) -> bool:
        async with self._database.read() as connection:
            return bool(await stored_versions(connection, channel, [_message(ts)]))

    async def _mark(
        self,
        channel: str,
        ts: str,
        by: str,
        what: Mark,
        at: datetime,
        *,
        stands: bool = True,
        fact: FactRow | None = None,
        found: bool = False,
    ) -> bool:

        async def body(connection: AsyncConnection) -> bool:
            stored = (await stored_versions(connection, channel, [_message(ts)])).get(_message(ts))
            if stored is not None and stored.gone:
                return False
            here = (channel, ts)
            before = (await marked_places(connection, [channel], [ts])).get(here)
            if not await record_mark(connection, channel, ts, by, what, stands=stands, at=at, found=found):
                return False
            after = (await marked_places(connection, [channel], [ts])).get(here)
            changed = before is not after
            if after is not MarkedPlace.PINNED:
                changed |= await replace_facts(connection, channel, _by_hand(ts), [])
            elif fact is not None:
                changed |= await replace_facts(connection, channel, _by_hand(ts), [fact])
            return changed

        return await self._changed(channel, body)

    async def _changed(self, channel: str, body: Callable[[AsyncConnection], Awaitable[bool]]) -> bool:
        """Change a recorded channel, and count a revision if the view changed. Return whether it did."""
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == _DISMISSED or not await body(connection):
                return False
            counted = {"revision": _CHANNELS.c.revision + 1}
            await connection.execute(update(_CHANNELS).where(_CHANNELS.c.channel == channel).values(counted))
            return True


def _message(ts: str) -> str:
    """Return the source name of a message."""
    return f"m:{ts}"


def _by_hand(ts: str) -> str:
    """Return the source name of a manual pin of a message."""
    return f"p:{ts}"


async def _take(connection: AsyncConnection, channel: str, page: Sequence[RecordedMessage]) -> bool:
    """Record these messages. Return whether a fact changed."""
    versions = [
        SourceVersion(source=_message(message.ts), version=message.version, facts=message.facts) for message in page
    ]
    taken, changed = await apply_versions(connection, channel, versions)
    marked = await marked_places(connection, [channel])
    for message in page:
        if (
            message.pinned is not None
            and _message(message.ts) in taken
            and marked.get((channel, message.ts)) is MarkedPlace.PINNED
        ):
            changed |= await replace_facts(connection, channel, _by_hand(message.ts), [message.pinned])
    return changed


async def _forget(connection: AsyncConnection, channel: str, ts: str) -> bool:
    """Mark a message as deleted. Return whether a fact changed."""
    _, changed = await apply_versions(connection, channel, [SourceVersion(source=_message(ts), version="", gone=True)])
    return await replace_facts(connection, channel, _by_hand(ts), []) or changed


async def _chronicles(
    connection: AsyncConnection, channels: Sequence[Row[Any]], *which: ColumnElement[bool]
) -> tuple[Chronicle, ...]:
    """Return each channel with its matching facts."""
    names = [row.channel for row in channels]
    marked = await marked_places(connection, names)
    query = select(*_SHOWN, cast(facts.c.document, Text)).where(facts.c.channel.in_(names), *which)
    rows = (await connection.execute(query.order_by(facts.c.at, facts.c.key))).all()
    # Parsed as one array, which takes half the time for ten thousand facts.
    documents = json.loads(f"[{','.join(row[-1] for row in rows)}]")
    found: dict[str, list[FactRow]] = {name: [] for name in names}
    for (channel, key, at, ts, incident, _), document in zip(rows, documents, strict=True):
        place = marked.get((channel, ts))
        found[channel].append(
            FactRow(
                key=key,
                at=at,
                ts=ts,
                incident=incident,
                document=document,
                by_hand=place is MarkedPlace.PINNED,
                removed=place is MarkedPlace.REMOVED,
            )
        )
    return tuple(Chronicle(channel=read_channel(row), facts=tuple(found[row.channel])) for row in channels)
