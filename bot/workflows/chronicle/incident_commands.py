"""What is asked of an incident channel by command: shown at once to who asked, or a job where others are told.

Whether they may is decided here, before anything is promised.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import Json, StartJob
from bot.slack.errors import NotInChannel, SlackError
from bot.slack.message_forms import checked
from bot.slack.people import Place
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.catch_up import CatchUpWorkflow
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.permissions import forbidden
from bot.workflows.services import Requester, Services
from intents.channel_commands import SHOWN, ChannelCommand, Doing
from intents.domain import Language, Text
from responses import incident_replies
from responses.failures import BUSY
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for what is shown at once; who asks, and where, has to be known by then.
_KNOWN_S: Final = 1.5
_CHANGES: Final = frozenset({Doing.OPEN, Doing.RESOLVE, Doing.REOPEN, Doing.DISMISS})
# A channel that nothing is kept of is made an incident's by these.
_OPENS: Final = frozenset({Doing.OPEN, Doing.REOPEN})
_PROMISES: Final = {
    Doing.OPEN: incident_replies.OPENING,
    Doing.RESOLVE: incident_replies.RESOLVING,
    Doing.REOPEN: incident_replies.REOPENING,
    Doing.DISMISS: incident_replies.DISMISSING,
    Doing.EXPORT: incident_replies.EXPORTING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCommand:
    """`id` is the same however often this is heard. `text` is what was typed, `language` what that tells by itself.

    `thread_ts`: it was asked aloud, and is answered there, in the thread or ("" in a direct message) below.
    """

    id: str
    team: str
    channel: str
    user: str
    command: ChannelCommand
    text: str
    at: datetime
    language: Language
    response_url: str = ""
    thread_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReply:
    """What to answer, and the job that does what it promises: its kind, "" for none, and payload."""

    message: Message
    kind: str = ""
    payload: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCommands:
    """Decides about commands of an incident channel, and answers those that change nothing."""

    services: Services
    catch_up: CatchUpWorkflow
    documents: ChronicleDocuments
    start: StartJob

    async def answer(self, asked: IncidentCommand) -> Message:
        """What to show to who asked. Raises StoreUnavailable, or JobsUnavailable: nothing is promised then."""
        try:
            async with asyncio.timeout(_KNOWN_S):
                place = await self.services.slack.place(asked.channel)
                requester = await self._requester(asked)
        except (SlackError, TimeoutError) as error:
            _log.warning("requester_lookup_failed", error=str(error))
            return notice(BUSY, language=asked.language)
        decided = await self._decide(asked, place, requester)
        if decided.kind:
            await self.start(decided.kind, asked.id, decided.payload)
        return decided.message

    async def decide(self, asked: IncidentCommand) -> CommandReply:
        """The same for who can wait. Raises SlackUnavailable too; starts nothing."""
        place, requester = await self.services.slack.place(asked.channel), await self._requester(asked)
        return await self._decide(asked, place, requester)

    async def _requester(self, asked: IncidentCommand) -> Requester:
        return await self.services.requester(team=asked.team, channel=asked.channel, user=asked.user, text=asked.text)

    async def _decide(self, asked: IncidentCommand, place: Place, requester: Requester) -> CommandReply:
        asked = replace(asked, language=requester.language)
        doing = asked.command.doing
        known = await self.services.store.chronicles.get(asked.channel)
        if refused := _refused(doing, known, place, requester):
            return CommandReply(message=notice(refused, language=asked.language))
        if known is None:
            return self._open(asked, private=place.private)
        if doing in SHOWN:
            return CommandReply(message=await self._shown(asked))
        return self._promised(asked, anew=known.state is ChannelState.DISMISSED)

    async def _shown(self, asked: IncidentCommand) -> Message:
        chronicle = await self.services.store.chronicles.read(asked.channel)
        if chronicle is None:
            return notice(incident_replies.NO_INCIDENT, language=asked.language)
        # What one person is shown calls nobody whom it names; what is posted would.
        mention = not asked.thread_ts
        match asked.command.doing:
            case Doing.TIMELINE:
                message = await self.documents.timeline(chronicle, language=asked.language, mention=mention)
            case Doing.STATUS:
                message = await self.documents.status(chronicle, language=asked.language, mention=mention)
            case _:
                message = await self.catch_up.missed(
                    chronicle, user=asked.user, language=asked.language, mention=mention
                )
        return checked(message)

    def _promised(self, asked: IncidentCommand, *, anew: bool) -> CommandReply:
        command = asked.command
        payload: Json = {
            "doing": command.doing.value,
            "channel": asked.channel,
            "team": asked.team,
            "user": asked.user,
            "at": asked.at.isoformat(),
            "language": asked.language.value,
            "response_url": asked.response_url,
            "thread_ts": asked.thread_ts,
            "here": command.here,
            "anew": anew,
        }
        promise = incident_replies.EXPORTING_HERE if command.here else _PROMISES[command.doing]
        return CommandReply(message=notice(promise, language=asked.language), kind="command", payload=payload)

    def _open(self, asked: IncidentCommand, *, private: bool) -> CommandReply:
        payload: Json = {
            "channel": asked.channel,
            "team": asked.team,
            "user": asked.user,
            "name": "",
            "at": asked.at.isoformat(),
            # Into a private channel we can only be invited, and without being there we would not know of it.
            "join": not private,
            "said": True,
        }
        return CommandReply(
            message=notice(incident_replies.OPENING, language=asked.language), kind="incident", payload=payload
        )  # fmt: skip


def _refused(doing: Doing, known: IncidentChannel | None, place: Place, requester: Requester) -> Text | None:
    """Why that is not done, for whoever asks; None if it is."""
    if place.direct:
        return incident_replies.ONLY_CHANNELS
    if place.unknown:
        return NotInChannel.words
    if refused := forbidden(requester, changes=doing in _CHANGES):
        return refused
    if known is None and doing is Doing.OPEN:
        return incident_replies.SHARED_CHANNEL if requester.scope.who.external else None
    return _unfit(doing, known)


def _unfit(doing: Doing, known: IncidentChannel | None) -> Text | None:
    """Why that cannot be done of a channel that stands so; None if it can."""
    if known is None:
        return incident_replies.NO_INCIDENT
    if known.state is ChannelState.DISMISSED and doing not in _OPENS:
        return incident_replies.DISMISSED_HERE
    if known.state is ChannelState.OPEN and doing in _OPENS:
        return incident_replies.ALREADY_OPEN
    if known.state is ChannelState.RESOLVED and doing in (Doing.OPEN, Doing.RESOLVE):
        return incident_replies.ALREADY_RESOLVED
    return None
