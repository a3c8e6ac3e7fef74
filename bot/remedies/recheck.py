"""Judge an incident again, later, about the same object or about what replaced it.

A plan keeps what was judged (`About`), so neither the pasted text nor its match is needed: before a write this tells
whether the cause is still present, and afterwards whether it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.reads import Reads
from bot.remedies.contract import About, Applied, EffectStatus
from intents.catalog.schema import Symptom as SymptomRule
from intents.domain import Diagnosis, Finding, FindingOutcome, Hypothesis, JudgedHypothesis, ObjectRef
from intents.focus import named_as
from intents.kinds import KINDS
from intents.rules import RuleResult, evaluate
from intents.subjects import narrowed, unshared
from intents.verdicts import judge, supported, values_for

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
    reads = Reads(snapshot=snapshot, probes=engine.probes)
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
    present = now_instead(about)
    if not _was_replaced(about, applied):
        return present
    target = applied.target
    if target.kind != "Pod":
        return moved(present, to=target)
    return moved(present, to=effect.replacements[0]) if effect.replacements else present


def now_instead(about: About) -> About:
    """Return the same input without the time of the pasted text."""
    return replace(about, when=None)


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
