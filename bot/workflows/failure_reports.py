"""Report a job that failed for good to the people who wait for its answer or result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import Json
from bot.remedies.contract import Reason, Refusal, Verification
from bot.remedies.contract import State as RemedyOutcome
from bot.slack.errors import SlackError
from bot.store import CLAIMED, RequestState, StoreUnavailable
from bot.workflows.message_poster import MessagePoster
from bot.workflows.press_records import WRITING, Confirmation, PressRecorder
from bot.workflows.remedy_limits import APPLIED
from bot.workflows.services import ANSWER, Services
from bot.workflows.single_posts import post_once
from intents.domain import Language
from responses import failures
from responses.slack.notices import failed, not_done
from responses.slack.remedy_states import RemedyState

_log: Final = structlog.get_logger(__name__)

_TELL_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReports:
    """Reports jobs that failed for good."""

    services: Services
    poster: MessagePoster
    recorder: PressRecorder

    async def report(self, kind: str, id: str, payload: Json, error: Exception) -> None:
        """Report a failure at least once per job. Other kinds of jobs are simply requested again."""
        _log.error("job_failed", kind=kind, job=id, error=type(error).__name__)
        try:
            if kind == "answer":
                await self._unanswered(payload)
            elif kind == "pick":
                await self._unpicked(payload)
            elif kind == "remedy":
                await self._unfinished(payload, id)
            elif kind in ("command", "mention", "pin"):
                await self._undone(payload, id)
        except (SlackError, StoreUnavailable) as second:
            _log.error("job_failure_notice_failed", job=id, error=str(second))

    async def _undone(self, payload: Json, id: str) -> None:
        """Report to the response URL, else to the thread of a command by mention."""
        language = Language(str(payload.get("language") or self.services.usual_language))
        message = failed(failures.RESTARTED, language=language)
        if address := str(payload.get("response_url") or ""):
            await self.services.slack.respond(address, message)
        elif "thread_ts" in payload:
            channel, thread = str(payload["channel"]), str(payload["thread_ts"])
            await post_once(self.services, message, to=channel, thread_ts=thread, key=f"{id}/failed")

    async def _unanswered(self, payload: Json) -> None:
        request = await self.services.store.requests.get(str(payload["request"]))
        if request is None or not await self.services.store.requests.set_state(request.id, RequestState.FAILED):
            return
        await self.services.store.topics.end(request.id)
        requester = await self.services.requester_of(request)
        message = failed(failures.RESTARTED, language=requester.language)
        if sent := await self.poster.sent(request, step=ANSWER):
            await self.services.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=True)
        elif not request.asked.origin.is_unasked:
            await self.poster.post(request, message, step=ANSWER)

    async def _unpicked(self, payload: Json) -> None:
        """Restore the earlier answer, and tell the user who chose the cluster."""
        request = await self.services.store.requests.get(str(payload["request"]))
        if request is None:
            return
        requester = await self.services.requester_of(request)
        await self.poster.show(request, failed(failures.RESTARTED, language=requester.language))
        user = str(payload["user"])
        message = not_done(failures.PRESS_AGAIN, language=await self.services.language_of(user, within=_TELL_S))
        channel = str(payload["channel"])
        await self.services.slack.whisper(
            channel=channel, user=user, message=message, thread_ts=request.asked.thread_ts
        )

    async def _unfinished(self, payload: Json, token: str) -> None:
        """Show the remedy as failed: not as running, nor as not done once a write was about to be sent."""
        press = await self.recorder.press(payload, token)
        stored = await self.services.store.plans.get(press.plan.id) if press else None
        if press is None or stored is None:
            return
        if stored.token != token:
            await self.recorder.whisper(press, failures.RESTARTED)
        elif stored.state == APPLIED:
            seen = Verification(state=RemedyOutcome.WAITING, says=failures.OUTCOME_UNKNOWN)
            await self._ended(press, Reason.OUTCOME_UNKNOWN, RemedyState.WAITING, seen)
        elif stored.state == CLAIMED and stored.document.get(WRITING) == token:
            lost = Refusal(reason=Reason.OUTCOME_UNKNOWN, says=failures.OUTCOME_UNKNOWN)
            await self._ended(press, lost.reason, RemedyState.UNKNOWN, lost)
        elif stored.state == CLAIMED:
            unbegun = Refusal(reason=Reason.NOT_CHECKED, says=failures.FAILED_BEFORE_WRITING)
            await self._ended(press, unbegun.reason, RemedyState.FAILED, unbegun)

    async def _ended(self, press: Confirmation, state: Reason, known: RemedyState, why: Refusal | Verification) -> None:
        await self.services.store.plans.set_state(press.plan.id, str(state))
        await self.recorder.audit(press, "verified" if isinstance(why, Verification) else "applied", why)
        await self.recorder.note(press, known, why.says, show=False)
        await self.recorder.tell(press)
