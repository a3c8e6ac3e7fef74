"""Turn what was read into verdicts, one for each object at fault.

*confirmed* needs a decisive supporting finding, no refuting one, and every rule that could refute answered. *likely* is
support by the cluster without that. *possible* is a text match alone. *ruled out* is a refuting finding. A gap never
makes a verdict stronger. Pure: the same hypothesis, readings and time give the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NewType

from intents import templates
from intents.anchors import NO_QUESTION, Anchor, Question, anchored, is_anchored, is_identified
from intents.catalog.schema import Incident
from intents.domain import (
    Finding,
    FindingOutcome,
    Focus,
    GapReason,
    Hypothesis,
    JudgedHypothesis,
    Link,
    ObjectRef,
    PastedTime,
    ProbeResult,
    Status,
    Step,
    Strength,
    Text,
    Verdict,
)
from intents.remedies import offered, unambiguous
from intents.rules import RuleAnswer, RuleResult, evaluate, rows_context, unrefuted
from intents.subjects import OneSubject, apart, candidates, narrowed, stands, undivided, unread, unshared
from intents.symptoms import VOCABULARY

# The results of an incident's rules over what was read about one object at fault: a verdict is given on nothing else.
_OfOne = NewType("_OfOne", tuple[RuleResult, ...])

# A missing time zone may be any on earth.
_ZONE_SLACK: Final = timedelta(hours=14)

# Of more objects with the same incident an answer would only be a list.
MOST_SUBJECTS: Final = 5
# The verdicts that the cluster supports: remedies are offered for these.
_SUPPORTED: Final = frozenset({Verdict.CONFIRMED, Verdict.LIKELY, Verdict.OFFERED})
_NOT_CAPTURED: Final = dict.fromkeys(VOCABULARY, "")
_OUTCOMES: Final = {
    FindingOutcome.SUPPORTS: 0,
    FindingOutcome.REFUTES: 1,
    FindingOutcome.GAP: 2,
    FindingOutcome.NEUTRAL: 3,
}


def judge(
    incident: Incident,
    hypothesis: Hypothesis,
    readings: Mapping[str, ProbeResult],
    *,
    focus: Focus,
    now: datetime,
    question: Question = NO_QUESTION,
) -> tuple[JudgedHypothesis, ...]:
    """Judge a hypothesis about each object at fault that the question is about, each by the rows that are tied to it.

    `readings` has a ProbeResult for each read of the incident; `now` is the snapshot's time. There is always a first
    one; those after it are supported, and about other objects. If nothing tells which of the objects found is meant,
    they are candidates. What no answer shows has no texts. Never raise for what was read or captured.
    """
    values = values_for(incident, hypothesis, focus=focus, now=now)
    results = tuple(evaluate(rule, readings, values) for rule in incident.evidence)
    found = candidates(incident, results)
    identified = is_identified(hypothesis, focus, question)

    def judged(own: OneSubject) -> JudgedHypothesis:
        whole = own.readings is readings
        of_one = _OfOne(results) if whole else _evaluated(incident, hypothesis, own, focus, values)
        return _judged(incident, hypothesis, of_one, focus, values, identified=identified)

    if not found:
        return (judged(undivided(readings)),)
    about = [narrowed(incident, readings, one.own, near=one.near).rows for one in found]
    anchor, meant = anchored(found, about, hypothesis, focus, question)
    stood = stands(found[number] for number in meant)
    if not is_anchored(anchor, len(stood), hypothesis, question):
        listed = anchor is not Anchor.CONTRADICTED and not question.reached
        return (replace(judged(_of_asked(incident, readings, question)), candidates=stood if listed else ()),)
    chosen = apart([found[number] for number in (meant if anchor >= Anchor.CAPTURED else meant[:1])], question.kin)
    each = [judged(narrowed(incident, readings, own, near=one.near)) for one, own in islice(chosen, MOST_SUBJECTS)]
    first, *others = each
    further = {one.key: one for one in others if supported(one) and one.key != first.key}
    if further and anchor < Anchor.REACHED:
        # Several objects have what the text says: none of them may be changed before one is chosen.
        return tuple(replace(one, remedies=()) for one in (first, *further.values()))
    return first, *further.values()


def _of_asked(incident: Incident, readings: Mapping[str, ProbeResult], question: Question) -> OneSubject:
    """Return the rows about the object in question alone; none if it is not known."""
    if question.reached:
        return narrowed(incident, readings, unshared(question.reached), near=question.reached)
    return unread(readings)


def uncalled(
    incident: Incident, hypothesis: Hypothesis, readings: Mapping[str, ProbeResult], *, focus: Focus
) -> frozenset[str]:
    """Return the reads that follow a rule (`after`) which does not hold for what was read, and is no gap."""
    conditional = ((name, read.after) for name, read in incident.reads.items() if read.after)
    after = {name: rule for name, rule_id in conditional if (rule := incident.rule(rule_id))}
    if not after:
        return frozenset()
    # Reads are called for by the text alone: no time is needed.
    values = values_for(incident, hypothesis, focus=focus, now=None)
    return frozenset(name for name, rule in after.items() if not _calls(evaluate(rule, readings, values)))


def _calls(result: RuleResult) -> bool:
    unjudged = result.finding is not None and result.finding.outcome is FindingOutcome.GAP
    return result.answer is RuleAnswer.YES or unjudged


def _evaluated(
    incident: Incident, hypothesis: Hypothesis, own: OneSubject, focus: Focus, values: Mapping[str, Any]
) -> _OfOne:
    # What follows a rule that holds for others only was not asked for this one.
    skipped = dict.fromkeys(uncalled(incident, hypothesis, own.readings, focus=focus), ProbeResult(skipped=True))
    readings = {**own.readings, **skipped}
    return _OfOne(tuple(evaluate(rule, readings, values) for rule in incident.evidence))


def _judged(
    incident: Incident,
    hypothesis: Hypothesis,
    results: _OfOne,
    focus: Focus,
    values: Mapping[str, Any],
    *,
    identified: bool,
) -> JudgedHypothesis:
    """Judge by one subject. Unless it is `identified`, nothing refutes, and no remedy is a guess between targets."""
    if not identified and not candidates(incident, results):
        results = _OfOne(tuple(unrefuted(incident, one) for one in results))
    findings = _worth_telling(results)
    best = _best_support(findings)
    verdict = decide(incident, findings)
    judged = JudgedHypothesis(
        hypothesis=hypothesis,
        verdict=verdict,
        title=incident.title,
        severity=incident.severity,
        subject=best.subject if best and best.subject else _focus_ref(focus),
        findings=tuple(findings),
        capability=incident.strongest is Strength.CAPABILITY,
    )
    if not _is_told(judged):
        return judged
    context = _context(values, results, best)
    held = {each.rule.id for each in results if each.answer is RuleAnswer.YES}
    remedies = offered(incident, results, context) if verdict in _SUPPORTED else ()
    return replace(
        judged,
        summary=_summary(incident, results, best, context),
        root_cause=templates.render_text(incident.root_cause, context),
        impact=templates.render_text(incident.impact, context),
        remedies=remedies if identified else unambiguous(remedies, incident, results, values),
        runbook=tuple(
            Step(
                says=templates.render_text(step.says, context),
                run=templates.render_command(step.run, context),
                warning=templates.render_text(step.warning, context) if step.warning else None,
            )
            for step in incident.runbook
            if not step.only_if or held & set(step.only_if)
        ),
        links=tuple(Link(title=link.title, url=link.url) for link in incident.links),
    )


def _is_told(one: JudgedHypothesis) -> bool:
    """Tell whether an answer may show it: most of what the kind of an object raises, nothing supports."""
    unread = any(finding.outcome is FindingOutcome.GAP for finding in one.findings)
    return bool(one.hypothesis.matches) or one.verdict in _SUPPORTED or unread


def _worth_telling(results: Sequence[RuleResult]) -> list[Finding]:
    """Return the findings, decisive support first, without repetitions and without gaps of rules that only inform."""
    told: dict[tuple[FindingOutcome, Text], Finding] = {}
    for result, found in ((one, each) for one in results for each in (one.finding, *one.more)):
        informs = result.rule.finds is FindingOutcome.NEUTRAL and not result.rule.may_refute
        unjudged = result.answer in (RuleAnswer.GAP, RuleAnswer.NOTHING)
        if found is None or (unjudged and informs) or _quiet(found):
            continue
        key = (found.outcome, found.says)
        known = told.setdefault(key, found)
        first = found if found.decisive and not known.decisive else known
        may_refute = known.may_refute or found.may_refute
        told[key] = first if first.may_refute == may_refute else replace(first, may_refute=may_refute)
    return sorted(told.values(), key=lambda each: (_OUTCOMES[each.outcome], not each.decisive, not each.may_refute))


def _quiet(finding: Finding) -> bool:
    """Return whether its gaps are all of sources that are not set up: the rule then counts as absent."""
    return bool(finding.gaps) and all(gap.quiet for gap in finding.gaps)


def decide(incident: Incident, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict that the findings allow."""
    if incident.status is Status.SANDBOX:
        return Verdict.POSSIBLE
    supports = [finding for finding in findings if finding.outcome is FindingOutcome.SUPPORTS]
    decisive = any(finding.decisive for finding in supports if not finding.pasted)
    refuted = any(finding.outcome is FindingOutcome.REFUTES for finding in findings)
    if incident.strongest is Strength.CAPABILITY:
        offered = decisive and not _may_be_refuted(findings)
        return Verdict.RULED_OUT if refuted else Verdict.OFFERED if offered else Verdict.POSSIBLE
    if refuted:
        return Verdict.LIKELY if decisive and incident.strongest is not Strength.POSSIBLE else Verdict.RULED_OUT
    if all(finding.pasted for finding in supports):
        return Verdict.POSSIBLE
    # The paste can prove what no API serves, such as a line of a console, once the cluster supports it too.
    proven_by_paste = any(finding.decisive for finding in supports if finding.pasted)
    proven = proven_by_paste or (decisive and incident.strongest is Strength.CONFIRMED)
    if proven and not _may_be_refuted(findings):
        return Verdict.CONFIRMED
    return Verdict.POSSIBLE if incident.strongest is Strength.POSSIBLE else Verdict.LIKELY


def _may_be_refuted(findings: Iterable[Finding]) -> bool:
    """Return whether a rule that could refute is a gap. A source that does not exist refutes nothing."""
    return any(
        finding.may_refute and any(gap.reason is not GapReason.NOT_FOUND for gap in finding.gaps)
        for finding in findings
        if finding.outcome is FindingOutcome.GAP
    )


def supported(one: JudgedHypothesis) -> bool:
    """Return whether a finding of the cluster, not only the text, supports it."""
    return one.verdict in _SUPPORTED and bool(one.cluster_support)


def values_for(incident: Incident, hypothesis: Hypothesis, *, focus: Focus, now: datetime | None) -> dict[str, Any]:
    """Return the values of conditions and templates beside rows: every name has one, "" if it was not captured.

    Without `now`, before the cluster has answered, ages are unknown.
    """
    named: dict[str, Any] = {**_NOT_CAPTURED, **dict.fromkeys(incident.captures, ""), **hypothesis.named}
    named["namespace"] = named["namespace"] or focus.namespace
    ago, slack = _how_long_ago(hypothesis.when, now) if now and hypothesis.when else (-1.0, 0.0)
    named.update(seconds_ago=ago, seconds_ago_slack=slack)
    target = {
        "kind": focus.kind,
        "namespace": focus.namespace,
        "name": focus.name,
        "container": focus.container,
        "node": focus.node,
    }
    return {"named": named, "target": target, "now": int(now.timestamp()) if now else 0}


def _how_long_ago(when: PastedTime, now: datetime) -> tuple[float, float]:
    """Return the seconds from a pasted time to now, and their uncertainty."""
    at = when.at if when.zone_known else when.at.replace(tzinfo=now.tzinfo)
    slack = timedelta(0) if when.zone_known else _ZONE_SLACK
    if not when.year_known:
        at = _latest_year(at, now + slack)
    return round(max((now - at).total_seconds(), 0.0), 3), slack.total_seconds()


def _latest_year(at: datetime, not_after: datetime) -> datetime:
    """Return the time in the last year in which it is in the past, as a log line is."""
    for year in range(not_after.year, not_after.year - 8, -1):
        try:
            dated = at.replace(year=year)
        except ValueError:  # 29 February
            continue
        if dated <= not_after:
            return dated
    return not_after


def _best_support(findings: Sequence[Finding]) -> Finding | None:
    """Return the first supporting finding, of the cluster if possible: that one names the object."""
    supports = [finding for finding in findings if finding.outcome is FindingOutcome.SUPPORTS]
    return next((finding for finding in supports if not finding.pasted), supports[0] if supports else None)


def _summary(
    incident: Incident, results: Sequence[RuleResult], best: Finding | None, context: Mapping[str, Any]
) -> Text:
    """Return cause and object in one sentence: that of a rule about the object in question, else the incident's.

    "" if a name in it is not known.
    """
    says, names = incident.summary, context
    for result in results:
        own, finding = result.rule.summary, result.finding
        if own and best and finding and result.answer is RuleAnswer.YES and finding.subject == best.subject:
            row = result.context
            says, names = own, {**context, "row": row, "rows": row["rows"], "count": row["count"]}
            break
    return templates.render_text(says, names) if says and templates.known(says.en, names) else Text.same("")


def _context(values: Mapping[str, Any], results: Sequence[RuleResult], best: Finding | None) -> dict[str, Any]:
    """Return the names for an incident's texts. For a rule that does not hold they have the values from the text."""
    pasted = {name: value for name, value in values["named"].items() if value}
    told = {result.rule.id: result.context if result.answer is RuleAnswer.YES else pasted for result in results}
    return {**values, **told, "found": rows_context(best.rows) if best else pasted}


def _focus_ref(focus: Focus) -> ObjectRef | None:
    return ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name) if focus.name else None
