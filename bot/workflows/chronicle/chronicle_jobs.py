"""Start the jobs of incident channels: every kind of job and its id in one place.

Callers report what they recorded or changed; this module decides which job shows it, and how soon.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from bot.jobs import StartJob
from bot.slack.channel_events import ChannelEvent, ChannelEventKind
from bot.store import IncidentChannel, Store
from bot.workflows.job_payloads import (
    ArchivedJob,
    BackfillJob,
    IncidentJob,
    RemovedJob,
    RereadJob,
    SummaryJob,
    WelcomeJob,
)

# All changes within this many seconds are shown by one edit.
SLOT_S: Final = 20.0
_SKEW: Final = 0.05
# Slack resends events for about six minutes, so an event may arrive this late.
_TOLD_WITHIN: Final = timedelta(minutes=10)
# A resolved incident's channel is read for this long.
_LOOKED_BACK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicleJobs:
    """Starts the jobs of incident channels. All methods raise StoreUnavailable or JobsUnavailable.

    A channel whose name matches one of `patterns` is an incident channel. All changes within one slot of `slot_s`
    seconds are shown by one edit. `accept` stores a job that starts soon.
    """

    store: Store
    start: StartJob
    accept: StartJob
    patterns: tuple[str, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    slot_s: float = SLOT_S

    def is_incident(self, name: str) -> bool:
        """Tell whether a channel name is that of an incident channel."""
        return any(fnmatchcase(name.removeprefix("#"), pattern) for pattern in self.patterns)

    async def begin(self, event: ChannelEvent, *, join: bool = False) -> None:
        """Check whether a channel is an incident channel; if so, open its chronicle and read its history."""
        payload = IncidentJob(
            channel=event.channel, team=event.team, name=event.name, at=event.at, join=join, user=event.user,
            back=event.what is ChannelEventKind.JOINED,
        )  # fmt: skip
        await self.start(_id(event, payload.kind), payload)

    async def look_up(self, channel: str, *, team: str) -> None:
        """Check once a day, by the name from Slack, whether a channel is an incident channel."""
        now = self.clock()
        await self.accept(f"{channel}.incident.{now:%Y%m%d}", IncidentJob(channel=channel, team=team, at=now))

    async def welcome(self, event: ChannelEvent) -> None:
        """Show a user who joined what they missed."""
        id = f"{event.channel}.{event.user}.welcome.{event.at.timestamp():.6f}"
        await self.start(id, WelcomeJob(channel=event.channel, user=event.user, team=event.team))

    async def archived(self, event: ChannelEvent) -> None:
        """Send the result of the incident to the user who archived its channel."""
        payload = ArchivedJob(channel=event.channel, user=event.user, team=event.team)
        await self.start(_id(event, payload.kind), payload)

    async def removed(self, event: ChannelEvent) -> None:
        """Tell the user who removed us from the channel how to invite us again."""
        payload = RemovedJob(channel=event.channel, user=event.user, team=event.team)
        await self.start(_id(event, payload.kind), payload)

    async def opened(self, channel: str, start_id: str = "") -> None:
        """Read the history of a channel whose chronicle was opened, and post its summary at once.

        If it had a stopped chronicle before, `start_id` is the id of the new start.
        """
        again = f".{start_id}" if start_id else ""
        await self.start(f"{channel}.backfill{again}", BackfillJob(channel=channel))
        await self.start(f"{channel}.summary.first{again}", SummaryJob(channel=channel))

    async def changed(self, channel: str) -> None:
        """Update the summary by the one job of this slot, whichever process starts it."""
        now = self.clock().timestamp()
        slot = int(now // self.slot_s)
        # Slightly longer, because the clock of another process may differ.
        wait = (slot + 1) * self.slot_s - now + self.slot_s * _SKEW
        await self.start(f"{channel}.summary.{slot}", SummaryJob(channel=channel, wait=round(wait, 2)))

    async def show_due(self) -> None:
        """Update summaries that lack recorded changes: the process ended in between, or no job could be started."""
        for due in await self.store.chronicles.list_due(self.clock()):
            await self.changed(due.channel)

    async def missed(self, since: datetime | None, under_way: Collection[str]) -> None:
        """Read the messages that each live channel may have missed; None: the start of the gap is unknown.

        Jobs `under_way` notice the new gap by themselves.
        """
        read = _channels_of(under_way)
        for known in await self._live():
            ts = f"{((since or known.opened) - _TOLD_WITHIN).timestamp():.6f}"
            if await self.store.chronicles.miss(known.channel, ts) and known.channel not in read:
                await self.start(f"{known.channel}.reread.{ts}", RereadJob(channel=known.channel))

    async def read_on(self, backfills: Collection[str], rereads: Collection[str]) -> None:
        """Resume each history that is not read to its end, unless a running job reads it."""
        filled, read = _channels_of(backfills), _channels_of(rereads)
        now = f"{self.clock().timestamp():.0f}"
        for known in await self._live():
            if known.cursor != "" and known.channel not in filled:
                id = f"{known.channel}.backfill.{known.cursor or 'begin'}.{now}"
                await self.start(id, BackfillJob(channel=known.channel))
            if known.missed and known.channel not in read:
                id = f"{known.channel}.reread.{known.missed_cursor or 'begin'}.{now}"
                await self.start(id, RereadJob(channel=known.channel))

    async def _live(self) -> tuple[IncidentChannel, ...]:
        return await self.store.chronicles.list_live(self.clock() - _LOOKED_BACK)


def _id(event: ChannelEvent, kind: str) -> str:
    return f"{event.channel}.{kind}.{event.at.timestamp():.6f}"


def _channels_of(jobs: Collection[str]) -> frozenset[str]:
    """Return the channels of jobs: their ids begin with the channel."""
    return frozenset(id.partition(".")[0] for id in jobs)
