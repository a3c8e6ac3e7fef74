"""Count a repeated error in its existing answer, and link the requester to that answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackError
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import ANSWER, Services
from responses.slack.notices import answered_before

_log: Final = structlog.get_logger(__name__)

# A user who repeats the same error gets the link at most this often.
_SAID_ONCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatWorkflow:
    """The job `repeat`. Payload: {"request": the leader's id, "channel", "user", "count", "thread_ts"}."""

    services: Services
    poster: MessagePoster

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        await retry_step(run, "count", self.count, payload)
        await retry_step(run, "point", self.point, payload)
        return None

    async def count(self, payload: Json) -> None:
        """Update the count in the answer. The topic has counted it, so an answer in flight shows it anyway."""
        if request := await self.services.store.requests.get(str(payload["request"])):
            async with self.services.turn(request.id):
                await self.poster.show(request)

    async def point(self, payload: Json) -> None:
        services, channel, user = self.services, str(payload["channel"]), str(payload["user"])
        if not user:
            return
        once = f"repeat/{payload['request']}/{user}"
        if not await services.store.notices.once(once, within=_SAID_ONCE, now=services.clock()):
            return
        request = await services.store.requests.get(str(payload["request"]))
        sent = request and await self.poster.sent(request, step=ANSWER)
        if request is None or not sent:
            return
        try:
            requester = await services.requester(
                team=request.original.team, channel=channel, user=user, text=request.text
            )
            link = await services.slack.permalink(channel=sent.channel, ts=sent.ts)
            message = answered_before(link, count=int(payload["count"]), language=requester.language)
            await services.slack.post_ephemeral(
                channel=channel, user=user, message=message, thread_ts=str(payload.get("thread_ts") or "")
            )
        except SlackError as error:
            _log.info("repeat_notice_failed", error=str(error))
