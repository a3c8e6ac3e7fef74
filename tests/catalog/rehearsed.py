"""All cases of an entry carried out once each, over HTTP against the simulated cluster: what the tests then look at."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from unittest.mock import patch

from bot.cli.rehearsal import request_of, stage, staged
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose, investigation
from bot.diagnosing.engine import match_text
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.kubernetes.resources import API_SERVICES, DEFINITIONS
from bot.probes import objects
from bot.probes.contract import Look, Probe
from bot.roles import reads as needed_reads
from intents import verdicts
from intents.anchors import Question
from intents.catalog.cases import world_of
from intents.catalog.loader import Catalog
from intents.catalog.schema import Case, Incident, Rule
from intents.conditions import check
from intents.domain import (
    Diagnosis,
    FindingOutcome,
    Focus,
    Hypothesis,
    JudgedHypothesis,
    Permission,
    ProbeResult,
    Verdict,
)
from intents.request import ExplainText
from intents.rules import RuleResult, evaluate
from intents.verdicts import judge
from tests import roles
from tests.catalog.asked_reads import AskedReads, Computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Hold the values that one incident was judged by in a case: the judge is pure, so tests can change them."""

    incident: Incident
    hypothesis: Hypothesis
    readings: Mapping[str, ProbeResult]
    focus: Focus
    now: datetime
    question: Question
    _known: dict[Hashable, tuple[object, RuleResult]] = field(default_factory=dict, repr=False, compare=False)

    def with_readings(self, changed: Mapping[str, ProbeResult]) -> JudgedHypothesis:
        readings = {**self.readings, **changed}
        with patch.object(verdicts, "evaluate", self._evaluated):
            first, *_ = judge(
                self.incident, self.hypothesis, readings, focus=self.focus, now=self.now, question=self.question
            )
        return first

    def _evaluated(self, rule: Rule, readings: Mapping[str, ProbeResult], values: Mapping[str, Any]) -> RuleResult:
        """Evaluate a rule once for the same readings: a change of one read leaves most rules as they were."""
        used = (rule, *(readings[name] for name in sorted(reads_of(rule, readings))))
        key = (values["now"], *map(id, used))
        if key not in self._known:
            # With what it was made of: the id of a value that is gone may be given to another one.
            self._known[key] = used, evaluate(rule, readings, values)
        return self._known[key][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The result of one case.

    `blind` is the diagnosis with every read forbidden, None where an object is asked about: one that may not be read
    cannot be. `mutants` are the verdicts of the entry with one rule changed, on the same reads. `undeclared` are
    the permissions that a probe asked to use beyond those that it declares. `judged` is None where the entry was
    not raised, or was judged by its text alone because the cluster does not have the object.
    """

    case: Case
    diagnosis: Diagnosis
    blind: Diagnosis | None
    mutants: Mapping[str, Verdict | None]
    undeclared: frozenset[tuple[str, Permission]]
    judged: Judged | None

    def verdict_on(self, incident: Incident) -> Verdict | None:
        return next((one.verdict for one in self.diagnosis.hypotheses if one.incident == incident.id), None)


@dataclass(slots=True)
class Looked:
    """A probe as it was asked in a case, what it told, and the permissions that its reads take."""

    probe: Probe
    look: Look
    reads: AskedReads
    told: ProbeResult | None = None


async def rehearsed(engine: Engine, incident: Incident) -> tuple[Rehearsed, ...]:
    # Most cases ask the same, and without any read learn the same.
    blinds: dict[Hashable, Diagnosis] = {}
    return tuple([await _one(engine, incident, case, blinds) for case in incident.cases])


async def _one(engine: Engine, incident: Incident, case: Case, blinds: dict[Hashable, Diagnosis]) -> Rehearsed:
    world = world_of(incident, case)
    cluster = stage(world)
    # As in a real cluster: what the role does not grant would be a gap.
    roles.apply(cluster, "read")
    request = request_of(incident, case)
    if isinstance(request, ExplainText):
        request = replace(request, matching=await match_text(request.text, engine=engine))
    looks: dict[str, Looked] = {}
    computed = Computed(set)
    noted = replace(engine, probes={name: noting(probe, looks, computed) for name, probe in engine.probes.items()})
    judgements: list[Judged] = []
    async with staged(cluster) as connection:
        with _recording(incident, judgements):
            diagnosis = await diagnose(request, engine=noted, connection=connection)
        own = next((one.hypothesis for one in diagnosis.hypotheses if one.incident == incident.id), None)
        judged = next((one for one in reversed(judgements) if one.hypothesis == own), None)
        blind = None
        if isinstance(request, ExplainText):
            key = (request.text, request.namespace, served_by(cluster))
            if key not in blinds:
                cluster.forbid_everything()
                blinds[key] = await diagnose(request, engine=engine, connection=connection)
            blind = blinds[key]
    return Rehearsed(
        case=case,
        diagnosis=diagnosis,
        blind=blind,
        mutants=_mutants_on(judged) if judged else {},
        undeclared=frozenset(
            (looked.probe.declaration.name, permission)
            for looked in looks.values()
            for permission in looked.reads.asked - declared(looked, engine.catalog)
        ),
        judged=judged,
    )


def served_by(cluster: SimulatedCluster) -> Hashable:
    """Return what a cluster tells those who may read nothing: which kinds it serves, and whether it has metrics."""
    kinds = {table for table, _ in cluster.store.everything()}
    announced = [
        (table, obj["metadata"]["name"], obj.get("spec"), obj.get("status"))
        for table, obj in cluster.store.everything()
        if table in (DEFINITIONS, API_SERVICES)
    ]
    return frozenset(kinds), repr(announced), cluster.prometheus.url != ""


@contextmanager
def _recording(incident: Incident, judgements: list[Judged]) -> Iterator[None]:
    """Record what the cluster's readings are judged by, for one incident."""

    def recorded(
        of: Incident,
        hypothesis: Hypothesis,
        readings: Mapping[str, ProbeResult],
        *,
        focus: Focus,
        now: datetime,
        question: Question,
    ) -> tuple[JudgedHypothesis, ...]:
        if of.id == incident.id:
            judgements.append(
                Judged(incident=of, hypothesis=hypothesis, readings=readings, focus=focus, now=now, question=question)
            )
        return judge(of, hypothesis, readings, focus=focus, now=now, question=question)

    with patch.object(investigation, "judge", recorded):
        yield


def noting(probe: Probe, looks: dict[str, Looked], computed: Computed) -> Probe:
    """Return the probe with its reads recorded; the same read is answered from the record."""

    async def read(look: Look) -> ProbeResult:
        asked = f"{probe.declaration.name} {look.args} {look.focus!r} {look.named}"
        looked = looks.setdefault(asked, Looked(probe, look, AskedReads(look.snapshot, computed)))
        if looked.told is None:
            looked.told = await probe.run(replace(look, snapshot=cast(Snapshot, looked.reads)))
        return looked.told

    return replace(probe, read=read)


def rule_of(permission: Permission) -> dict[str, list[str]]:
    return {"verbs": [permission.verb], "apiGroups": [permission.group], "resources": [permission.resource]}


def declared(looked: Looked, catalog: Catalog) -> set[Permission]:
    """Return the permissions of a probe; for the one that reads any kind, those of the kinds that entries name."""
    if looked.probe.declaration.name != objects.NAME:
        return set(looked.probe.declaration.permissions)
    kind = str(looked.look.args.get("kind"))
    naming = {
        incident.id
        for incident in catalog
        if any(each.probe == objects.NAME and each.args.get("kind") == kind for each in incident.reads.values())
    }
    needs = needed_reads(Catalog(incidents={each: catalog.incidents[each] for each in naming}), ())
    return {need.permission for need in needs if need.by in naming}


def _mutants_on(one: Judged) -> dict[str, Verdict | None]:
    return {name: replace(one, incident=mutant).with_readings({}).verdict for name, mutant in mutants(one.incident)}


def reads_of(rule: Rule, reads: Collection[str]) -> set[str]:
    """Return the reads that a rule looks at."""
    return {rule.each} if rule.each else {name for name in check(rule.when) if name in reads}


def mutants(incident: Incident) -> Iterator[tuple[str, Incident]]:
    """Return the incident with one rule changed. Rules that only inform (`finds: neutral`) decide nothing."""
    for index, rule in enumerate(incident.evidence):
        if rule.finds is FindingOutcome.NEUTRAL:
            continue
        if rule.decisive:
            yield f"{rule.id} dropped", _with(incident, index, None)
        negated = rule.model_copy(update={"when": f"!({rule.when})"})
        yield f"{rule.id} negated", _with(incident, index, negated)


def _with(incident: Incident, index: int, rule: Rule | None) -> Incident:
    evidence = (*incident.evidence[:index], *((rule,) if rule else ()), *incident.evidence[index + 1 :])
    return incident.model_copy(update={"evidence": evidence})
