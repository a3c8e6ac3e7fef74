"""What is asked of an incident channel aloud, by a mention: answered in its thread, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import Json, Run
from bot.slack.errors import SlackError, SlackUnavailable
from bot.workflows.chronicle.incident_commands import ChannelAsking, Commanded, Decided
from bot.workflows.outages import patiently
from bot.workflows.single_posts import post_once
from intents.channel_commands import ChannelCommand
from intents.misuse import Misused
from intents.slash import parse_message
from responses.language import choose
from responses.slack.help import misused

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """The workflow `mention`. Payload: {"channel", "team", "user", "text", "at", "thread_ts"}, "" of it in a direct
    message."""

    asking: ChannelAsking

    async def run(self, run: Run, payload: Json) -> Json | None:
        await patiently(run, "answer", self.answer, payload, run.id)
        return None

    async def answer(self, payload: Json, id: str) -> None:
        """Promise, and have it done; taken twice, it is promised once. Raises SlackUnavailable."""
        decided = await self._decided(payload, id)
        if decided is None:
            return
        channel, thread = str(payload["channel"]), str(payload["thread_ts"])
        try:
            await post_once(self.asking.desk, decided.message, to=channel, thread_ts=thread, key=f"{id}/said")
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("a command that was given aloud cannot be answered", channel=channel, error=str(error))
        if decided.kind:
            await self.asking.start(decided.kind, f"{id}.done", decided.payload)

    async def _decided(self, payload: Json, id: str) -> Decided | None:
        desk, text = self.asking.desk, str(payload["text"])
        language = choose(told=desk.language, text=text)
        match parse_message(text):
            case Misused() as wrong:
                asker = await desk.asker(
                    team=str(payload["team"]), channel=str(payload["channel"]), user=str(payload["user"]), text=text
                )
                return Decided(message=misused(wrong.says, wrong.closest, language=asker.language))
            case ChannelCommand() as command:
                asked = Commanded(
                    id=id,
                    team=str(payload["team"]),
                    channel=str(payload["channel"]),
                    user=str(payload["user"]),
                    command=command,
                    text=text,
                    at=datetime.fromisoformat(str(payload["at"])),
                    language=language,
                    thread_ts=str(payload["thread_ts"]),
                )
                return await self.asking.decide(asked)
            case _:
                return None
