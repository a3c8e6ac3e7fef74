"""What is said in incident channels becomes facts before Slack is answered; what they change is summed up soon.

Recorded as it arrives: a channel's history may be read a few messages a minute only. Noise leaves nothing behind. A
channel is an incident once its name matches or somebody says so, and stays one when it is renamed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from time import monotonic
from typing import Any, Final

from bot.jobs import Json
from bot.slack.channel_events import ChannelEvent, Happening, moment_of
from bot.slack.client import Identity
from bot.slack.message_events import Edited, Withdrawn, files_of, markup_of, read_event
from bot.store import ChannelState, FactRow, IncidentChannel, Said, Store
from bot.workflows.chronicle.fact_rows import row_of
from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.spoken import excerpt, spoken
from intents.chronicle.statements import ChannelMessage, facts_of
from responses.safety import safe, safe_line

# Starts a durable job: kind, id, payload.
Start = Callable[[str, str, Json], Awaitable[None]]

# Within so many seconds all that changes is shown by one edit.
SLOT_S: Final = 20.0
_SKEW: Final = 0.05
_KNOWN_S: Final = 15.0
# Slack repeats what was not acknowledged for some six minutes: it may be told of so long after it was said.
_TOLD_WITHIN: Final = timedelta(minutes=10)
# For so long people go on talking in the channel of an incident that is resolved.
_LOOKED_BACK: Final = timedelta(days=7)
_LONGEST_TEXT: Final = 40_000
_MOST_KNOWN: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicling:
    """All methods raise StoreUnavailable or JobsUnavailable, and then Slack must not be acknowledged.

    What changes within one slot of time, `slot_s` seconds long, is shown by one edit.
    """

    store: Store
    start: Start
    identity: Identity
    patterns: tuple[str, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    slot_s: float = SLOT_S
    _known: dict[str, float] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def is_incident(self, name: str) -> bool:
        return any(fnmatchcase(name.removeprefix("#"), pattern) for pattern in self.patterns)

    async def heard(self, event: Mapping[str, Any], *, team: str) -> None:
        """A `message` event as it came: kept if it matters and stands in an incident channel."""
        channel = str(event.get("channel") or "")
        if not channel.startswith(("C", "G")) or not await self._recorded(channel, team=team):
            return
        told = read_event(event, team=team, us=self.identity.user, our_bot=self.identity.bot_id)
        match told:
            case Withdrawn(ts=ts):
                changed = await self.store.chronicles.forget(channel, ts)
            case Edited(changed=True):
                raw = {**event["message"], "channel": channel}
                changed = await self.store.chronicles.record(channel, said_in(raw, version=str(event["event_ts"])))
            case None | Edited():
                return
            case _:
                changed = await self.store.chronicles.record(channel, said_in(event))
        if changed:
            await self.changed(channel)

    async def happened(self, event: ChannelEvent) -> None:
        """Something happened to a channel: it may be an incident now, be named anew, be over."""
        channel, chronicles = event.channel, self.store.chronicles
        ours = event.user == self.identity.user
        if event.what in (Happening.CREATED, Happening.RENAMED) and self.is_incident(event.name):
            await self.begin(event, join=True)
        elif event.what is Happening.JOINED and ours:
            # What it is called the event does not say; nor whether we have been there before.
            await self.begin(event)
        # Of what is said and done elsewhere people come to us; of other channels we hear without being there.
        if not await self._recorded(channel, team=event.team, ask=event.what is Happening.JOINED and not ours):
            return
        changed = False
        match event.what:
            case Happening.JOINED if not ours:
                changed = await chronicles.add(channel, row_of(_joined(event)))
                await self.start(
                    "welcome", f"{channel}.{event.user}.welcome.{event.at.timestamp():.6f}",
                    {"channel": channel, "user": event.user, "team": event.team},
                )  # fmt: skip
            case Happening.RENAMED:
                changed = await chronicles.rename(channel, safe_line(event.name), event.at)
            case Happening.ARCHIVED:
                changed = await chronicles.set_state(channel, ChannelState.ARCHIVED, event.at)
                await self.start(
                    "archived", f"{channel}.archived.{event.at.timestamp():.6f}",
                    {"channel": channel, "user": event.user, "team": event.team},
                )  # fmt: skip
                return
            case Happening.GONE:
                await self.start(
                    "removed", f"{channel}.removed.{event.at.timestamp():.6f}",
                    {"channel": channel, "user": event.user, "team": event.team},
                )  # fmt: skip
            case Happening.UNARCHIVED:
                # It stands as it did: who looks something up again has not taken it up again.
                known = await chronicles.get(channel)
                state = ChannelState.RESOLVED if known and known.resolved else ChannelState.OPEN
                changed = await chronicles.set_state(channel, state, event.at)
        if changed:
            await self.changed(channel)

    async def begin(self, event: ChannelEvent, *, join: bool = False) -> None:
        """Find out whether a channel is an incident, and if so open its chronicle and read what was said before."""
        payload = {
            "channel": event.channel, "team": event.team, "name": event.name, "at": event.at.isoformat(), "join": join,
            "user": event.user, "back": event.what is Happening.JOINED,
        }  # fmt: skip
        self._known.pop(event.channel, None)
        await self.start("incident", f"{event.channel}.incident.{event.at.timestamp():.6f}", payload)

    async def opened(self, channel: str, anew: str = "") -> None:
        """A channel has a chronicle now: what was said before is read, and its summary posted at once.

        Where it had one before, which was stopped, `anew` is the id of what begins it once more.
        """
        again = f".{anew}" if anew else ""
        self._known.pop(channel, None)
        await self.start("backfill", f"{channel}.backfill{again}", {"channel": channel})
        await self.start("summary", f"{channel}.summary.first{again}", {"channel": channel})

    async def changed(self, channel: str) -> None:
        """Something is to be shown: by the one job of this slot of time, whichever process starts it."""
        now = self.clock().timestamp()
        slot = int(now // self.slot_s)
        # A little longer: by the clock of another process what comes last in the slot may still be of it.
        wait = (slot + 1) * self.slot_s - now + self.slot_s * _SKEW
        payload = {"channel": channel, "wait": round(wait, 2)}
        await self.start("summary", f"{channel}.summary.{slot}", payload)

    async def show_due(self) -> None:
        """Show what was recorded and never shown: a process ended between the two, or nothing could be started."""
        for due in await self.store.chronicles.list_due(self.clock()):
            await self.changed(due.channel)

    async def missed(self, since: datetime | None, under_way: Collection[str]) -> None:
        """Something may have been said since then that nobody heard; None: nobody knows since when.

        It is read in each live channel. The jobs `under_way` see by themselves that there is more for them.
        """
        read = _channels_of(under_way)
        for known in await self._live():
            ts = f"{((since or known.opened) - _TOLD_WITHIN).timestamp():.6f}"
            if await self.store.chronicles.miss(known.channel, ts) and known.channel not in read:
                await self.start("reread", f"{known.channel}.reread.{ts}", {"channel": known.channel})

    async def read_on(self, backfills: Collection[str], rereads: Collection[str]) -> None:
        """Go on with each history that is not read to its end, but for those that these jobs under way read."""
        filled, read = _channels_of(backfills), _channels_of(rereads)
        now = f"{self.clock().timestamp():.0f}"
        for known in await self._live():
            if known.cursor != "" and known.channel not in filled:
                id = f"{known.channel}.backfill.{known.cursor or 'begin'}.{now}"
                await self.start("backfill", id, {"channel": known.channel})
            if known.missed and known.channel not in read:
                id = f"{known.channel}.reread.{known.missed_cursor or 'begin'}.{now}"
                await self.start("reread", id, {"channel": known.channel})

    async def _live(self) -> tuple[IncidentChannel, ...]:
        return await self.store.chronicles.list_live(self.clock() - _LOOKED_BACK)

    async def _recorded(self, channel: str, *, team: str, ask: bool = True) -> bool:
        """Whether what is said there is kept. Of a channel that nobody has asked about yet its name is looked up."""
        if monotonic() < self._known.get(channel, 0.0):
            return True
        found = await self.store.chronicles.get(channel)
        recorded = found is not None and found.is_recorded
        if recorded:
            # That it is not is never remembered: another process may open it, and what is said from then on counts.
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[channel] = monotonic() + _KNOWN_S
        if ask and found is None and self.patterns and channel not in self._asked:
            self._asked.add(channel)
            day = f"{self.clock():%Y%m%d}"
            payload = {"channel": channel, "team": team, "name": "", "at": self.clock().isoformat(), "join": False}
            await self.start("incident", f"{channel}.incident.{day}", payload)
        return recorded


def _channels_of(jobs: Collection[str]) -> frozenset[str]:
    """Ids of jobs begin with the channel that they are about."""
    return frozenset(id.partition(".")[0] for id in jobs)


def said_in(message: Mapping[str, Any], *, version: str = "") -> Said:
    """A message as it reads now, and the facts in it; `version` is the time of its last edit, "" for none."""
    heard = heard_in(message)
    facts = facts_of(heard)
    pinned = pinned_in(message) if version else None
    return Said(ts=heard.ts, version=version, facts=tuple(map(row_of, facts)), pinned=pinned)


def heard_in(message: Mapping[str, Any]) -> ChannelMessage:
    """A message as Slack tells it, without credentials."""
    ts = str(message.get("ts") or "")
    thread = str(message.get("thread_ts") or "")
    profile = message.get("bot_profile")
    named = profile.get("name") if isinstance(profile, Mapping) else ""
    bot = str(message.get("username") or named or message.get("bot_id") or "") if message.get("bot_id") else ""
    return ChannelMessage(
        ts=ts,
        at=moment_of(ts),
        text=safe(markup_of(message), limit=_LONGEST_TEXT),
        user="" if bot else str(message.get("user") or ""),
        bot=safe_line(bot, limit=80),
        thread_ts=thread if thread != ts else "",
    )


def pinned_in(message: Mapping[str, Any]) -> FactRow | None:
    """What is kept of a message that a person puts on the timeline; None where the facts in it are enough."""
    heard = heard_in(message)
    if any(fact.kind is not FactKind.ANSWERED for fact in facts_of(heard)):
        return None
    read = spoken(heard.text)
    said = " ".join([*read.lines, read.fenced]).strip()
    names = [str(file.get("name") or "?") for file in files_of(message)]
    return row_of(
        Fact(
            key=f"p:{heard.ts}",
            kind=FactKind.PINNED,
            at=heard.at,
            says=excerpt(said or f"📎 {', '.join(names)}"),
            user=heard.user,
            bot=heard.bot,
            ts=heard.ts,
            thread_ts=heard.thread_ts,
        )
    )


def _joined(event: ChannelEvent) -> Fact:
    return Fact(key=f"j:{event.user}", kind=FactKind.JOIN, at=event.at, says="joined", user=event.user)
