"""Report a job that failed for good to the people who wait for its answer or result.

The report is a job of its own: it waits until Slack and the store respond again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from bot.diagnosing import carried_match
from bot.jobs import JobRun, JobsUnavailable, StartJob
from bot.policy import ReadLevel
from bot.remedies.contract import Reason, Refusal, Verification
from bot.remedies.contract import State as RemedyOutcome
from bot.slack.errors import SlackError, log_refusal
from bot.store import CLAIMED, RequestState, StoreUnavailable
from bot.workflows.authorisation import APPLIED
from bot.workflows.dialogs import tell_user
from bot.workflows.incident_payloads import CommandJob, FactCorrectionJob, MarkJob, MentionJob
from bot.workflows.job_payloads import AnswerJob, FailureJob, PickJob, RemedyJob, read_payload
from bot.workflows.message_poster import MessagePoster, post_once
from bot.workflows.press_records import WRITING, ConfirmedPress, PressRecorder
from bot.workflows.services import ANSWER, Exchange, OutageLasted, Services, retry_step
from intents.domain import Json, Text
from responses import failures
from responses.slack.notices import failed, not_done
from responses.slack.remedy_states import RemedyState

_log: Final = structlog.get_logger(__name__)

_TELL_S: Final = 2.0
_Reported = AnswerJob | PickJob | RemedyJob | CommandJob | MentionJob | MarkJob | FactCorrectionJob
# Two minutes: a restart of the database takes less.
_RECORD_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
# About two days: an outage of Slack is over by then.
_PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, *([60.0] * 2_880))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReports:
    """Reports jobs that failed for good. `start` starts the job `failure`."""

    services: Services
    poster: MessagePoster
    recorder: PressRecorder
    start: StartJob

    async def report(self, kind: str, id: str, kept: Json, error: Exception) -> None:
        """Start the report of a failure at least once per job. Other kinds of jobs are simply requested again."""
        _log.error("job_failed", kind=kind, job=id, error=type(error).__name__)
        failure = FailureJob(of=kind, id=id, payload=kept, error=type(error).__name__)
        if _failed(failure) is None:
            return
        for pause in (*_RECORD_PAUSES_S, None):
            if await self._recorded(failure) or pause is None:
                return
            # The database may be away, which is often why the job failed. After a kill the job itself runs again.
            await asyncio.sleep(pause)

    async def _recorded(self, failure: FailureJob) -> bool:
        """Start the report, or tell people directly. Return whether either succeeded."""
        try:
            if isinstance(answer := _failed(failure), AnswerJob):
                # At once, so that the next paste of the same error is answered.
                await self.services.store.topics.end(answer.request)
            await self.start(f"{failure.id}.failure", failure)
        except (StoreUnavailable, JobsUnavailable) as unrecorded:
            _log.error("job_failure_report_not_recorded", job=failure.id, error=str(unrecorded))
            try:
                await self.tell(failure)
            except (SlackError, StoreUnavailable) as second:
                _log.error("job_failure_notice_failed", job=failure.id, error=str(second))
                return False
        return True

    async def run(self, run: JobRun, failure: FailureJob) -> Json | None:
        """Run the job `failure`."""
        await retry_step(run, "tell", self.tell, failure, pauses=_PAUSES_S)
        return None

    async def tell(self, failure: FailureJob) -> None:
        """Tell the people who wait. Raise SlackUnavailable or StoreUnavailable: try again."""
        reason = failures.NOT_IN_TIME if failure.error == OutageLasted.__name__ else failures.RESTARTED
        with log_refusal(_log.error, "job_failure_notice_failed", job=failure.id):
            match _failed(failure):
                case AnswerJob(request=request):
                    await self._unanswered(request, reason)
                case PickJob() as pick:
                    await self._unpicked(pick)
                case RemedyJob() as remedy:
                    await self._unfinished(remedy, failure.id)
                case CommandJob() | MentionJob() as asked:
                    await self._undone(asked, failure.id)
                case MarkJob() | FactCorrectionJob() as mark:
                    await tell_user(self.services, mark.channel, mark.user, reason)

    async def _undone(self, job: CommandJob | MentionJob, id: str) -> None:
        """Report to the response URL, else to the thread of a command by mention."""
        language = job.language if isinstance(job, CommandJob) else self.services.usual_language
        message = failed(failures.RESTARTED, language=language)
        if isinstance(job, CommandJob) and job.response_url:
            await self.services.slack.respond(job.response_url, message)
        elif job.thread_ts is not None:
            await post_once(self.services, message, to=job.channel, thread_ts=job.thread_ts, key=f"{id}/failed")

    async def _unanswered(self, request_id: str, reason: Text) -> None:
        store = self.services.store
        exchange = await self.services.exchange(request_id)
        if exchange is None or exchange.request.state not in (RequestState.OPEN, RequestState.FAILED):
            return  # deleted, or answered by the job of an edit
        request = exchange.request
        await store.topics.end(request.id)
        await store.requests.set_state(request.id, RequestState.FAILED)
        message = failed(reason, language=exchange.language)
        if sent := exchange.sent:
            await self.services.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=True)
        elif await self._is_expected(exchange):
            await self.poster.post(request, message, step=ANSWER)

    async def _is_expected(self, exchange: Exchange) -> bool:
        """Tell whether people expect an answer: somebody asked for it, or the pasted text is a known error."""
        request = exchange.request
        if not request.original.origin.is_unasked:
            return True
        if exchange.scope.reading is ReadLevel.NOTHING:
            return False
        engine = self.services.engine(request.original.channel)
        return bool((await carried_match(request.text, engine=engine)).matching.hypotheses)

    async def _unpicked(self, job: PickJob) -> None:
        """Restore the earlier answer, and tell the user who chose the cluster."""
        exchange = await self.services.exchange(job.request)
        if exchange is None:
            return
        await self.poster.show(exchange.request, failed(failures.RESTARTED, language=exchange.language))
        message = not_done(failures.PRESS_AGAIN, language=await self.services.language_of(job.user, within=_TELL_S))
        await self.services.tell(job.sender, message, thread_ts=exchange.request.original.thread_ts)

    async def _unfinished(self, job: RemedyJob, token: str) -> None:
        """Show the remedy as failed: not as running, nor as not done once a write was about to be sent."""
        press = await self.recorder.press(job, token)
        if press is None:
            return
        stored = press.stored
        if stored.token != token:
            await self.recorder.post_ephemeral(press, failures.RESTARTED)
        elif stored.state == APPLIED:
            seen = Verification(state=RemedyOutcome.WAITING, says=failures.OUTCOME_UNKNOWN)
            await self._ended(press, Reason.OUTCOME_UNKNOWN, RemedyState.WAITING, seen)
        elif stored.state == CLAIMED and stored.document.get(WRITING) == token:
            lost = Refusal(reason=Reason.OUTCOME_UNKNOWN, says=failures.OUTCOME_UNKNOWN)
            await self._ended(press, lost.reason, RemedyState.UNKNOWN, lost)
        elif stored.state == CLAIMED:
            unbegun = Refusal(reason=Reason.NOT_CHECKED, says=failures.FAILED_BEFORE_WRITING)
            await self._ended(press, unbegun.reason, RemedyState.FAILED, unbegun)

    async def _ended(
        self, press: ConfirmedPress, state: Reason, known: RemedyState, why: Refusal | Verification
    ) -> None:
        await self.services.store.plans.set_state(press.plan.id, str(state))
        await self.recorder.audit(press, "verified" if isinstance(why, Verification) else "applied", why)
        await self.recorder.note(press, known, why.says, show=False)
        await self.recorder.report(press)


def _failed(failure: FailureJob) -> _Reported | None:
    """Return the payload of a failed job whose failure is reported."""
    try:
        payload = read_payload(failure.of, failure.payload)
    except ValueError:
        return None
    return payload if isinstance(payload, _Reported) else None
