"""Treat the posts of alerts: which of them a channel wants answered, and what is said when one is over."""

from __future__ import annotations

from dataclasses import dataclass

from bot.policy.channel_defaults import AlertAnswers
from bot.store import StoredRequest
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import ANSWER, Services
from bot.workflows.single_posts import post_once
from responses.alert_groups import over_after
from responses.slack.notices import notice


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotes:
    """What answers need to know of alerts that other apps post."""

    services: Services
    poster: MessagePoster

    async def mode(self, request: StoredRequest) -> AlertAnswers:
        """Return which alerts are answered in the channel of a request."""
        requester = await self.services.requester_of(request)
        return self.services.defaults.alerts(requester.scope.who)

    async def over(self, request: StoredRequest) -> None:
        """Say below an answer that its alert is over, once; raise SlackError. An unanswered alert ends in silence."""
        sent = await self.poster.sent(request, step=ANSWER)
        if sent is None:
            return
        original = request.original
        requester = await self.services.requester_of(request)
        says = over_after(self.services.clock() - original.created)
        message = notice(says, language=requester.language)
        await post_once(
            self.services,
            message,
            to=original.channel,
            key=f"{original.id}.over",
            thread_ts=original.reply_to.thread_ts or original.source_ts,
        )
