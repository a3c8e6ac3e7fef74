"""Judge again, for a plan: whether its incident is present, what was broken, and the result of the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import ClusterError
from bot.cluster.resources import well_known
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.reads import Reads
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.health import has_rules, problem_of
from bot.kube.log_failures import failures_in, last_words_in
from bot.kube.log_records import read_records
from bot.kube.objects import is_terminating, name_of
from bot.remedies.contract import About, Applied, EffectState, EffectStatus, Plan, State
from intents.catalog.schema import Remediation
from intents.catalog.schema import Symptom as SymptomRule
from intents.domain import Diagnosis, Finding, FindingOutcome, Hypothesis, JudgedHypothesis, ObjectRef, Text
from intents.focus import named_as
from intents.kinds import KINDS
from intents.languages import quoted
from intents.rules import RuleAnswer, RuleResult, evaluate
from intents.subjects import narrowed, unshared
from intents.verdicts import judge, supported, values_for


async def symptom_of(
    snapshot: Snapshot,
    remediation: Remediation | None,
    fixed_when: RuleResult | None,
    about: About,
    target: ObjectRef,
    *,
    only_configures: bool,
) -> Symptom:
    """Return the symptom as the snapshot shows it. `fixed_when` is the evaluated rule, if the entry has one.

    `only_configures`: the effect of the action does not show that anything works again.
    """
    if fixed_when is not None:
        found, need = fixed_when.finding, fixed_when.rule.need
        if fixed_when.answer is RuleAnswer.NOTHING and need == "none" and found is None:
            # A read whose rows are what is broken, and everything could be read.
            return Symptom(state=SymptomState.GONE)
        return Symptom(state=_STATES[fixed_when.answer], says=found.says if found else Text.same(""))
    declared = remediation.fixed_when if remediation else None
    if declared is None and (only_configures or (remediation and remediation.shows_later)):
        return UNSEEN
    seen = await _health(snapshot, about, target)
    if seen.state is SymptomState.UNSEEN and not only_configures:
        # The effect itself shows that what it replaced or removed is well.
        return Symptom(state=SymptomState.GONE)
    return seen


def rule_of(remediation: Remediation | None) -> SymptomRule | None:
    """Return the rule that shows the symptom, None if the entry has none."""
    declared = remediation.fixed_when if remediation else None
    return declared if isinstance(declared, SymptomRule) else None


async def _health(snapshot: Snapshot, about: About, target: ObjectRef) -> Symptom:
    """Judge the objects in question by the rules of their kinds; the target, in the place of one that is gone."""
    judged = False
    for one in dict.fromkeys(_in_question(about)):
        seen = await _health_of(snapshot, one)
        if seen is None and has_rules(target.kind):
            seen = await _health_of(snapshot, target)
        if seen is None:
            continue
        if seen.state is not SymptomState.GONE:
            return seen
        judged = True
    return Symptom(state=SymptomState.GONE) if judged else UNSEEN


async def _health_of(snapshot: Snapshot, one: ObjectRef) -> Symptom | None:
    """Return the health of an object as a symptom, None if it is gone."""
    try:
        obj = await snapshot.find(one.kind, one.name, namespace=one.namespace)
    except ClusterError as error:
        return Symptom(state=SymptomState.UNREAD, says=error.gap(str(one)).says)
    if obj is None:
        return None
    problem = "it is terminating" if is_terminating(obj) else problem_of(obj, one.kind)
    if not problem:
        return Symptom(state=SymptomState.GONE)
    return Symptom(
        state=SymptomState.REMAINS,
        says=Text(en=f"{one} is not healthy: {problem}", zh=f"{one} 尚未恢复：{problem}"),
    )


def _in_question(about: About) -> Iterator[ObjectRef]:
    """Yield the object that was asked about, and that of the best evidence, if their kinds have rules of health."""
    focus = about.focus
    asked = ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name) if focus.name else None
    for one in filter(None, (asked, about.subject)):
        resource = well_known(one.kind)
        if has_rules(one.kind) and resource is not None and (one.namespace or not resource.namespaced):
            yield ObjectRef(kind=one.kind, namespace=one.namespace if resource.namespaced else "", name=one.name)


# Pods whose containers are looked at; the first one that fails is described.
_MOST_PODS: Final = 3
_TAIL_LINES: Final = 400


async def what_fails(snapshot: Snapshot, pods: Sequence[ObjectRef]) -> Text | None:
    """Return how the first of the new pods fails that exits with an error; None if none of them does."""
    for one in pods[:_MOST_PODS]:
        try:
            pod = await snapshot.find("Pod", one.name, namespace=one.namespace)
        except ClusterError:
            continue
        for container in sorted(containers_in(pod or {}), key=lambda each: trouble_order(each, snapshot.now)):
            if (said := await _exit_of(snapshot, container)) is not None:
                return said
    return None


async def _exit_of(snapshot: Snapshot, container: Container) -> Text | None:
    """Return exit code and telling line of a container that is not ready after a failed run."""
    run = container.ended(snapshot.now)
    if container.ready or run is None or run.exit_code in (0, -1):
        return None
    try:
        log = await snapshot.log(
            LogQuery.of(container.pod, container.name, previous=not run.current, tail_lines=_TAIL_LINES)
        )
    except ClusterError:
        log = ""
    records = read_records(log)
    failure = next(iter(failures_in(records)), None) or last_words_in(records)
    # The kubelet's reason "Error" says no more than the exit code.
    line = quoted(failure.says) if failure else run.reason if run.reason != "Error" else ""
    name = name_of(container.pod)
    return Text(
        en=f"{name} now exits {run.exit_code}" + (f": {line}" if line else ""),
        zh=f"{name} 现在以退出码 {run.exit_code} 退出" + (f"：{line}" if line else ""),
    )


class SymptomState(StrEnum):
    """The state of what was broken."""

    GONE = "gone"
    REMAINS = "remains"
    UNREAD = "unread"  # a read failed
    UNSEEN = "unseen"  # nothing that is read shows it


_STATES: Final[Mapping[RuleAnswer, SymptomState]] = {
    RuleAnswer.YES: SymptomState.GONE,
    RuleAnswer.NO: SymptomState.REMAINS,
    RuleAnswer.GAP: SymptomState.UNREAD,
    RuleAnswer.NOTHING: SymptomState.UNSEEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What was broken, as one look at the cluster shows it; `says` describes it in half a sentence."""

    state: SymptomState
    says: Text = field(default_factory=lambda: Text.same(""))


UNSEEN: Final = Symptom(state=SymptomState.UNSEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the cluster after a write.

    `present`: the evidence still supports the incident. `unread`: some of it could not be read. `later`: the entry says
    that the symptom can only be seen later. `worse`: fewer pods are ready than before the write.
    """

    effect: EffectState
    present: bool
    unread: bool
    symptom: SymptomState
    later: bool = False
    worse: bool = False

    @property
    def in_place(self) -> bool:
        """Tell whether the change has taken effect and the cause is proven gone."""
        return self.effect is EffectState.HEALTHY and not self.present and not self.unread


def good_state(seen: Seen) -> State | None:
    """Return the state that ends the verification early once it has lasted, None to look again.

    FIXED needs the cause and the symptom gone. Where nothing shows the symptom, there is nothing to wait for.
    """
    if not seen.in_place:
        return None
    if seen.symptom is SymptomState.GONE:
        return State.FIXED
    return State.LATER if seen.symptom is SymptomState.UNSEEN else None


def final_state(seen: Seen) -> State:
    """Return the state of what has not become good before the deadline, or keeps failing."""
    if seen.worse:
        return State.WORSE
    if seen.effect is EffectState.RUNNING:
        return State.WAITING
    if seen.present or seen.effect is EffectState.FAILING:
        return State.NOT_FIXED
    if not seen.in_place or seen.symptom in (SymptomState.GONE, SymptomState.UNREAD):
        return State.WAITING
    if seen.symptom is SymptomState.UNSEEN or seen.later:
        return State.LATER
    return State.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the cluster: the effect of the write, the incident and the symptom as they stand.

    What a person asked for itself has no incident.
    """

    effect: EffectStatus
    plan: Plan
    incident: Recheck | None = None
    symptom: Symptom = UNSEEN
    ends_incident: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.incident.judged.findings if self.incident else ()

    @property
    def present(self) -> bool:
        return self.incident is not None and self.incident.present

    @property
    def unread(self) -> tuple[Finding, ...]:
        return self.incident.unread if self.incident else ()

    @property
    def seen(self) -> Seen:
        return Seen(
            effect=self.effect.state,
            present=self.present,
            unread=bool(self.unread),
            symptom=self.symptom.state,
            later=self.plan.later is not None,
        )

    @property
    def good(self) -> State | None:
        """Return the state to end with once it has lasted; None to look again."""
        if self.ends_incident:
            return good_state(self.seen)
        return State.DONE if self.effect.state is EffectState.HEALTHY and self.is_done else None

    @property
    def is_done(self) -> bool:
        """Tell whether the rule `until` holds for this object; without one, whether the write has taken effect."""
        if not self.plan.until:
            return self.effect.state is EffectState.HEALTHY
        for finding in self.findings:
            if finding.rule == self.plan.until and finding.rows:
                about = [row.subject for row in finding.rows if row.subject.kind == self.plan.target.kind]
                return not about or any(subject.is_named_as(self.plan.target) for subject in about)
        return False

    @property
    def failing(self) -> bool:
        return self.effect.state is EffectState.FAILING


# Captured names that are true of one pod only, or of where it ran: they are dropped for its replacement.
_OF_ONE_POD: Final = frozenset({word for word, kind in KINDS.items() if kind in ("Pod", "Node", "ReplicaSet")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """An incident as it stands now, in a diagnosis of its own; `fixed_when` is the evaluated rule of a remedy."""

    judged: JudgedHypothesis
    diagnosis: Diagnosis
    fixed_when: RuleResult | None = None

    @property
    def present(self) -> bool:
        """Tell whether the cluster still supports the incident."""
        return supported(self.judged)

    @property
    def unread(self) -> tuple[Finding, ...]:
        """The gaps: with any of them neither absence nor presence is proven."""
        return tuple(finding for finding in self.judged.findings if finding.outcome is FindingOutcome.GAP)


async def recheck(
    incident_id: str, about: About, *, engine: Engine, snapshot: Snapshot, fixed_when: SymptomRule | None = None
) -> Recheck:
    """Read and judge one incident, and a remedy's rule `fixed_when`; refused reads become gaps.

    Raises KeyError if the catalog no longer has the incident.
    """
    incident = engine.catalog.incidents[incident_id]
    hypothesis = Hypothesis(incident=incident.id, score=about.score, named=about.named, when=about.when)
    reads = Reads(snapshot=snapshot, engine=engine)
    investigation = Investigation(
        catalog=engine.catalog, reads=reads, snapshot=snapshot, focus=lambda _incident, _hypothesis: about.focus
    )
    await investigation.connect((hypothesis,))
    readings = await reads.for_hypothesis(incident, hypothesis, about.focus)
    question = investigation.question_for(hypothesis, about.focus, subject=about.subject)
    judged, *_ = judge(incident, hypothesis, readings, focus=about.focus, now=snapshot.now, question=question)
    diagnosis = Diagnosis(
        focus=about.focus,
        cluster=snapshot.cluster,
        observed_at=snapshot.now,
        hypotheses=(judged,),
        gaps=reads.gaps_for((judged,)),
        api_calls=snapshot.calls,
    )
    values = values_for(incident, hypothesis, focus=about.focus, now=snapshot.now)
    own = narrowed(incident, readings, unshared(question.reached), near=question.reached) if question.reached else None
    result = evaluate(fixed_when.rule, own.readings if own else readings, values) if fixed_when else None
    return Recheck(judged=judged, diagnosis=diagnosis, fixed_when=result)


def after_write(about: About, applied: Applied, effect: EffectStatus) -> About:
    """Return what to judge after a write: the present, not the time when the text was written.

    If the write replaced the pod in question, judge its replacement instead: the new pod, or all pods of the workload
    together. Any other object (an API, a node, a namespace) stays the subject.
    """
    present = replace(about, when=None)
    if not _was_replaced(about, applied):
        return present
    target = applied.target
    if target.kind != "Pod":
        return moved(present, to=target)
    return moved(present, to=effect.replacements[0]) if effect.replacements else present


def moved(about: About, *, to: ObjectRef) -> About:
    """Return the same input about another object: names of the old one are dropped or replaced."""
    old = {about.focus.name, about.subject.name if about.subject else ""} - {""}
    kept = {word: to.name if value in old else value for word, value in about.named.items() if word not in _OF_ONE_POD}
    focus = replace(about.focus, kind=to.kind, namespace=to.namespace, name=to.name, node="")
    return replace(
        about, focus=focus, named={**kept, "namespace": to.namespace, **named_as(to.kind, to.name)}, subject=to
    )


def _was_replaced(about: About, applied: Applied) -> bool:
    removed: Sequence[str] = (applied.target.uid,) if applied.target.kind == "Pod" else applied.outlook.known
    if about.subject is not None and about.subject.kind == "Pod":
        return about.subject.uid in removed
    return about.focus.kind in ("Pod", "") and bool(about.focus.name) and about.focus.name == applied.target.name
