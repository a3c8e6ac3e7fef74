"""Record Casebook's own findings and actions in an incident channel as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.remedies.contract import Plan
from bot.store import StoredAnswer, StoredRequest
from bot.workflows.chronicle.fact_rows import row_of
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.services import Services
from intents.chronicle.facts import LONGEST_SAYS, Fact, FactKind
from intents.domain import Diagnosis, FindingOutcome, JudgedHypothesis, Language, Text
from responses.safety import safe_line
from responses.slack.remedy_states import RemedyShown, RemedyState

# Number of an answer's hypotheses that get a line: the leading ones and those ruled out.
_MOST: Final = 4
_STATES: Final[Mapping[RemedyState, str]] = {
    RemedyState.AWAITING: "awaiting",
    RemedyState.CHECKING: "applying",
    RemedyState.APPLYING: "applying",
    RemedyState.APPLIED: "applying",
    RemedyState.VERIFYING: "applying",
    RemedyState.FAILED: "refused",
    RemedyState.PARTLY: "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecorder:
    """Records facts in incident channels and ignores other channels. All methods raise StoreUnavailable."""

    services: Services

    async def answered(self, request: StoredRequest, answer: KeptAnswer | None, *, ts: str) -> None:
        """Record the findings of an answer in message `ts`, in place of earlier findings of the same request."""
        if not await self._kept(request.original.channel):
            return
        facts = found_facts(request, answer, ts=ts, at=self.services.clock()) if answer else ()
        await self._replace(request.original.channel, f"a:{request.id}", facts, revision=request.revision)

    async def withdrawn(self, request: StoredRequest) -> None:
        """Delete the findings of a deleted request."""
        if await self._kept(request.original.channel):
            await self._replace(request.original.channel, f"a:{request.id}", (), revision=request.revision + 1)

    async def remedied(self, answer: StoredAnswer, plan: Plan, shown: RemedyShown) -> None:
        """Record the progress of a remedy that was pressed below an answer; an undo is recorded as an undo."""
        if not await self._kept(answer.channel):
            return
        now = self.services.clock()
        language = Language(answer.message.get("language") or Language.EN)
        says = shown.says.in_(language) if shown.says else shown.title.in_(language)
        undone = bool(plan.undoes) and shown.state is RemedyState.DONE
        fact = Fact(
            key=f"r:{plan.undoes if undone else plan.id}",
            kind=FactKind.REMEDY,
            at=shown.at or now,
            says=safe_line(says, limit=LONGEST_SAYS),
            user=shown.who,
            ts=answer.ts,
            state="undone" if undone else _STATES.get(shown.state, shown.state.value),
            incident=plan.incident,
            title=shown.title,
            objects=(plan.target,),
            cluster=plan.cluster,
        )
        # Ordered by the clock of the process that applies it.
        await self._replace(answer.channel, fact.key, (fact,), revision=int(now.timestamp() * 10))

    async def _kept(self, channel: str) -> bool:
        known = await self.services.store.chronicles.get(channel)
        return known is not None and known.is_recorded

    async def _replace(self, channel: str, source: str, facts: tuple[Fact, ...], *, revision: int) -> None:
        rows = [row_of(fact) for fact in facts]
        if await self.services.store.chronicles.replace(channel, source, rows, revision=revision):
            await self.services.changed(channel)


def found_facts(request: StoredRequest, answer: KeptAnswer, *, ts: str, at: datetime) -> tuple[Fact, ...]:
    """Return a fact for each of the first hypotheses of the answer in message `ts`."""
    diagnosis = answer.diagnosis
    return tuple(
        _hypothesis(request, diagnosis, judged, ts=ts, at=at, language=answer.language)
        for judged in diagnosis.hypotheses[:_MOST]
        if not judged.capability
    )


def _hypothesis(
    request: StoredRequest, diagnosis: Diagnosis, judged: JudgedHypothesis, *, ts: str, at: datetime, language: Language
) -> Fact:
    evidence = next((each for each in judged.findings if each.outcome is FindingOutcome.SUPPORTS), None)
    says = evidence.says if evidence else judged.root_cause
    return Fact(
        key=f"a:{request.id}:{judged.incident}",
        kind=FactKind.HYPOTHESIS,
        at=at,
        says=safe_line(says.in_(language), limit=LONGEST_SAYS),
        ts=ts,
        thread_ts=request.original.thread_ts,
        state=judged.verdict.value,
        incident=judged.incident,
        title=judged.title,
        objects=(judged.subject,) if judged.subject else (),
        cluster=diagnosis.cluster,
        reproduce=evidence.reproduce if evidence else "",
        offers=_offered(judged),
    )


def _offered(judged: JudgedHypothesis) -> Text | None:
    """Return the first action that is offered: a button, else a step of the runbook."""
    if judged.remedies:
        return judged.remedies[0].title
    return judged.runbook[0].says if judged.runbook else None
