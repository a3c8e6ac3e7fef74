"""Handle what members ask in incident channels by commands and mentions.

Permission is checked here, before anything is promised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import JobPayload, StartJob
from bot.slack.errors import NotInChannel, log_refusal
from bot.slack.message_forms import checked
from bot.slack.people import Place
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.documents import forbidden, shown_for
from bot.workflows.incident_payloads import CommandJob, IncidentJob, MentionJob, ResolveDialogJob
from bot.workflows.job_payloads import By
from bot.workflows.message_poster import post_once
from bot.workflows.services import Requester, Services
from intents.channel_commands import READ_ONLY, ChannelAction, ChannelCommand
from intents.domain import Language, Text
from intents.languages import choose
from intents.slash import parse_message
from intents.spelling import Misuse
from responses.chronicle import incident_replies
from responses.failures import BUSY
from responses.slack.chronicle.resolve_dialog import resolve_button
from responses.slack.help import misused
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_CHANGES: Final = frozenset({ChannelAction.OPEN, ChannelAction.RESOLVE, ChannelAction.REOPEN, ChannelAction.DISMISS})
# Commands that turn a channel without records into an incident channel.
_OPENS: Final = frozenset({ChannelAction.OPEN, ChannelAction.REOPEN})
_PROMISES: Final = {
    ChannelAction.OPEN: incident_replies.OPENING,
    ChannelAction.REOPEN: incident_replies.REOPENING,
    ChannelAction.DISMISS: incident_replies.DISMISSING,
    ChannelAction.EXPORT: incident_replies.EXPORTING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCommand:
    """A command, with the typed `text` and the `language` detected in it.

    `id` is the same for a repeated delivery.

    `thread_ts`: it was given by a mention, and is answered in that thread or ("" in a direct message) below it.
    `trigger` opens a dialog; "" for a mention.
    """

    id: str
    by: By
    command: ChannelCommand
    text: str
    at: datetime
    language: Language
    response_url: str = ""
    thread_ts: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReply:
    """The answer, and the job that does the work, if any."""

    message: Message
    job: JobPayload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCommands:
    """Decides on commands of an incident channel, and answers those that change nothing."""

    services: Services
    start: StartJob

    async def answer(self, command: IncidentCommand) -> Message:
        """Return the answer to the requester. Raise StoreUnavailable or JobsUnavailable: nothing is promised then."""
        asked = await self.services.in_time(self._asked_by(command))
        if asked is None:
            return notice(BUSY, language=command.language)
        decided = await self._decide(command, *asked)
        if decided.job:
            await self.start(command.id, decided.job)
        return decided.message

    async def answer_mention(self, payload: MentionJob, id: str) -> None:
        """Run the job `mention`: post the answer and start the job, once even if repeated. Raise SlackUnavailable."""
        services, text = self.services, payload.text
        match parse_message(text):
            case Misuse() as wrong:
                requester = await services.requester(**payload.sender, text=text)
                says = misused(wrong.says, wrong.closest, usage=wrong.usage, language=requester.language)
                decided = CommandReply(message=says)
            case ChannelCommand() as parsed:
                command = IncidentCommand(
                    id=id,
                    by=payload.sender,
                    command=parsed,
                    text=text,
                    at=payload.at,
                    language=choose(preferred=services.language, text=text),
                    thread_ts=payload.thread_ts,
                )
                decided = await self._decide(command, *await self._asked_by(command))
            case _:
                return
        channel, thread = payload.channel, payload.thread_ts
        with log_refusal(_log.warning, "mention_command_reply_failed", channel=channel):
            await post_once(services, decided.message, to=channel, thread_ts=thread, key=f"{id}/said")
        if decided.job:
            await self.start(f"{id}.done", decided.job)

    async def _asked_by(self, command: IncidentCommand) -> tuple[Place, Requester]:
        place = await self.services.slack.place(command.by["channel"])
        return place, await self.services.requester(**command.by, text=command.text)

    async def _decide(self, command: IncidentCommand, place: Place, requester: Requester) -> CommandReply:
        command = replace(command, language=requester.language)
        doing = command.command.action
        known = await self.services.store.chronicles.get(command.by["channel"])
        if refused := refusal_of(doing, known, place, requester):
            return CommandReply(message=notice(refused, language=command.language))
        if known is None:
            return self._open(command, private=place.private)
        if doing in READ_ONLY:
            return CommandReply(message=await self._shown(command))
        if doing is ChannelAction.RESOLVE:
            return self._asked(command)
        return self._promised(command, anew=known.state is ChannelState.DISMISSED)

    async def _shown(self, command: IncidentCommand) -> Message:
        chronicle = await self.services.store.chronicles.read(command.by["channel"])
        if chronicle is None:
            return notice(incident_replies.NO_INCIDENT, language=command.language)
        message = await shown_for(
            self.services,
            chronicle,
            command=command.command,
            user=command.by["user"],
            language=command.language,
            # An ephemeral message does not notify the users that it mentions; a post does.
            mention=not command.thread_ts,
        )
        return checked(message)

    def _promised(self, command: IncidentCommand, *, anew: bool) -> CommandReply:
        parsed = command.command
        job = CommandJob(
            doing=parsed.action,
            at=command.at,
            language=command.language,
            response_url=command.response_url,
            thread_ts=command.thread_ts,
            here=parsed.here,
            anew=anew,
            **command.by,
        )
        promise = incident_replies.EXPORTING_HERE if parsed.here else _PROMISES[parsed.action]
        return CommandReply(message=notice(promise, language=command.language), job=job)

    def _asked(self, command: IncidentCommand) -> CommandReply:
        """Open the dialog that asks before the incident is resolved; a mention gets the button for it."""
        if not command.trigger:
            return CommandReply(message=resolve_button(command.language))
        job = ResolveDialogJob(trigger=command.trigger, **command.by)
        return CommandReply(message=notice(incident_replies.DIALOG_OPENS, language=command.language), job=job)

    def _open(self, command: IncidentCommand, *, private: bool) -> CommandReply:
        # A private channel is visible only to members, so we must have been invited.
        job = IncidentJob(at=command.at, join=not private, said=True, **command.by)
        return CommandReply(message=notice(incident_replies.OPENING, language=command.language), job=job)


def refusal_of(doing: ChannelAction, known: IncidentChannel | None, place: Place, requester: Requester) -> Text | None:
    """Return why the command is refused for this requester; None if it is allowed."""
    if place.direct:
        return incident_replies.ONLY_CHANNELS
    if place.unknown:
        return NotInChannel.words
    if refused := forbidden(requester, changes=doing in _CHANGES):
        return refused
    if known is None and doing is ChannelAction.OPEN:
        return incident_replies.SHARED_CHANNEL if requester.scope.who.external else None
    return _unfit(doing, known)


def _unfit(doing: ChannelAction, known: IncidentChannel | None) -> Text | None:
    """Return why the channel's state does not allow the command; None if it does."""
    if known is None:
        return incident_replies.NO_INCIDENT
    if known.state is ChannelState.DISMISSED and doing not in _OPENS:
        return incident_replies.DISMISSED_HERE
    if known.state is ChannelState.OPEN and doing in _OPENS:
        return incident_replies.ALREADY_OPEN
    if known.state is ChannelState.RESOLVED and doing in (ChannelAction.OPEN, ChannelAction.RESOLVE):
        return incident_replies.ALREADY_RESOLVED
    return None
