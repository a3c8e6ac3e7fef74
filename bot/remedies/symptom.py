"""Look at what was broken: by the rule `fixed_when` of the entry, or by the health of the object in question.

A change that is in place proves nothing by itself. Where neither shows the symptom, it is unseen, and no remedy that
only changes a setting counts as a fix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.resources import well_known
from bot.cluster.snapshot import Snapshot
from bot.kube.health import has_rules, problem_of
from bot.kube.objects import is_terminating
from bot.remedies.contract import About
from bot.remedies.outcome import UNSEEN, Symptom, SymptomState
from intents.catalog.schema import Remediation
from intents.catalog.schema import Symptom as SymptomRule
from intents.domain import ObjectRef, Text
from intents.rules import RuleAnswer, RuleResult

_STATES: Final[Mapping[RuleAnswer, SymptomState]] = {
    RuleAnswer.YES: SymptomState.GONE,
    RuleAnswer.NO: SymptomState.REMAINS,
    RuleAnswer.GAP: SymptomState.UNREAD,
    RuleAnswer.NOTHING: SymptomState.UNSEEN,
}


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
    focus, subject = about.focus, about.subject
    if focus.name:
        yield from _judgeable(focus.kind or "Pod", focus.namespace, focus.name)
    if subject is not None:
        yield from _judgeable(subject.kind, subject.namespace, subject.name)


def _judgeable(kind: str, namespace: str, name: str) -> Iterator[ObjectRef]:
    resource = well_known(kind)
    if has_rules(kind) and resource is not None and (namespace or not resource.namespaced):
        yield ObjectRef(kind=kind, namespace=namespace if resource.namespaced else "", name=name)
