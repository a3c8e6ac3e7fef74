"""Delete the answer to a deleted paste, unless a remedy was applied below it: that record stays."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs import JobRun, Json
from bot.workflows.chronicle.answer_facts import FactRecorder
from bot.workflows.kept_answer import AnswerNotes
from bot.workflows.message_poster import MessagePoster
from bot.workflows.outages import retry_step
from bot.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawWorkflow:
    """The job `withdraw`. Payload: {"request": id}."""

    services: Services
    poster: MessagePoster
    fact_recorder: FactRecorder

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        await retry_step(run, "withdraw", self.withdraw, str(payload["request"]))
        return None

    async def withdraw(self, request_id: str) -> None:
        store = self.services.store
        async with self.services.turn(request_id):
            await store.requests.withdraw(request_id)
            await store.topics.end(request_id)
            answer = await store.answers.get(request_id)
            if answer is not None and AnswerNotes.from_notes(answer.shown).remedies:
                # Users may wait for the remedy's result, and later readers need the record.
                return
            if request := await store.requests.get(request_id):
                await self.fact_recorder.withdrawn(request)
                await self.poster.take_back(request)
