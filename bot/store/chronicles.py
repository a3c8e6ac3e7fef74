"""Chronicles: the facts kept of incident channels, from which everything shown of them is made anew each time.

A fact comes from a source (a message, an answer, a remedy), and what a source says now replaces what it said before.
Sources are told of more than once, by two processes and in any order: an older version of a message never overwrites a
newer one, and what was deleted stays so although its first version arrives only then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, Text, cast, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.facts import FactRow, Version, known, put, take
from bot.store.incident_channels import ChannelState, IncidentChannel, IncidentChannels, find_channel, read_channel
from bot.store.marks import Mark, Place, mark, places
from bot.store.tables import chronicle_reads, fact_marks, fact_sources, facts, incident_channels

_CHANNELS: Final = incident_channels
_DISMISSED: Final = ChannelState.DISMISSED.value
_HANGING_ON: Final = (facts, fact_sources, fact_marks, chronicle_reads)
_SHOWN: Final = (facts.c.channel, facts.c.key, facts.c.at, facts.c.ts, facts.c.incident)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """A message as it reads now, and the facts in it; none of noise.

    `version` is "" for how it was said first. Of an edit it is the Slack time of the event that told of it, or
    `edited.ts` where history did. `pinned` is what is kept of the message itself if a person has pinned it.
    """

    ts: str
    version: str = ""
    facts: Sequence[FactRow] = ()
    pinned: FactRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """An incident channel with facts of it, by time, both as of `channel.revision`."""

    channel: IncidentChannel
    facts: tuple[FactRow, ...]


class Chronicles(IncidentChannels):
    """All methods raise `StoreUnavailable`. Those that record say whether that changed what can be seen.

    They change nothing in a channel that is unknown or was dismissed.
    """

    async def record(self, channel: str, said: RecordedMessage) -> bool:
        """The facts of the message become these."""
        if not said.facts and not said.version and not await self._heard_of(channel, said.ts):
            return False  # noise, and most of what is said: no reason to wait for a turn to write
        async with self._alone(channel) as connection:
            if await _recorded(connection, channel) is None:
                return False
            return await _bump(connection, channel, changed=await _take(connection, channel, [said]))

    async def reread(self, channel: str, page: Sequence[RecordedMessage], *, gone: Collection[str] = ()) -> bool:
        """Record what stands in a part of the history, and that the messages `gone` do not stand there any more."""
        if not page and not gone:
            return False
        async with self._alone(channel) as connection:
            if await _recorded(connection, channel) is None:
                return False
            changed = await _take(connection, channel, page)
            for ts in sorted(gone):
                changed |= await _forget(connection, channel, ts)
            return await _bump(connection, channel, changed=changed)

    async def kept(self, channel: str, *, before: str = "") -> dict[str, str]:
        """The messages of which something is kept, and the thread of each ("" outside one); earlier ones if asked."""
        of_message = or_(facts.c.source.like("m:%"), facts.c.source.like("p:%"))
        which = [facts.c.channel == channel, of_message, *([facts.c.ts < before] if before else [])]
        query = select(facts.c.ts, facts.c.document["thread_ts"].as_string()).where(*which).distinct()
        async with self._database.read() as connection:
            return {ts: thread or "" for ts, thread in await connection.execute(query)}

    async def forget(self, channel: str, ts: str) -> bool:
        """Message `ts` was deleted: none of its facts, never again. What rests on it from other sources stays."""
        async with self._alone(channel) as connection:
            if await _recorded(connection, channel) is None:
                return False
            return await _bump(connection, channel, changed=await _forget(connection, channel, ts))

    async def add(self, channel: str, fact: FactRow, *, revision: int = 0) -> bool:
        """Keep a fact that has no other source than its key; `revision` as for `replace`."""
        return await self.replace(channel, fact.key, [fact], revision=revision)

    async def replace(self, channel: str, source: str, rows: Sequence[FactRow], *, revision: int = 0) -> bool:
        """The facts of `source`, which is no message ("a:<request>"), become these unless a later revision is known."""
        async with self._alone(channel) as connection:
            if await _recorded(connection, channel) is None:
                return False
            version = Version(source=source, version=f"{revision:012d}", facts=rows)
            _, changed = await take(connection, channel, [version])
            return await _bump(connection, channel, changed=changed)

    async def pin(
        self, channel: str, ts: str, *, by: str, at: datetime, fact: FactRow | None = None, found: bool = False
    ) -> bool:
        """Put message `ts` on the timeline, as `fact` if that is given, and mark all facts that rest on it.

        `found`: the pin was seen there, and `at` is only the earliest time at which it can have been set, so that one
        of theirs that stands already is the same one.
        """
        return await self._mark(channel, ts, by, Mark.PIN, at, fact=fact, found=found)

    async def unpin(self, channel: str, ts: str, *, by: str, at: datetime) -> bool:
        """Take back one's own pin, without a word on what else is known of the message."""
        return await self._mark(channel, ts, by, Mark.PIN, at, stands=False)

    async def remove(self, channel: str, ts: str, *, by: str, at: datetime) -> bool:
        """Take message `ts` off the timeline, whoever pinned it, until somebody pins it again."""
        return await self._mark(channel, ts, by, Mark.REMOVE, at)

    async def facts(self, channel: str) -> tuple[FactRow, ...]:
        """All facts of a channel, by time; those of removed messages among them."""
        chronicle = await self.read(channel)
        return () if chronicle is None else chronicle.facts

    async def read(self, channel: str) -> Chronicle | None:
        """All there is of a channel, as of one moment."""
        async with self._database.read() as connection:
            row = await find_channel(connection, channel)
            if row is None:
                return None
            return (await _chronicles(connection, [row], facts.c.channel == channel))[0]

    async def elsewhere(self, incidents: Collection[str], *, besides: str, since: datetime) -> tuple[Chronicle, ...]:
        """What open and resolved channels but `besides` hold of these catalog entries since then, the newest first.

        Whether a person may hear of another channel is for the caller to say.
        """
        same = (facts.c.incident.in_(incidents), facts.c.at >= since, facts.c.channel != besides)
        alive = _CHANNELS.c.state.in_([ChannelState.OPEN.value, ChannelState.RESOLVED.value])
        async with self._database.read() as connection:
            query = select(_CHANNELS).where(alive, _CHANNELS.c.channel.in_(select(facts.c.channel).where(*same)))
            rows = (await connection.execute(query.order_by(_CHANNELS.c.opened.desc(), _CHANNELS.c.channel))).all()
            return await _chronicles(connection, rows, *same)

    async def purge(self, before: datetime, *, dismissed_before: datetime) -> int:
        """Delete what has been quiet since `before`, and the facts of what was dismissed before then; how many rows.

        That a channel was dismissed is kept: it would become an incident again.
        """
        quiet = (
            _CHANNELS.c.state != _DISMISSED,
            _CHANNELS.c.since < before,
            ~exists().where(facts.c.channel == _CHANNELS.c.channel, facts.c.at >= before),
        )
        refused = (_CHANNELS.c.state == _DISMISSED, _CHANNELS.c.since < dismissed_before)
        return await self._delete(quiet, [_CHANNELS]) + await self._delete(refused, _HANGING_ON)

    async def _delete(self, which: Sequence[ColumnElement[bool]], tables: Sequence[Table]) -> int:
        async with self._database.read() as connection:
            channels = (await connection.execute(select(_CHANNELS.c.channel).where(*which))).scalars().all()
        gone = 0
        for channel in channels:
            # One transaction each, which looks again: nobody waits for all of it, and something may be said meanwhile.
            async with self._alone(channel) as connection:
                still = exists().where(_CHANNELS.c.channel == channel, *which)
                for table in tables:
                    gone += (await connection.execute(delete(table).where(table.c.channel == channel, still))).rowcount
        return gone

    async def _heard_of(self, channel: str, ts: str) -> bool:
        async with self._database.read() as connection:
            return bool(await known(connection, channel, [_message(ts)]))

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
        async with self._alone(channel) as connection:
            if await _recorded(connection, channel) is None:
                return False
            heard = (await known(connection, channel, [_message(ts)])).get(_message(ts))
            if heard is not None and heard.gone:
                return False
            here = (channel, ts)
            before = (await places(connection, [channel], [ts])).get(here)
            if not await mark(connection, channel, ts, by, what, stands=stands, at=at, found=found):
                return False
            after = (await places(connection, [channel], [ts])).get(here)
            changed = before is not after
            if after is not Place.PINNED:
                changed |= await put(connection, channel, _by_hand(ts), [])
            elif fact is not None:
                changed |= await put(connection, channel, _by_hand(ts), [fact])
            return await _bump(connection, channel, changed=changed)


def _message(ts: str) -> str:
    """A message as a source of facts."""
    return f"m:{ts}"


def _by_hand(ts: str) -> str:
    """A message as the source of the fact that a person pinned it."""
    return f"p:{ts}"


async def _take(connection: AsyncConnection, channel: str, page: Sequence[RecordedMessage]) -> bool:
    """Whether what these messages say now changed a fact."""
    versions = [Version(source=_message(said.ts), version=said.version, facts=said.facts) for said in page]
    taken, changed = await take(connection, channel, versions)
    marked = await places(connection, [channel])
    for said in page:
        if said.pinned is not None and _message(said.ts) in taken and marked.get((channel, said.ts)) is Place.PINNED:
            changed |= await put(connection, channel, _by_hand(said.ts), [said.pinned])
    return changed


async def _forget(connection: AsyncConnection, channel: str, ts: str) -> bool:
    """Whether that changed a fact."""
    _, told = await take(connection, channel, [Version(source=_message(ts), version="", gone=True)])
    return await put(connection, channel, _by_hand(ts), []) or told


async def _recorded(connection: AsyncConnection, channel: str) -> Row[Any] | None:
    """The channel, if it is one of which something is recorded."""
    row = await find_channel(connection, channel)
    return None if row is None or row.state == _DISMISSED else row


async def _bump(connection: AsyncConnection, channel: str, *, changed: bool) -> bool:
    if changed:
        counted = {"revision": _CHANNELS.c.revision + 1}
        await connection.execute(update(_CHANNELS).where(_CHANNELS.c.channel == channel).values(counted))
    return changed


async def _chronicles(
    connection: AsyncConnection, channels: Sequence[Row[Any]], *which: ColumnElement[bool]
) -> tuple[Chronicle, ...]:
    """Each of the channels with those of the facts that are its own."""
    names = [row.channel for row in channels]
    marked = await places(connection, names)
    query = select(*_SHOWN, cast(facts.c.document, Text)).where(facts.c.channel.in_(names), *which)
    rows = (await connection.execute(query.order_by(facts.c.at, facts.c.key))).all()
    # Read as one array: of ten thousand, that takes half the time.
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
                by_hand=place is Place.PINNED,
                removed=place is Place.REMOVED,
            )
        )
    return tuple(Chronicle(channel=read_channel(row), facts=tuple(found[row.channel])) for row in channels)
