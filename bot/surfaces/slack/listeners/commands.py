"""Handle `/diagnose`: its answer is posted in the channel; questions about the channel are answered privately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable
from bot.slack.outgoing import outgoing
from bot.store import LONGEST_TEXT, NewRequest, ReplyAddress, StoreUnavailable, Surface
from bot.surfaces.slack.entry_points import COMMAND
from bot.workflows.chronicle.incident_commands import IncidentCommand, IncidentCommands
from bot.workflows.feedback import Mutes
from bot.workflows.saved_incidents import LearnedCommands
from bot.workflows.submissions import Submissions, TooManyRequests
from intents.channel_commands import ChannelCommand
from intents.domain import Language
from intents.learned_command import LearnedCommand
from intents.misuse import Misuse
from intents.mutes import MuteCommand
from intents.slash import HelpQuery, MutedQuery, ObjectQuery, TextQuery, parse_command
from responses.failures import BUSY, too_many_requests
from responses.language import choose
from responses.safety import safe, safe_line
from responses.slack.help import help_message, misused
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandListener:
    """Answers a command that needs no job, and submits the others. `language` is the setting."""

    submissions: Submissions
    mutes: Mutes
    incidents: IncidentCommands
    learned: LearnedCommands
    language: Language | None

    async def handle(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Handle a command and respond to its user."""
        text = str(body.get("text") or "")
        spoken = choose(preferred=self.language, text=text)
        try:
            reply: Message | None = await self._take(body, text, spoken)
            if intent := _answered_at_once(text):
                self.submissions.metrics.request_handled(Surface.COMMAND, intent, "taken")
        except TooManyRequests as refused:
            self.submissions.metrics.request_handled(Surface.COMMAND, "diagnose", "too_many")
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

    async def _take(self, body: dict[str, Any], text: str, language: Language) -> Message | None:
        now = self.submissions.clock()
        match parse_command(text):
            case HelpQuery():
                return help_message(language=language)
            case Misuse() as wrong:
                return misused(wrong.says, wrong.closest, usage=wrong.usage, language=language)
            case MutedQuery() | MuteCommand() as about_mutes:
                return await self.mutes.answer(
                    about_mutes,
                    team=str(body["team_id"]),
                    channel=str(body["channel_id"]),
                    user=str(body["user_id"]),
                    language=language,
                )
            case LearnedCommand() as about_learned:
                return await self.learned.answer(
                    about_learned,
                    team=str(body["team_id"]),
                    channel=str(body["channel_id"]),
                    user=str(body["user_id"]),
                    trigger=str(body.get("trigger_id") or ""),
                    language=language,
                )
            case ChannelCommand() as command:
                return await self.incidents.answer(_commanded(body, text, command, now, language))
            case ObjectQuery() as about:
                # The cluster is parsed again from the text once the visible clusters are known.
                where = safe(text, limit=LONGEST_TEXT) if about.cluster or about.place else ""
                await self.submissions.submit(_new_request(body, now, text=where, about=about))
                return None
            case TextQuery(text=inner, cluster=cluster):
                new_request = _new_request(body, now, text=safe(text if cluster else inner, limit=LONGEST_TEXT))
                await self.submissions.submit(new_request)
                return None


def register(app: AsyncApp, listener: CommandListener) -> None:
    """Listen to the command."""
    app.command(COMMAND)(listener.handle)


def _answered_at_once(text: str) -> str:
    """Return the kind of a command that needs no request; these are counted when they are answered."""
    match parse_command(text):
        case HelpQuery():
            return "help"
        case Misuse():
            return "misused"
        case MutedQuery() | MuteCommand():
            return "muted"
        case LearnedCommand():
            return "learned"
        case ChannelCommand(action=action):
            return action.value
        case _:
            return ""


def _commanded(
    body: dict[str, Any], text: str, command: ChannelCommand, now: datetime, language: Language
) -> IncidentCommand:
    return IncidentCommand(
        id=_id(body),
        team=str(body["team_id"]),
        channel=str(body["channel_id"]),
        user=str(body["user_id"]),
        command=command,
        text=text,
        response_url=str(body.get("response_url") or ""),
        trigger=str(body.get("trigger_id") or ""),
        at=now,
        language=language,
    )


def _id(body: dict[str, Any]) -> str:
    return f"{body['team_id']}.{body['channel_id']}.c{body['trigger_id']}"


def _new_request(
    body: dict[str, Any], now: datetime, *, text: str = "", about: ObjectQuery | None = None
) -> NewRequest:
    return NewRequest(
        id=_id(body),
        origin=Surface.COMMAND,
        reply_to=ReplyAddress(
            team=str(body["team_id"]),
            channel=str(body["channel_id"]),
            response_url=str(body.get("response_url") or ""),
        ),
        user=str(body["user_id"]),
        text=text,
        kind=safe_line(about.kind) if about else "",
        namespace=safe_line(about.namespace) if about else "",
        name=safe_line(about.name) if about else "",
        created=now,
    )
