"""Treat the posts of alerts: which of them a channel wants answered, and what is said when one is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.jobs import JobRun, Json
from bot.policy.channel_defaults import AlertAnswers
from bot.store import RequestState
from bot.workflows.job_payloads import AlertOverJob
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import Exchange, Services
from bot.workflows.single_posts import post_once
from intents.alerts.identity import identities
from responses.alert_words import over_after
from responses.slack.notices import notice

# The note of AnswerNotes.
_OVER_AFTER: Final = "over_after_s"
# An alert may end while its answer is being written.
_PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotes:
    """What answers need to know of alerts that other apps post."""

    services: Services
    poster: MessagePoster

    async def standing(self, exchange: Exchange) -> AlertAnswers:
        """Record that an alert stands, and return which alerts are answered in its channel."""
        request, original, store = exchange.request, exchange.request.original, self.services.store
        await store.standing_alerts.add(original.channel, identities(request.text), request.id, self.services.clock())
        answer = await store.answers.get(request.id)
        if answer is not None and answer.shown.get(_OVER_AFTER) is not None:
            await store.answers.note(request.id, {_OVER_AFTER: None})  # the post was edited to firing again
        return self.services.defaults.alerts(exchange.scope.who)

    async def over(self, exchange: Exchange, now: datetime) -> None:
        """Close the answer to an alert that is over, and say so below it, once; raise SlackError.

        An unanswered alert ends in silence.
        """
        request, original, services = exchange.request, exchange.request.original, self.services
        if exchange.sent is not None:
            lasted = now - original.created
            # Another report of the same end, such as an edit beside a post of its own, changes nothing.
            answer = await services.store.answers.get(request.id)
            if answer is not None and answer.shown.get(_OVER_AFTER) is None:
                await services.store.answers.note(request.id, {_OVER_AFTER: lasted.total_seconds()})
            await self.poster.show(request)
            await post_once(
                services,
                notice(over_after(lasted), language=exchange.language),
                to=original.channel,
                key=f"{original.id}.over",
                thread_ts=original.reply_to.thread_ts or original.source_ts,
            )
        # The same alert later is another one.
        await services.store.topics.close(request.id)
        await services.store.standing_alerts.end(request.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOverWorkflow:
    """The job `alert_over`: another post says that an alert is over."""

    notes: AlertNotes

    async def run(self, run: JobRun, payload: AlertOverJob) -> Json | None:
        for pause in (*_PAUSES_S, None):
            done = await retry_step(run, "over", self.over, payload, pause is None)
            if pause is None or not done or done["over"]:
                break
            await run.sleep(pause)
        return None

    async def over(self, payload: AlertOverJob, last: bool) -> Json:
        """Close the answer unless it is still being written; then only at the `last` attempt."""
        services = self.notes.services
        exchange = await services.exchange(payload.request)
        if exchange is not None and exchange.request.state is RequestState.OPEN and not last:
            return {"over": False}
        if exchange is not None and exchange.request.state is not RequestState.WITHDRAWN:
            await self.notes.over(exchange, services.clock())
        return {"over": True}
