"""A job failed for good: whoever asked is told, where they wait for the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import Json
from bot.slack.errors import SlackError
from bot.store import State, StoreUnavailable
from bot.workflows.desk import ANSWER, UNASKED, Desk
from bot.workflows.telling import Telling
from responses import failures
from responses.slack.notes import failed

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    desk: Desk
    telling: Telling

    async def told(self, kind: str, id: str, payload: Json, error: Exception) -> None:
        """At least once for each job. What is not an answer has shown its state already, or is asked for again."""
        _log.error("a job failed for good", kind=kind, job=id, error=type(error).__name__)
        if kind != "answer":
            return
        try:
            request = await self.desk.store.requests.get(str(payload["request"]))
            if request is None or not await self.desk.store.requests.set_state(request.id, State.FAILED):
                return
            asker = await self.desk.asker_of(request)
            message = failed(failures.RESTARTED, language=asker.language)
            if sent := await self.telling.sent(request, step=ANSWER):
                await self.desk.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=True)
            elif request.asked.surface not in UNASKED:
                await self.telling.post(request, message, step=ANSWER)
        except (SlackError, StoreUnavailable) as second:
            _log.error("nor could it be told", job=id, error=str(second))
