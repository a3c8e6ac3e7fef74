"""`/diagnose`: answered in the channel where it was typed; what is asked of the channel itself, to who asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable
from bot.slack.asking import ChannelAsking, Commanded
from bot.slack.intake import Intake
from bot.slack.surfaces import COMMAND
from bot.store import LONGEST_TEXT, Asked, StoreUnavailable, Surface
from intents.channel_commands import ChannelCommand
from intents.domain import Language
from intents.misuse import Misused
from intents.slash import AskHelp, AskObject, AskText, Muted, parse_command
from responses.failures import BUSY
from responses.language import choose
from responses.safety import safe, safe_line
from responses.slack.diagnosis import placeholder_message
from responses.slack.help import help_message, misused
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


def register(app: AsyncApp, intake: Intake, asking: ChannelAsking, *, language: Language | None) -> None:
    @app.command(COMMAND)
    async def diagnose(ack: AsyncAck, body: dict[str, Any]) -> None:
        text = str(body.get("text") or "")
        spoken = choose(told=language, text=text)
        try:
            said = await _take(body, text, intake, asking, spoken)
            if intent := _answered_at_once(text):
                intake.metrics.asked(Surface.COMMAND, intent, "taken")
        except (StoreUnavailable, JobsUnavailable) as error:
            # Slack does not send a command again, so its user is told to.
            _log.error("a command could not be recorded", error=str(error))
            said = notice(BUSY, language=spoken)
        await ack({"response_type": "ephemeral", "text": said.text, "blocks": [*said.blocks]})


async def _take(body: dict[str, Any], text: str, intake: Intake, asking: ChannelAsking, language: Language) -> Message:
    match parse_command(text):
        case AskHelp():
            return help_message(language=language)
        case Misused() as wrong:
            return misused(wrong.says, wrong.closest, language=language)
        case Muted() as muted:
            return await intake.muted(str(body["channel_id"]), muted, language=language)
        case ChannelCommand() as command:
            return await asking.answer(_commanded(body, text, command, intake.clock(), language))
        case AskObject() as about:
            # Where it is, is read anew from the words once it is known which clusters may be seen.
            where = safe(text, limit=LONGEST_TEXT) if about.cluster or about.place else ""
            await intake.ask(_asked(body, intake.clock(), text=where, about=about))
            name = f"{about.namespace}/{about.name}".lstrip("/")
            return placeholder_message(language=language, about=f"{about.kind} {name}")
        case AskText(text=inner, cluster=cluster):
            await intake.ask(_asked(body, intake.clock(), text=safe(text if cluster else inner, limit=LONGEST_TEXT)))
            return placeholder_message(language=language)


def _answered_at_once(text: str) -> str:
    """What a command asks for that is no request; those count once they are answered."""
    match parse_command(text):
        case AskHelp():
            return "help"
        case Misused():
            return "misused"
        case Muted():
            return "muted"
        case ChannelCommand(doing=doing):
            return doing.value
        case _:
            return ""


def _commanded(
    body: dict[str, Any], text: str, command: ChannelCommand, now: datetime, language: Language
) -> Commanded:
    return Commanded(
        id=_id(body),
        team=str(body["team_id"]),
        channel=str(body["channel_id"]),
        user=str(body["user_id"]),
        command=command,
        text=text,
        response_url=str(body.get("response_url") or ""),
        at=now,
        language=language,
    )


def _id(body: dict[str, Any]) -> str:
    return f"{body['team_id']}.{body['channel_id']}.c{body['trigger_id']}"


def _asked(body: dict[str, Any], now: datetime, *, text: str = "", about: AskObject | None = None) -> Asked:
    return Asked(
        id=_id(body),
        team=str(body["team_id"]),
        channel=str(body["channel_id"]),
        user=str(body["user_id"]),
        surface=Surface.COMMAND,
        response_url=str(body.get("response_url") or ""),
        text=text,
        kind=safe_line(about.kind) if about else "",
        namespace=safe_line(about.namespace) if about else "",
        name=safe_line(about.name) if about else "",
        created=now,
    )
