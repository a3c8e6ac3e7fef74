"""A request is answered: its files read, a placeholder posted, the cluster asked, the same message updated.

Killed anywhere and started again, the answer stands once: what was posted is found again before anything is posted, and
an update may be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from bot.diagnosing import match_text
from bot.jobs import Json, Run
from bot.policy import Reading
from bot.store import Request, State
from bot.workflows.choosing import PRESSED
from bot.workflows.chronicle.hearing import Hearing
from bot.workflows.chronicle.likening import Likening
from bot.workflows.desk import ANSWER, UNASKED, Asker, Desk
from bot.workflows.outcomes import Outcome, Outcomes
from bot.workflows.pasted_files import PastedFiles
from bot.workflows.patience import patiently
from bot.workflows.picturing import Picturing
from bot.workflows.progress import Teller
from bot.workflows.sharing import Crowded
from bot.workflows.telling import Telling
from bot.workflows.thread_roots import ThreadRoots
from responses.slack.diagnosis import placeholder_message

_log: Final = structlog.get_logger(__name__)

_CROWDED: Final = "crowded"
# Together about half a minute.
_PAUSES_S: Final = (0.2, 0.5, *([1.0] * 28))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A cluster that was chosen below an answer, and by whom."""

    user: str
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The workflow `answer`. Payload: {"request": id}."""

    desk: Desk
    telling: Telling
    files: PastedFiles
    roots: ThreadRoots
    outcomes: Outcomes
    picturing: Picturing
    hearing: Hearing
    likening: Likening

    async def run(self, run: Run, payload: Json) -> Json | None:
        request = str(payload["request"])
        prepared = await patiently(run, "prepare", self.prepare, request)
        if not prepared or not prepared["goes_on"]:
            return None
        await patiently(run, "placeholder", self.placeholder, request)
        return await self.in_turn(run, request, prepared)

    async def in_turn(self, run: Run, request: str, prepared: Json, picked: Picked | None = None) -> Json | None:
        """Answer once the cluster has room for the question; whoever waits keeps nobody else from being answered."""
        for pause in (*_PAUSES_S, None):
            result = await patiently(run, "answer", self.answer, request, prepared, picked, pause is None)
            if pause is None or not (result and _CROWDED in result):
                return result
            await run.sleep(pause)
        return None

    async def prepare(self, request_id: str) -> Json:
        """Read what came as a file or stands above a mention, and find out whether there is anything to say at all."""
        store = self.desk.store
        request = await store.requests.get(request_id)
        if request is None or request.state is State.WITHDRAWN:
            return {"goes_on": False}
        unread = (*await self.roots.read(request), *await self.files.read(request))
        request = await store.requests.get(request_id) or request
        goes_on = await self._worth_answering(request)
        if not goes_on:
            await self.files.told_once(request, unread)
            await store.requests.set_state(request_id, State.SILENT)
            self.desk.metrics.asked(request.asked.surface, "explain", "silent")
        refusals = [{"en": says.en, "zh": says.zh} for says in unread]
        return {"goes_on": goes_on, "revision": request.revision, "unread": refusals}

    async def placeholder(self, request_id: str) -> None:
        async with self.desk.turn(request_id):
            request = await self.desk.store.requests.get(request_id)
            if request is not None and request.state is not State.WITHDRAWN:
                asker = await self.desk.asker_of(request)
                await self.telling.post(request, placeholder_message(language=asker.language), step=ANSWER, last=False)

    async def answer(
        self, request_id: str, prepared: Json, picked: Picked | None = None, last: bool = True
    ) -> Json | None:
        """Say what is found. {"crowded": cluster} if that has no room now, unless it is the `last` time of asking."""
        request = await self.desk.store.requests.get(request_id)
        if request is None or request.revision > int(prepared["revision"]):
            return None  # it was edited since: a job of its own answers what it says now
        asker = await self._asker(request, picked)
        if asker.less_than_others:
            # Who pastes the same and may see more gets an answer of their own, not a pointer to this one.
            await self.desk.store.topics.end(request_id)
        sent = await self.telling.sent(request, step=ANSWER)
        teller = Teller(slack=self.desk.slack, sent=sent, language=asker.language)
        if picked:
            # Who chose another cluster since has their answer perhaps: no progress may take its place.
            teller.wanted = partial(self._still, request, picked)
        try:
            async with teller.telling():
                outcome = await self.outcomes.of(
                    request,
                    asker,
                    unread=prepared["unread"],
                    progress=teller.progress,
                    picked=picked.cluster if picked else "",
                )
        except Crowded as crowded:
            if not last:
                return {_CROWDED: crowded.cluster}
            outcome = await self.outcomes.crowded(request, asker, crowded.cluster)
        async with self.desk.turn(request_id):
            if picked and not await self._still(request, picked):
                return None  # another cluster was chosen since
            result = await self._deliver(request, outcome)
        if result is not None:
            self._count(request, outcome, first=picked is None and request.revision == 1)
        if result is not None and (stands := await self.telling.sent(request, step=ANSWER)):
            await self.likening.tell(request, outcome.told, ts=stands.ts)
        if result is not None and outcome.plotted is not None:
            await self.picturing.show(request, outcome.plotted, language=asker.language)
        return result

    def _count(self, request: Request, outcome: Outcome, *, first: bool) -> None:
        """Of what was asked once more, or chosen long after, no time is taken: it waited for people."""
        seconds = (self.desk.clock() - request.asked.created).total_seconds() if first else None
        self.desk.metrics.asked(request.asked.surface, outcome.intent, outcome.came_to, seconds=seconds)
        _log.info("answered", intent=outcome.intent, outcome=outcome.came_to, incident=outcome.incident)

    async def _asker(self, request: Request, picked: Picked | None) -> Asker:
        """Whoever pressed counts as who asks; the answer stays in the language of who did."""
        asker = await self.desk.asker_of(request)
        if picked is None:
            return asker
        asked = request.asked
        presser = await self.desk.asker(team=asked.team, channel=asked.channel, user=picked.user, text=request.text)
        return replace(presser, language=asker.language)

    async def _still(self, request: Request, picked: Picked) -> bool:
        answer = await self.desk.store.answers.get(request.id)
        return answer is not None and answer.shown.get(PRESSED) == picked.cluster

    async def _deliver(self, request: Request, outcome: Outcome) -> Json | None:
        store = self.desk.store
        sent = await self.telling.post(request, outcome.message, step=ANSWER)
        if sent is not None:
            # Buttons are pressed as soon as they are seen: what they mean is written down before they are shown.
            newest = await store.answers.save(
                request.id,
                request.revision,
                channel=sent.channel,
                ts=sent.ts,
                incident=outcome.incident,
                verdict=outcome.verdict,
                message=outcome.kept,
                now=self.desk.clock(),
            )
            if not newest:
                return None
            await self.telling.show(request, outcome.message)
            await self.hearing.answered(request, outcome.told, ts=sent.ts)
        if not await store.requests.set_state(request.id, State.ANSWERED):
            await self.hearing.withdrawn(request)
            await self.telling.take_back(request)  # its paste was deleted while we were reading
        return {"verdict": outcome.verdict, "incident": outcome.incident}

    async def _worth_answering(self, request: Request) -> bool:
        if request.asked.surface not in UNASKED:
            return True
        asker = await self.desk.asker_of(request)
        if asker.scope.reading is Reading.NOTHING:
            return False
        return bool((await match_text(request.text, engine=self.desk.engine())).hypotheses)
