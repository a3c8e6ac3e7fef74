"""A paste was deleted: what was said to it goes as well, but for what was done: that stays told."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs import Json, Run
from bot.workflows.chronicle.answer_facts import Hearing
from bot.workflows.kept_answer import Shown
from bot.workflows.message_poster import Telling
from bot.workflows.outages import patiently
from bot.workflows.services import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing:
    """The workflow `withdraw`. Payload: {"request": id}."""

    desk: Desk
    telling: Telling
    hearing: Hearing

    async def run(self, run: Run, payload: Json) -> Json | None:
        await patiently(run, "withdraw", self.withdraw, str(payload["request"]))
        return None

    async def withdraw(self, request_id: str) -> None:
        store = self.desk.store
        async with self.desk.turn(request_id):
            await store.requests.withdraw(request_id)
            await store.topics.end(request_id)
            answer = await store.answers.get(request_id)
            if answer is not None and Shown.from_notes(answer.shown).remedies:
                # Somebody may be waiting for how it ends, and whoever comes next has to know of it.
                return
            if request := await store.requests.get(request_id):
                await self.hearing.withdrawn(request)
                await self.telling.take_back(request)
