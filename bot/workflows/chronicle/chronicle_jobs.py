"""Start the jobs of incident channels; open the chronicle of one, and tell users of its end: archived, or we removed.

Callers report what they recorded or changed; this module decides which job shows it, and how soon.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

import structlog

from bot.jobs import StartJob
from bot.slack.errors import SlackError, SlackRefusal, log_refusal
from bot.slack.message_events import ChannelEvent, ChannelEventKind
from bot.slack.people import Place
from bot.store import ChannelState, Chronicle, IncidentChannel, Store
from bot.workflows.chronicle.documents import final_of, forbidden
from bot.workflows.chronicle.facts import facts_of_chronicle
from bot.workflows.incident_payloads import (
    ArchivedJob,
    BackfillJob,
    IncidentJob,
    RemovedJob,
    RereadJob,
    SummaryJob,
    WelcomeJob,
)
from bot.workflows.message_poster import post_once
from bot.workflows.services import Requester, Services
from intents.chronicle.facts import NO_NEWS
from intents.domain import Json, Language, Text
from responses.chronicle import incident_replies
from responses.slack.message import Message
from responses.slack.notices import notice

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

    async def tell(self, job: type[ArchivedJob | RemovedJob], event: ChannelEvent) -> None:
        """Tell the user who archived a channel, or removed us from it, what they need to know."""
        await self.start(_id(event, job.kind), job(channel=event.channel, user=event.user, team=event.team))

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


_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStartWorkflow:
    """The job `incident`.

    `opened` is called with each channel that has a chronicle now: its history is read and its summary posted. After a
    return the history is read again, because Slack sent no events meanwhile; `opened` then gets the id of the event,
    else "".
    """

    services: Services
    is_incident: Callable[[str], bool]
    opened: Callable[[str, str], Awaitable[None]]

    async def open(self, payload: IncidentJob, id: str) -> Json | None:
        """Open the chronicle of an incident channel. None if it is not one, or we cannot join it."""
        channel, services = payload.channel, self.services
        if payload.join and not await self._joined(payload) and not payload.said:
            return None
        place = await services.slack.place(channel)
        # The event's data is newer than the cached channel.
        name = payload.name or place.name
        known = await services.store.chronicles.get(channel)
        if not (known or payload.said or self.is_incident(name)) or not _is_ours(place):
            return None
        await services.store.chronicles.open(channel, team=payload.team, name=name, at=payload.at)
        # A chronicle without a summary has just begun: we joined by ourselves.
        back = payload.back and known is not None and known.shown > 0
        anew = back and await services.store.chronicles.begin_anew(channel)
        await self.opened(channel, id if anew else "")
        return {"name": name}

    async def _joined(self, payload: IncidentJob) -> bool:
        channel = payload.channel
        try:
            await self.services.slack.join(channel)
        except SlackRefusal as error:
            # We are neither invited nor allowed to join: a member will invite us.
            _log.info("incident_channel_join_failed", channel=channel, error=str(error))
            await self._say_uninvited(payload, error)
            return False
        return True

    async def _say_uninvited(self, payload: IncidentJob, error: SlackError) -> None:
        """Tell the user who opened the incident, once, that they can invite us."""
        channel, user, services = payload.channel, payload.user, self.services
        once = f"uninvited/{channel}/{user}"
        if not user or not await services.once(once):
            return
        name = payload.name or (await services.slack.place(channel)).name
        says = incident_replies.CANNOT_JOIN.filled(name, error.says)
        with log_refusal(_log.warning, "channel_creator_notification_failed", channel=channel):
            language = await services.language_of(user, within=1.0)
            await services.slack.post(channel=user, message=notice(says, language=language), key=once)


def _is_ours(place: Place) -> bool:
    """Tell whether a channel may have a chronicle: no other organisation may read it."""
    if place.unreached or place.direct:
        return False
    if place.external:
        # Cluster data is never shown to other organisations: they get text-only answers.
        _log.info("shared_channel_skipped", channel=place.id)
        return False
    return True


async def tell_remover(services: Services, payload: RemovedJob, id: str) -> None:
    """Tell the user and the audit channel, once per removal. Raise SlackUnavailable."""
    known = await services.store.chronicles.get(payload.channel)
    if known is None or known.state is not ChannelState.OPEN:
        return  # the incident is over, so nothing is missed
    user = payload.user
    person = await services.slack.person(user) if user else None
    if person is not None and not person.bot:
        language = await services.language_of(user, within=1.0)
        await _say(services, incident_replies.REMOVED.filled(known.name), language, to=user, key=f"{id}/who")
    if services.audit_channel:
        remover, place = (person.name or user) if person else "?", await services.slack.place(known.channel)
        # Auditors are not told the name of a private or invisible channel.
        is_hidden, whole = place.private or place.unknown, incident_replies.REMOVED_BY.filled(known.name, remover)
        says = incident_replies.REMOVED_PRIVATE.filled(remover) if is_hidden else whole
        await _say(services, says, services.usual_language, to=services.audit_channel, key=f"{id}/audit")


async def _say(services: Services, says: Text, language: Language, *, to: str, key: str) -> None:
    with log_refusal(_log.warning, "removal_notice_failed", to=to):
        await post_once(services, notice(says, language=language), to=to, key=key)


async def tell_archiver(services: Services, payload: ArchivedJob, id: str) -> None:
    """Send the result of the incident to the user who archived its channel. Raise SlackUnavailable."""
    channel, user = payload.channel, payload.user
    chronicle = await services.store.chronicles.read(channel)
    if chronicle is None or not chronicle.channel.is_recorded or not user:
        return
    if all(fact.kind in NO_NEWS for fact in await facts_of_chronicle(chronicle)):
        return
    requester = await services.presser(payload)
    if requester.scope.who.bot:
        return
    with log_refusal(_log.warning, "archive_notice_failed", channel=channel):
        await post_once(services, await _final(services, chronicle, requester), to=user, key=f"{id}/final")


async def _final(services: Services, chronicle: Chronicle, requester: Requester) -> Message:
    why = forbidden(requester, changes=False)
    if why is None:
        return await final_of(services, chronicle, language=requester.language, archived=True)
    says = incident_replies.ARCHIVED_NOT_SHOWN.filled(chronicle.channel.name, why)
    return notice(says, language=requester.language)
