"""Record messages of incident channels as facts before Slack gets its acknowledgement; a job updates the summary.

Messages that arrive together share one query, which begins after they have arrived. A channel that it does not find is
therefore opened after Slack has the message, and the history that is read then contains it: nothing waits in memory
after its acknowledgement.

Events are recorded as they arrive, because Slack limits history reads to a few messages a minute. Noise is not stored.
A channel is an incident channel once its name matches or a member opens an incident, and stays one when it is renamed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.jobs import JobsUnavailable
from bot.slack.client import Identity
from bot.slack.message_events import ChannelEvent, ChannelEventKind, DeletedMessage, EditedMessage, read_event
from bot.store import ChannelState, Store, StoreUnavailable
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.facts import recorded_message, row_of
from bot.workflows.incident_payloads import ArchivedJob, RemovedJob
from intents.chronicle.facts import Fact, FactKind
from responses.safety import safe_line

# The shortest time between two queries.
_EVERY_S: Final = 0.05


@dataclass(slots=True, kw_only=True)
class RecordedChannels:
    """Looks up incident channels, many at once."""

    store: Store
    _asked: set[str] = field(default_factory=set)
    _next: asyncio.Task[Mapping[str, bool]] | None = None
    _last: asyncio.Task[Mapping[str, bool]] | None = None
    _queried_at: float = float("-inf")

    async def find(self, channel: str) -> bool | None:
        """Return whether a channel is recorded; None if it was never an incident channel. Raise StoreUnavailable."""
        self._asked.add(channel)
        if self._next is None:
            self._next = asyncio.create_task(self._query(after=self._last))
        # The others wait for the same query when one of them is cancelled.
        return (await asyncio.shield(self._next)).get(channel)

    async def _query(self, *, after: asyncio.Task[Mapping[str, bool]] | None) -> Mapping[str, bool]:
        loop = asyncio.get_running_loop()
        if after is not None:
            await asyncio.wait({after})
        await asyncio.sleep(max(0.0, self._queried_at + _EVERY_S - loop.time()))
        self._queried_at = loop.time()
        # Later messages need a query that begins after them.
        asked, self._asked = self._asked, set()
        self._last, self._next = self._next, None
        return await self.store.chronicles.recorded(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecorder:
    """Records the events of incident channels.

    All methods raise StoreUnavailable or JobsUnavailable; Slack must then not get an acknowledgement.
    """

    store: Store
    jobs: ChronicleJobs
    identity: Identity
    _channels: RecordedChannels = field(init=False)
    _asked_about: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_channels", RecordedChannels(store=self.store))

    async def message_arrived(self, event: Mapping[str, Any], *, team: str) -> None:
        """Record a `message` event if it matters and belongs to an incident channel."""
        channel = str(event.get("channel") or "")
        if not channel.startswith(("C", "G")):
            return
        found = await self._channels.find(channel)
        if found is None:
            await self._look_up(channel, team=team)
        if found:
            await self._message(event, team)

    async def _message(self, event: Mapping[str, Any], team: str) -> None:
        channel = str(event["channel"])
        parsed = read_event(event, team=team, us=self.identity.user, our_bot=self.identity.bot_id)
        match parsed:
            case DeletedMessage(ts=ts):
                changed = await self.store.chronicles.forget(channel, ts)
            case EditedMessage(changed=True):
                edited = recorded_message({**event["message"], "channel": channel}, version=str(event["event_ts"]))
                changed = await self.store.chronicles.record(channel, edited)
            case None | EditedMessage():
                return
            case _:
                changed = await self.store.chronicles.record(channel, recorded_message(event))
        if changed:
            await self.jobs.changed(channel)

    async def channel_changed(self, event: ChannelEvent) -> None:
        """Process a channel event: the channel may become an incident channel, be renamed or be archived."""
        ours = event.user == self.identity.user
        if event.what in (ChannelEventKind.CREATED, ChannelEventKind.RENAMED) and self.jobs.is_incident(event.name):
            await self.jobs.begin(event, join=True)
        elif event.what is ChannelEventKind.JOINED and ours:
            # The event contains neither the channel's name nor whether we were a member before.
            await self.jobs.begin(event)
        # Slack sends some events of channels that we are not a member of.
        joined = event.what is ChannelEventKind.JOINED and not ours
        known = await self.store.chronicles.get(event.channel)
        if known is None and joined:
            await self._look_up(event.channel, team=event.team)
        if known is None or not known.is_recorded:
            return
        if await self._record(event, ours=ours):
            await self.jobs.changed(event.channel)

    async def _record(self, event: ChannelEvent, *, ours: bool) -> bool:
        """Record a fact of an incident channel; return whether the summary changes."""
        channel, chronicles = event.channel, self.store.chronicles
        match event.what:
            case ChannelEventKind.JOINED if not ours:
                changed = await chronicles.add(channel, row_of(_joined(event)))
                await self.jobs.welcome(event)
                return changed
            case ChannelEventKind.RENAMED:
                return await chronicles.rename(channel, safe_line(event.name), event.at)
            case ChannelEventKind.ARCHIVED:
                await chronicles.set_state(channel, ChannelState.ARCHIVED, event.at)
                await self.jobs.tell(ArchivedJob, event)
            case ChannelEventKind.GONE:
                await self.jobs.tell(RemovedJob, event)
            case ChannelEventKind.UNARCHIVED:
                # The state stays as it was: unarchiving a channel does not reopen its incident.
                known = await chronicles.get(channel)
                state = ChannelState.RESOLVED if known and known.resolved else ChannelState.OPEN
                return await chronicles.set_state(channel, state, event.at)
        return False

    async def _look_up(self, channel: str, *, team: str) -> None:
        """Look up the name of an unknown channel, once, in a job that is stored before the event is acknowledged."""
        if not self.jobs.patterns or channel in self._asked_about:
            return
        self._asked_about.add(channel)
        try:
            await self.jobs.look_up(channel, team=team)
        except (StoreUnavailable, JobsUnavailable):
            self._asked_about.discard(channel)
            raise


def _joined(event: ChannelEvent) -> Fact:
    return Fact(key=f"j:{event.user}", kind=FactKind.JOIN, at=event.at, says="joined", user=event.user)
