"""What is asked of an incident channel by command: shown at once to who asked, or a job where others are told.

Whether they may is decided here, before anything is promised.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import Json
from bot.slack.chronicling import Start
from bot.slack.errors import NotInChannel, SlackError
from bot.slack.fitting import checked
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.catching_up import CatchingUp
from bot.workflows.chronicle.permitting import forbidden
from bot.workflows.chronicle.telling import ChronicleTelling
from bot.workflows.desk import Asker, Desk
from intents.channel_commands import ChannelCommand, Doing
from intents.domain import Language, Text
from responses import incident_notes
from responses.failures import BUSY
from responses.slack.message import Message
from responses.slack.notes import told

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for what is shown at once; who asks, and where, has to be known by then.
_KNOWN_S: Final = 1.5
_SHOWN: Final = frozenset({Doing.SUMMARY, Doing.STATUS, Doing.TIMELINE})
_CHANGES: Final = frozenset({Doing.OPEN, Doing.RESOLVE, Doing.REOPEN, Doing.DISMISS})
# A channel that nothing is kept of is made an incident's by these.
_OPENS: Final = frozenset({Doing.OPEN, Doing.REOPEN})
_PROMISES: Final = {
    Doing.OPEN: incident_notes.OPENING,
    Doing.RESOLVE: incident_notes.RESOLVING,
    Doing.REOPEN: incident_notes.REOPENING,
    Doing.DISMISS: incident_notes.DISMISSING,
    Doing.EXPORT: incident_notes.EXPORTING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """`id` is the same however often this is heard. `text` is what was typed, `language` what that tells by itself."""

    id: str
    team: str
    channel: str
    user: str
    command: ChannelCommand
    text: str
    response_url: str
    at: datetime
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAsking:
    desk: Desk
    catching_up: CatchingUp
    telling: ChronicleTelling
    start: Start

    async def answer(self, asked: Commanded) -> Message:
        """What to show to who asked. Raises StoreUnavailable, or JobsUnavailable: nothing is promised then."""
        try:
            async with asyncio.timeout(_KNOWN_S):
                place = await self.desk.slack.place(asked.channel)
                asker = await self.desk.asker(team=asked.team, channel=asked.channel, user=asked.user, text=asked.text)
        except (SlackError, TimeoutError) as error:
            _log.warning("who asks of an incident cannot be told now", error=str(error))
            return told(BUSY, language=asked.language)
        asked = replace(asked, language=asker.language)
        language = asked.language
        if place.direct:
            return told(incident_notes.ONLY_CHANNELS, language=language)
        if place.unknown:
            return told(NotInChannel.words, language=language)
        doing = asked.command.doing
        if refused := forbidden(asker, changes=doing in _CHANGES):
            return told(refused, language=language)
        known = await self.desk.store.chronicles.get(asked.channel)
        if known is None and doing is Doing.OPEN:
            return await self._open(asked, asker, private=place.private)
        if refused := _unfit(doing, known):
            return told(refused, language=language)
        if doing in _SHOWN:
            return await self._shown(asked)
        return await self._promised(asked, anew=known is not None and known.state is ChannelState.DISMISSED)

    async def _shown(self, asked: Commanded) -> Message:
        chronicle = await self.desk.store.chronicles.read(asked.channel)
        if chronicle is None:
            return told(incident_notes.NO_INCIDENT, language=asked.language)
        match asked.command.doing:
            case Doing.TIMELINE:
                message = await self.telling.timeline(chronicle, language=asked.language)
            case Doing.STATUS:
                message = await self.telling.status(chronicle, language=asked.language)
            case _:
                message = await self.catching_up.missed(chronicle, user=asked.user, language=asked.language)
        return checked(message)

    async def _promised(self, asked: Commanded, *, anew: bool) -> Message:
        command = asked.command
        payload: Json = {
            "doing": command.doing.value,
            "channel": asked.channel,
            "team": asked.team,
            "user": asked.user,
            "at": asked.at.isoformat(),
            "language": asked.language.value,
            "response_url": asked.response_url,
            "here": command.here,
            "anew": anew,
        }
        await self.start("command", asked.id, payload)
        promise = incident_notes.EXPORTING_HERE if command.here else _PROMISES[command.doing]
        return told(promise, language=asked.language)

    async def _open(self, asked: Commanded, asker: Asker, *, private: bool) -> Message:
        if asker.scope.who.external:
            return told(incident_notes.SHARED_CHANNEL, language=asked.language)
        payload: Json = {
            "channel": asked.channel,
            "team": asked.team,
            "name": "",
            "at": asked.at.isoformat(),
            # Into a private channel we can only be invited, and without being there we would not know of it.
            "join": not private,
            "said": True,
        }
        await self.start("incident", asked.id, payload)
        return told(incident_notes.OPENING, language=asked.language)


def _unfit(doing: Doing, known: IncidentChannel | None) -> Text | None:
    """Why that cannot be done of a channel that stands so; None if it can."""
    if known is None:
        return incident_notes.NO_INCIDENT
    if known.state is ChannelState.DISMISSED and doing not in _OPENS:
        return incident_notes.DISMISSED_HERE
    if known.state is ChannelState.OPEN and doing in _OPENS:
        return incident_notes.ALREADY_OPEN
    if known.state is ChannelState.RESOLVED and doing in (Doing.OPEN, Doing.RESOLVE):
        return incident_notes.ALREADY_RESOLVED
    return None
