"""Record opinions on an answer: "not it", "mute here" and "unmute". After "not it" a dialog asks what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.policy import ReadLevel
from bot.slack.errors import SlackError
from bot.store import NOT_IT, Mute, StoreUnavailable
from bot.workflows.corrections import correction_view
from bot.workflows.job_payloads import OpinionJob
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.mutes import MUTED_FOR
from responses import failures
from responses.slack.notices import notice
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionWorkflow:
    """The job `opinion`."""

    services: Services
    poster: MessagePoster

    async def run(self, run: JobRun, payload: OpinionJob) -> Json | None:
        taken = await retry_step(run, "take", self.take, payload)
        if not (taken and taken["taken"]):
            return None
        if payload.what is Press.NOT_IT:
            # Before the answer is updated: the trigger expires after three seconds.
            await run.step("ask", self.ask, payload)
        await retry_step(run, "show", self.show, payload.request)
        return None

    async def take(self, payload: OpinionJob) -> Json:
        """Record the opinion. Return whether it was `taken`."""
        services, store = self.services, self.services.store
        request_id, user, channel = payload.request, payload.user, payload.channel
        answer, request = await store.answers.get(request_id), await store.requests.get(request_id)
        if answer is None or request is None:
            return {"taken": False}
        requester = await services.presser(payload)
        if requester.scope.reading is not ReadLevel.FULL:
            # A user who may not see the answer must not hide it from others.
            await services.slack.post_ephemeral(
                channel=channel,
                user=user,
                message=notice(failures.OPINION_NOT_ALLOWED, language=requester.language),
                thread_ts=request.original.thread_ts,
            )
            return {"taken": False}
        now = services.clock()
        match payload.what:
            case Press.NOT_IT:
                await store.feedback.add(request_id, user, NOT_IT, now)
                users = [*dict.fromkeys([*answer.shown.get("not_it", ()), user])]
                await store.answers.note(request_id, {"not_it": users})
            case Press.MUTE:
                await store.mutes.add(
                    Mute(channel=channel, muted=answer.incident, by=user, at=now, until=now + MUTED_FOR)
                )
                await store.answers.note(request_id, {"muted": user})
            case Press.UNMUTE:
                for muted in filter(None, (answer.incident, KeptAnswer.from_json(answer.message).muted)):
                    await store.mutes.remove(channel, muted)
                await store.answers.note(request_id, {"muted": ""})
            case _:
                return {"taken": False}
        return {"taken": True}

    async def ask(self, payload: OpinionJob) -> None:
        """Open the dialog that asks what it was. The opinion stands without it."""
        services = self.services
        try:
            answer = await services.store.answers.get(payload.request)
            if answer is None:
                return
            requester = await services.presser(payload)
            view = await correction_view(services, answer, requester)
            if view is not None:
                await services.slack.open_view(payload.trigger, view)
        except (SlackError, StoreUnavailable) as error:
            _log.info("correction_dialog_open_failed", channel=payload.channel, error=str(error))

    async def show(self, request_id: str) -> None:
        """Update the answer."""
        if request := await self.services.store.requests.get(request_id):
            await self.poster.show(request)
