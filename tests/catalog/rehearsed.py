"""All cases of an entry carried out once each, over HTTP against the simulated cluster: what the tests then look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose
from bot.reading import Reads
from bot.rehearsing import request_of, stage, staged
from intents.catalog.cases import world_of
from intents.catalog.schema import Case, Incident, Rule
from intents.domain import Diagnosis, Focus, Hypothesis, Outcome, Verdict
from intents.focus import focus_of
from intents.judging import judge
from intents.request import ExplainText, Request
from tests import roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of one case.

    `blind` is the diagnosis with every read forbidden, None where an object is asked about: one that may not be read
    cannot be. `mutants` are the verdicts of the entry with one rule changed, on the same reads.
    """

    case: Case
    diagnosis: Diagnosis
    blind: Diagnosis | None
    mutants: Mapping[str, Verdict | None]

    def verdict_on(self, incident: Incident) -> Verdict | None:
        return next((one.verdict for one in self.diagnosis.hypotheses if one.incident == incident.id), None)


async def rehearsed(engine: Engine, incident: Incident) -> tuple[Rehearsed, ...]:
    return tuple([await _one(engine, incident, case) for case in incident.cases])


async def _one(engine: Engine, incident: Incident, case: Case) -> Rehearsed:
    cluster = stage(world_of(incident, case))
    # As in a real cluster: what the role does not grant would be a gap.
    roles.apply(cluster, "read")
    request = request_of(incident, case)
    async with staged(cluster) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)
        own = next((one.hypothesis for one in diagnosis.hypotheses if one.incident == incident.id), None)
        mutated: dict[str, Verdict | None] = {}
        if own is not None:
            async with Snapshot(connection) as snapshot:
                mutated = await _mutants_on(snapshot, engine, incident, own, _focus(diagnosis, request, incident, own))
        blind = None
        if isinstance(request, ExplainText):
            cluster.forbid_everything()
            blind = await diagnose(request, engine=engine, connection=connection)
    return Rehearsed(case=case, diagnosis=diagnosis, blind=blind, mutants=mutated)


def _focus(diagnosis: Diagnosis, request: Request, incident: Incident, hypothesis: Hypothesis) -> Focus:
    if isinstance(request, ExplainText):
        return focus_of(incident, hypothesis, namespace=request.namespace)
    return diagnosis.focus


async def _mutants_on(
    snapshot: Snapshot, engine: Engine, incident: Incident, hypothesis: Hypothesis, focus: Focus
) -> dict[str, Verdict | None]:
    reads = Reads(snapshot=snapshot, probes=engine.probes)
    readings = await reads.for_hypothesis(incident, hypothesis, focus)
    return {
        name: judge(mutant, hypothesis, readings, focus=focus, now=snapshot.now).verdict
        for name, mutant in mutants(incident)
    }


def mutants(incident: Incident) -> Iterator[tuple[str, Incident]]:
    """The incident with one rule changed. Rules that only inform (`finds: neutral`) decide nothing to be caught."""
    for index, rule in enumerate(incident.evidence):
        if rule.finds is Outcome.NEUTRAL:
            continue
        if rule.decisive:
            yield f"{rule.id} dropped", _with(incident, index, None)
        negated = rule.model_copy(update={"when": f"!({rule.when})"})
        yield f"{rule.id} negated", _with(incident, index, negated)


def _with(incident: Incident, index: int, rule: Rule | None) -> Incident:
    evidence = (*incident.evidence[:index], *((rule,) if rule else ()), *incident.evidence[index + 1 :])
    return incident.model_copy(update={"evidence": evidence})
