"""Record opinions on an answer: "not it", "mute here" and "unmute"."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs import JobRun, Json
from bot.policy import ReadLevel
from bot.store import Mute
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.mutes import MUTED_FOR
from responses import failures
from responses.slack.notices import notice
from responses.slack.presses import Press


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionWorkflow:
    """The job `opinion`. Payload: {"request", "what": a Press, "user", "team", "channel", "ts"}."""

    services: Services
    poster: MessagePoster

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        await retry_step(run, "take", self.take, payload)
        return None

    async def take(self, payload: Json) -> None:
        services, store = self.services, self.services.store
        request_id, user, channel = str(payload["request"]), str(payload["user"]), str(payload["channel"])
        answer, request = await store.answers.get(request_id), await store.requests.get(request_id)
        if answer is None or request is None:
            return
        requester = await services.requester(team=str(payload["team"]), channel=channel, user=user)
        if requester.scope.reading is not ReadLevel.FULL:
            # A user who may not see the answer must not hide it from others.
            await services.slack.post_ephemeral(
                channel=channel,
                user=user,
                message=notice(failures.OPINION_NOT_ALLOWED, language=requester.language),
                thread_ts=request.original.thread_ts,
            )
            return
        now = services.clock()
        match Press(str(payload["what"])):
            case Press.NOT_IT:
                await store.feedback.add(request_id, user, "not it", now)
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
                return
        await self.poster.show(request)
