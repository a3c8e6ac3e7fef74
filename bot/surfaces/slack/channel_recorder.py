"""Record messages of incident channels as facts before Slack gets its acknowledgement; a job updates the summary.

Events are recorded as they arrive, because Slack limits history reads to a few messages a minute. Noise is not stored.
A channel is an incident channel once its name matches or a member opens an incident, and stays one when it is renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from bot.slack.channel_events import ChannelEvent, ChannelEventKind
from bot.slack.client import Identity
from bot.slack.message_events import DeletedMessage, EditedMessage, read_event
from bot.store import ChannelState, Store
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.fact_rows import row_of
from bot.workflows.chronicle.message_facts import recorded_message
from intents.chronicle.facts import Fact, FactKind
from responses.safety import safe_line

_KNOWN_S: Final = 15.0
_MOST_KNOWN: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecorder:
    """Records the events of incident channels.

    All methods raise StoreUnavailable or JobsUnavailable; Slack must then not get an acknowledgement.
    """

    store: Store
    jobs: ChronicleJobs
    identity: Identity
    _known: dict[str, float] = field(default_factory=dict)
    _looked_up: set[str] = field(default_factory=set)

    async def message_arrived(self, event: Mapping[str, Any], *, team: str) -> None:
        """Record a `message` event if it matters and belongs to an incident channel."""
        channel = str(event.get("channel") or "")
        if not channel.startswith(("C", "G")) or not await self._recorded(channel, team=team):
            return
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
            await self._begin(event, join=True)
        elif event.what is ChannelEventKind.JOINED and ours:
            # The event contains neither the channel's name nor whether we were a member before.
            await self._begin(event)
        # Slack sends some events of channels that we are not a member of.
        joined = event.what is ChannelEventKind.JOINED and not ours
        if not await self._recorded(event.channel, team=event.team, look_up=joined):
            return
        if await self._record(event, ours=ours):
            await self.jobs.changed(event.channel)

    async def _begin(self, event: ChannelEvent, *, join: bool = False) -> None:
        self._known.pop(event.channel, None)
        await self.jobs.begin(event, join=join)

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
                await self.jobs.archived(event)
            case ChannelEventKind.GONE:
                await self.jobs.removed(event)
            case ChannelEventKind.UNARCHIVED:
                # The state stays as it was: unarchiving a channel does not reopen its incident.
                known = await chronicles.get(channel)
                state = ChannelState.RESOLVED if known and known.resolved else ChannelState.OPEN
                return await chronicles.set_state(channel, state, event.at)
        return False

    async def _recorded(self, channel: str, *, team: str, look_up: bool = True) -> bool:
        """Tell whether messages of a channel are recorded. The name of an unknown channel is looked up."""
        if monotonic() < self._known.get(channel, 0.0):
            return True
        found = await self.store.chronicles.get(channel)
        recorded = found is not None and found.is_recorded
        if recorded:
            # A negative result is not cached: another process may open the incident at any time.
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[channel] = monotonic() + _KNOWN_S
        if look_up and found is None and self.jobs.patterns and channel not in self._looked_up:
            self._looked_up.add(channel)
            await self.jobs.look_up(channel, team=team)
        return recorded


def _joined(event: ChannelEvent) -> Fact:
    return Fact(key=f"j:{event.user}", kind=FactKind.JOIN, at=event.at, says="joined", user=event.user)
