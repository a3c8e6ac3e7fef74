"""Delete the answer to a deleted paste and what was kept of the paste: its text, plans, feedback, records of its jobs.

If a remedy was applied below the answer, the answer stays as its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.jobs import JobRun, Json
from bot.workflows.chronicle.answer_facts import FactRecorder
from bot.workflows.job_payloads import WithdrawJob
from bot.workflows.kept_answer import AnswerNotes
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import Services

_PAUSES_S: Final = (1.0, 5.0, 30.0, 120.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawWorkflow:
    """The job `withdraw`."""

    services: Services
    poster: MessagePoster
    fact_recorder: FactRecorder

    async def run(self, run: JobRun, payload: WithdrawJob) -> Json | None:
        request = payload.request
        await retry_step(run, "withdraw", self.withdraw, request)
        for pause in (*_PAUSES_S, None):
            forgotten = await run.step("forget", self.forget, request)
            if pause is None or (forgotten and forgotten["all"]):
                break
            # A job of the request is still running, and its record would be written after this.
            await run.sleep(pause)
        return None

    async def forget(self, request_id: str) -> Json:
        return {"all": await self.services.forget(request_id)}

    async def withdraw(self, request_id: str) -> None:
        store = self.services.store
        async with self.services.turn(request_id):
            await store.requests.withdraw(request_id)
            await store.topics.end(request_id)
            await store.standing_alerts.end(request_id)
            await store.unknown_pastes.forget(request_id)
            await store.corrections.forget(request_id)
            answer = await store.answers.get(request_id)
            if answer is not None and AnswerNotes.from_notes(answer.shown).remedies:
                # Users may wait for the remedy's result, and later readers need the record.
                return
            await store.plans.clear_open(request_id)
            if request := await store.requests.get(request_id):
                await self.fact_recorder.withdrawn(request)
                await self.poster.take_back(request)
