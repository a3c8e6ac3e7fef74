"""Handle `/diagnose` and the message shortcuts; questions about the channel are answered privately."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable, StartJob
from bot.slack.client import Identity
from bot.slack.errors import SlackError
from bot.slack.message_events import files_of, text_of
from bot.slack.web_client import outgoing
from bot.store import LONGEST_TEXT, NewRequest, StoreUnavailable, Surface
from bot.surfaces.slack.gesture_intake import GestureIntake
from bot.surfaces.slack.manifest import COMMAND, DIAGNOSE_THIS, MARK_AS, SAVE_AS_INCIDENT
from bot.surfaces.slack.press_payload import by_shortcut
from bot.workflows.ask_dialog import AskDialog, AskPlace
from bot.workflows.channel_answers import answer_wanted_command
from bot.workflows.chronicle.incident_commands import IncidentCommand, IncidentCommands
from bot.workflows.dialogs import TELL_S
from bot.workflows.feedback import answer_mute_command
from bot.workflows.job_payloads import By, SaveDialogJob
from bot.workflows.saved_incidents import LearnedCommands
from bot.workflows.submissions import Submissions, TooManyRequests
from intents.channel_commands import ChannelCommand, LearnedCommand, WantedCommand
from intents.domain import Language
from intents.languages import choose
from intents.mutes import MuteCommand
from intents.slash import Command, HalfNamed, HelpQuery, MutedQuery, ObjectQuery, TextQuery, parse_command
from intents.spelling import Misuse
from responses.failures import BUSY, too_many_requests
from responses.safety import safe, safe_line
from responses.slack.help import help_message, misused
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

# Commands that need no request; these are counted when they are answered.
_INTENTS: Final[Mapping[type[Command], str]] = {
    HelpQuery: "help",
    HalfNamed: "asked",
    Misuse: "misused",
    MutedQuery: "muted",
    MuteCommand: "muted",
    WantedCommand: "channel",
    LearnedCommand: "learned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandListener:
    """Answers a command that needs no job, and submits the others."""

    submissions: Submissions
    incidents: IncidentCommands
    learned: LearnedCommands
    form: AskDialog

    def register(self, app: AsyncApp) -> None:
        """Listen to the command."""
        app.command(COMMAND)(self.handle)

    async def handle(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Handle a command and respond to its user."""
        text = str(body.get("text") or "")
        services = self.submissions.services
        asked, spoken = parse_command(text), choose(preferred=services.language, text=text)
        try:
            reply = await self._take(asked, body, text, spoken)
            intent = asked.action.value if isinstance(asked, ChannelCommand) else _INTENTS.get(type(asked))
            if intent:
                services.metrics.request_handled(Surface.COMMAND, intent, "taken")
        except TooManyRequests as refused:
            services.metrics.request_handled(Surface.COMMAND, "diagnose", "too_many")
            reply = notice(too_many_requests(refused.limit), language=spoken)
        except (StoreUnavailable, JobsUnavailable) as error:
            # Slack does not resend commands, so ask the user to.
            _log.error("command_recording_failed", error=str(error))
            reply = notice(BUSY, language=spoken)
        if reply is None:
            # The answer, or a placeholder that becomes the answer, is in the channel within two seconds.
            await ack()
            return
        await ack(outgoing({"response_type": "ephemeral", "text": reply.text, "blocks": [*reply.blocks]}))

    async def _take(self, asked: Command, body: dict[str, Any], text: str, language: Language) -> Message | None:
        services, by = self.submissions.services, _by(body)
        now = services.clock()
        trigger, url = str(body.get("trigger_id") or ""), str(body.get("response_url") or "")
        match asked:
            case HelpQuery() | Misuse():
                return await self._helped(asked, by, url=url, trigger=trigger, language=language)
            case MutedQuery() | MuteCommand():
                return await answer_mute_command(services, asked, by, language=language)
            case WantedCommand():
                return await answer_wanted_command(services, asked, by, language=language)
            case LearnedCommand():
                return await self.learned.answer(asked, by, trigger=trigger, language=language)
            case ChannelCommand():
                command = IncidentCommand(
                    id=_id(body), by=by, command=asked, text=text, at=now, language=language, response_url=url,
                    trigger=trigger,
                )  # fmt: skip
                return await self.incidents.answer(command)
            case ObjectQuery():
                # The cluster is parsed again from the text once the visible clusters are known.
                where = safe(text, limit=LONGEST_TEXT) if asked.cluster or asked.place else ""
                await self.submissions.submit(_new_request(body, now, text=where, about=asked))
                return None
            case TextQuery(text=inner, cluster=cluster, literal=literal):
                whole = text if cluster or literal else inner
                new_request = _new_request(body, now, text=safe(whole, limit=LONGEST_TEXT))
                await self.submissions.submit(new_request)
                return None

    async def _helped(
        self, asked: HelpQuery | Misuse, by: By, *, url: str, trigger: str, language: Language
    ) -> Message | None:
        """Open the dialog that asks what to diagnose if no object was named; else say what was not understood."""
        if isinstance(asked, HelpQuery):
            return help_message(language=language)
        if isinstance(asked, HalfNamed):
            place = AskPlace(team=by["team"], channel=by["channel"], url=url)
            if await self.form.open(asked, place, user=by["user"], trigger=trigger, language=language):
                return None
            if not asked.name and not asked.kind:
                return help_message(language=language)
        return misused(asked.says, asked.closest, usage=asked.usage, language=language)


def _by(body: dict[str, Any]) -> By:
    return {"team": str(body["team_id"]), "channel": str(body["channel_id"]), "user": str(body["user_id"])}


def _id(body: dict[str, Any]) -> str:
    return f"{body['team_id']}.{body['channel_id']}.c{body['trigger_id']}"


def _new_request(
    body: dict[str, Any], now: datetime, *, text: str = "", about: ObjectQuery | None = None
) -> NewRequest:
    return NewRequest(
        id=_id(body),
        origin=Surface.COMMAND,
        response_url=str(body.get("response_url") or ""),
        text=text,
        kind=safe_line(about.kind) if about else "",
        namespace=safe_line(about.namespace) if about else "",
        name=safe_line(about.name) if about else "",
        created=now,
        **_by(body),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutListener:
    """Handles message shortcuts."""

    submissions: Submissions
    gestures: GestureIntake
    start: StartJob
    identity: Identity

    def register(self, app: AsyncApp) -> None:
        """Listen to all message shortcuts."""
        app.shortcut(DIAGNOSE_THIS)(self.diagnose_this)
        app.shortcut(SAVE_AS_INCIDENT)(self.save_as_incident)
        app.shortcut(MARK_AS)(self.mark_as)

    async def diagnose_this(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Diagnose the message and answer in its thread."""
        message, by = body["message"], by_shortcut(body, home=self.identity.team)
        ts = str(message["ts"])
        new_request = NewRequest(
            # A second use on the same message is a new request, because Slack does not resend shortcuts.
            id=f"{by['team']}.{by['channel']}.s{body['trigger_id']}",
            origin=Surface.SHORTCUT,
            thread_ts=str(message.get("thread_ts") or ts),
            response_url=str(body.get("response_url") or ""),
            source_ts=ts,
            text=safe(text_of(message), limit=LONGEST_TEXT),
            files=files_of(message),
            created=self.submissions.services.clock(),
            **by,
        )
        await self._recorded(body, self.submissions.submit(new_request), text=new_request.text)
        await ack()

    async def mark_as(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Open the dialog that asks what the message is."""
        await self._recorded(body, self.gestures.chosen(body))
        await ack()

    async def save_as_incident(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Open the dialog that saves what was found out in the message's thread."""
        message, by = body["message"], by_shortcut(body, home=self.identity.team)
        payload = SaveDialogJob(
            trigger=str(body["trigger_id"]),
            ts=str(message["ts"]),
            thread_ts=str(message.get("thread_ts") or message["ts"]),
            text=safe(text_of(message)),
            **by,
        )
        await self._recorded(body, self.start(f"{by['channel']}.save.{body['trigger_id']}", payload))
        await ack()

    async def _recorded(self, body: dict[str, Any], recording: Awaitable[None], *, text: str = "") -> None:
        """Record what was asked. Slack does not resend shortcuts: if that fails, ask the user to try again."""
        try:
            await recording
        except TooManyRequests as refused:
            says = too_many_requests(refused.limit)
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.error("shortcut_recording_failed", error=str(error))
            says = BUSY
        else:
            return
        services = self.submissions.services
        try:
            async with asyncio.timeout(TELL_S):
                message = notice(says, language=choose(preferred=services.language, text=text))
                await services.slack.respond(str(body.get("response_url") or ""), message)
        except (SlackError, TimeoutError) as error:
            _log.warning("shortcut_reply_failed", error=str(error))
