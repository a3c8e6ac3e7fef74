"""Answer commands about an incident channel that are given by a mention: in its thread, visible to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.errors import SlackRefusal
from bot.workflows.chronicle.incident_commands import CommandReply, IncidentCommand, IncidentCommands
from bot.workflows.job_payloads import MentionJob
from bot.workflows.single_posts import post_once
from intents.channel_commands import ChannelCommand
from intents.misuse import Misuse
from intents.slash import parse_message
from responses.language import choose
from responses.slack.help import misused

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionWorkflow:
    """The job `mention`."""

    commands: IncidentCommands

    async def answer(self, payload: MentionJob, id: str) -> None:
        """Post the answer and start the job, once even if repeated. Raise SlackUnavailable."""
        decided = await self._decided(payload, id)
        if decided is None:
            return
        channel, thread = payload.channel, payload.thread_ts
        try:
            await post_once(self.commands.services, decided.message, to=channel, thread_ts=thread, key=f"{id}/said")
        except SlackRefusal as error:
            _log.warning("mention_command_reply_failed", channel=channel, error=str(error))
        if decided.job:
            await self.commands.start(f"{id}.done", decided.job)

    async def _decided(self, payload: MentionJob, id: str) -> CommandReply | None:
        services, text = self.commands.services, payload.text
        language = choose(preferred=services.language, text=text)
        match parse_message(text):
            case Misuse() as wrong:
                requester = await services.requester(
                    team=payload.team, channel=payload.channel, user=payload.user, text=text
                )
                return CommandReply(
                    message=misused(wrong.says, wrong.closest, usage=wrong.usage, language=requester.language)
                )
            case ChannelCommand() as command:
                incident_command = IncidentCommand(
                    id=id,
                    team=payload.team,
                    channel=payload.channel,
                    user=payload.user,
                    command=command,
                    text=text,
                    at=payload.at,
                    language=language,
                    thread_ts=payload.thread_ts,
                )
                return await self.commands.decide(incident_command)
            case _:
                return None
