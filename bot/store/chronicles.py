"""Store chronicles: the messages of incident channels and our own facts, from which every view is rendered.

A row comes from a source (a message, an answer, a remedy). A source's current rows replace its earlier ones. Sources
are reported more than once, by two processes and in any order: an older version never overwrites a newer one, and a
deleted message stays deleted even if its first version arrives later.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, Text, cast, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.facts import (
    FactRow,
    Mark,
    SourceVersion,
    apply_versions,
    message_source,
    record_marks,
    standing_marks,
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
    history.
    """

    ts: str
    version: str = ""
    facts: Sequence[FactRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """An incident channel with its facts by time and the marks that stand, all as of `channel.revision`."""

    channel: IncidentChannel
    facts: tuple[FactRow, ...]
    marks: tuple[Mark, ...] = ()


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
        query = select(facts.c.ts, facts.c.document["thread_ts"].as_string()).distinct()
        query = query.where(facts.c.channel == channel, facts.c.source.like("m:%"))
        return {ts: thread or "" for ts, thread in await self._rows(query)}

    async def forget(self, channel: str, ts: str) -> bool:
        """Delete the facts and marks of a deleted message for good. Facts from other sources about it stay."""
        return await self._changed(channel, lambda connection: _forget(connection, channel, ts))

    async def add(self, channel: str, fact: FactRow, *, revision: int = 0) -> bool:
        """Add a fact whose source is its own key; see `replace` for `revision`."""
        return await self.replace(channel, fact.key, [fact], revision=revision)

    async def replace(self, channel: str, source: str, rows: Sequence[FactRow], *, revision: int = 0) -> bool:
        """Replace the facts of a source that is not a message ("a:<request>"), unless a later revision is stored."""
        version = SourceVersion(source=source, version=f"{revision:012d}", facts=rows)
        return await self._changed(channel, lambda connection: apply_versions(connection, channel, [version]))

    async def mark(self, channel: str, *marks: Mark, found: bool = False) -> bool:
        """Record what a person set for messages.

        `found`: it was seen in Slack and its time is only the earliest possible one, so an existing mark of the same
        person counts as the same.
        """
        return await self._changed(channel, lambda connection: record_marks(connection, channel, marks, found=found))

    async def facts(self, channel: str) -> tuple[FactRow, ...]:
        """Return all facts of a channel by time."""
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
            return bool(await stored_versions(connection, channel, [message_source(ts)]))

    async def _changed(self, channel: str, body: Callable[[AsyncConnection], Awaitable[bool]]) -> bool:
        """Change a recorded channel, and count a revision if the view changed. Return whether it did."""
        async with self._alone(channel) as connection:
            row = await find_channel(connection, channel)
            if row is None or row.state == _DISMISSED or not await body(connection):
                return False
            counted = {"revision": _CHANNELS.c.revision + 1}
            await connection.execute(update(_CHANNELS).where(_CHANNELS.c.channel == channel).values(counted))
            return True


async def _take(connection: AsyncConnection, channel: str, page: Sequence[RecordedMessage]) -> bool:
    """Record these messages. Return whether a fact changed."""
    versions = [
        SourceVersion(source=message_source(message.ts), version=message.version, facts=message.facts)
        for message in page
    ]
    return await apply_versions(connection, channel, versions)


async def _forget(connection: AsyncConnection, channel: str, ts: str) -> bool:
    """Mark a message as deleted. Return whether a fact changed."""
    await connection.execute(delete(fact_marks).where(fact_marks.c.channel == channel, fact_marks.c.ts == ts))
    gone = SourceVersion(source=message_source(ts), version="", gone=True)
    return await apply_versions(connection, channel, [gone])


async def _chronicles(
    connection: AsyncConnection, channels: Sequence[Row[Any]], *which: ColumnElement[bool]
) -> tuple[Chronicle, ...]:
    """Return each channel with its matching facts."""
    names = [row.channel for row in channels]
    marks = await standing_marks(connection, names)
    query = select(*_SHOWN, cast(facts.c.document, Text)).where(facts.c.channel.in_(names), *which)
    rows = (await connection.execute(query.order_by(facts.c.at, facts.c.key))).all()
    # Parsed as one array, which takes half the time for ten thousand facts.
    documents = json.loads(f"[{','.join(row[-1] for row in rows)}]")
    found: dict[str, list[FactRow]] = {name: [] for name in names}
    for (channel, key, at, ts, incident, _), document in zip(rows, documents, strict=True):
        found[channel].append(FactRow(key=key, at=at, ts=ts, incident=incident, document=document))
    return tuple(
        Chronicle(channel=read_channel(row), facts=tuple(found[row.channel]), marks=tuple(marks.get(row.channel, ())))
        for row in channels
    )
