"""Turn findings into verdicts, and rank the hypotheses: causes before their effects.

*confirmed* needs a decisive supporting finding, no refuting one, and every rule that could refute answered. *likely* is
support by the cluster without that. *possible* is a text match alone. *ruled out* is a refuting finding. A gap never
makes a verdict stronger. Pure: the same hypothesis, readings and time give the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from intents import templates
from intents.anchors import NO_QUESTION, Anchor, Question, anchored, is_anchored, is_identified
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident, Remediation
from intents.chains import causes_of, may_cause
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
    Remedy,
    Status,
    Step,
    Strength,
    Text,
    Verdict,
)
from intents.domain import (
    Question as Input,
)
from intents.remedy_targets import unambiguous
from intents.rules import RuleAnswer, RuleResult, evaluate, rows_context, unrefuted
from intents.subjects import candidates, narrowed, stands, unshared
from intents.symptoms import VOCABULARY

# A missing time zone may be any on earth.
_ZONE_SLACK: Final = timedelta(hours=14)

_ORDER: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2, Verdict.OFFERED: 3, Verdict.RULED_OUT: 4}
# The verdicts that the cluster supports: remedies are offered for these.
_SUPPORTED: Final = frozenset({Verdict.CONFIRMED, Verdict.LIKELY, Verdict.OFFERED})
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
) -> JudgedHypothesis:
    """Judge one hypothesis about one object at fault, by the rows that are tied to it.

    `readings` has a ProbeResult for each read of the incident; `now` is the snapshot's time. If nothing tells which of
    the objects found is meant, they are candidates. What no answer shows has no texts. Never raise for what was read or
    captured.
    """
    values = values_for(incident, hypothesis, focus=focus, now=now)
    results = [evaluate(rule, readings, values) for rule in incident.evidence]
    found = candidates(incident, results)
    about = [narrowed(incident, readings, one.own, near=one.near) for one in found]
    tied = [[row for reading in each.values() for row in reading.rows] for each in about]
    anchor, meant = anchored(found, tied, hypothesis, focus, question)
    stood = stands(found[number] for number in meant)
    if found and not is_anchored(anchor, len(stood), hypothesis, question):
        told = () if anchor is Anchor.CONTRADICTED or question.reached else stood
        results = [evaluate(rule, _of_asked(incident, readings, question), values) for rule in incident.evidence]
        return replace(_judged(incident, hypothesis, results, focus, values), candidates=told)
    if meant and about[meant[0]] is not readings:
        one = found[meant[0]]
        own = narrowed(incident, readings, one.own | question.kin, near=one.near)
        results = [evaluate(rule, own, values) for rule in incident.evidence]
    identified = is_identified(hypothesis, focus, question)
    if not (found or identified):
        results = [unrefuted(incident, one) for one in results]
    judged = _judged(incident, hypothesis, results, focus, values)
    return judged if identified else replace(judged, remedies=unambiguous(judged.remedies, incident, results, values))


def _of_asked(incident: Incident, readings: Mapping[str, ProbeResult], question: Question) -> Mapping[str, ProbeResult]:
    """Return the rows about the object in question alone; none if it is not known."""
    if question.reached:
        return narrowed(incident, readings, unshared(question.reached), near=question.reached)
    return {name: replace(one, rows=(), skipped=not one.gaps) for name, one in readings.items()}


def _judged(
    incident: Incident, hypothesis: Hypothesis, results: Sequence[RuleResult], focus: Focus, values: Mapping[str, Any]
) -> JudgedHypothesis:
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
    return replace(
        judged,
        summary=_summary(incident, results, best, context),
        root_cause=templates.render_text(incident.root_cause, context),
        impact=templates.render_text(incident.impact, context),
        remedies=_remedies(incident, results, context) if verdict in _SUPPORTED else (),
        runbook=tuple(
            Step(
                says=templates.render_text(step.says, context),
                run=templates.render_command(step.run, context),
                warning=templates.render_text(step.warning, context) if step.warning else None,
            )
            for step in incident.runbook
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
        told[key] = replace(first, may_refute=known.may_refute or found.may_refute)
    return sorted(told.values(), key=lambda each: (_OUTCOMES[each.outcome], not each.decisive, not each.may_refute))


def _quiet(finding: Finding) -> bool:
    """Return whether its gaps are all of sources that are not set up: the rule then counts as absent."""
    return bool(finding.gaps) and all(gap.quiet for gap in finding.gaps)


def decide(incident: Incident, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict that the findings allow."""
    if incident.status is Status.SANDBOX:
        return Verdict.POSSIBLE
    if incident.strongest is Strength.CAPABILITY:
        return _capability_verdict(findings)
    return _cause_verdict(incident, findings)


def _capability_verdict(findings: Sequence[Finding]) -> Verdict:
    if _refuted(findings):
        return Verdict.RULED_OUT
    proven = any(finding.decisive for finding in _cluster_support(findings))
    return Verdict.OFFERED if proven and not _may_be_refuted(findings) else Verdict.POSSIBLE


def _cause_verdict(incident: Incident, findings: Sequence[Finding]) -> Verdict:
    from_cluster = _cluster_support(findings)
    decisive = any(finding.decisive for finding in from_cluster)
    if _refuted(findings):
        return Verdict.LIKELY if decisive and incident.strongest is not Strength.POSSIBLE else Verdict.RULED_OUT
    if not from_cluster:
        return Verdict.POSSIBLE
    # The paste can prove what no API serves, such as a line of a console, once the cluster supports it too.
    proven_by_paste = any(finding.decisive for finding in _support(findings) if finding.pasted)
    proven = proven_by_paste or (decisive and incident.strongest is Strength.CONFIRMED)
    if proven and not _may_be_refuted(findings):
        return Verdict.CONFIRMED
    return Verdict.POSSIBLE if incident.strongest is Strength.POSSIBLE else Verdict.LIKELY


def _support(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.outcome is FindingOutcome.SUPPORTS]


def _cluster_support(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.is_cluster_support]


def _refuted(findings: Iterable[Finding]) -> bool:
    return any(finding.outcome is FindingOutcome.REFUTES for finding in findings)


def _may_be_refuted(findings: Iterable[Finding]) -> bool:
    """Return whether a rule that could refute is a gap. A source that does not exist refutes nothing."""
    return any(
        finding.may_refute and any(gap.reason is not GapReason.NOT_FOUND for gap in finding.gaps)
        for finding in findings
        if finding.outcome is FindingOutcome.GAP
    )


def rank(judged: Iterable[JudgedHypothesis], catalog: Catalog, *, now: datetime) -> tuple[JudgedHypothesis, ...]:
    """Order hypotheses by verdict and score. An effect follows the cause that explains it unless it is better proven.

    A general incident always follows: it says no more than that the object is in trouble. It also follows an action
    that the text asks for.

    A cause explains an effect if the cluster supports both, the effect's entry lists it under `causes`, and evidence of
    both has what is named there in common at about the same time. Capabilities come after all possible causes.
    """
    by_id = {one.incident: one for one in judged}
    causes = {name: _cause_of(one, by_id, catalog, now) for name, one in by_id.items()}
    asked_for = any(one.verdict is Verdict.OFFERED and one.hypothesis.matches for one in by_id.values())

    def place_of(one: JudgedHypothesis) -> tuple[object, ...]:
        place, general, *rest = _place(one, general=_is_general(one, catalog))
        # Who asks for an action knows that the object is in trouble.
        return (_ORDER[Verdict.OFFERED] if asked_for and general else place, general, *rest)

    ordered = sorted(by_id.values(), key=place_of)
    answer: list[JudgedHypothesis] = []

    def place(one: JudgedHypothesis, above: tuple[str, ...]) -> None:
        cause = causes[one.incident]
        if cause and cause not in above and _leads(by_id[cause], one, catalog):
            place(by_id[cause], (*above, one.incident))
        if all(placed.incident != one.incident for placed in answer):
            answer.append(replace(one, effect_of=cause if cause not in above else ""))

    for one in ordered:
        place(one, ())
    return tuple(answer)


def _leads(cause: JudgedHypothesis, effect: JudgedHypothesis, catalog: Catalog) -> bool:
    return _is_general(effect, catalog) or _ORDER[cause.verdict] <= _ORDER[effect.verdict]


def _is_general(one: JudgedHypothesis, catalog: Catalog) -> bool:
    entry = catalog.get(one.incident)
    return entry is not None and bool(entry.shows)


def _place(one: JudgedHypothesis, *, general: bool) -> tuple[int, bool, float, str]:
    offer = one.capability and one.verdict is not Verdict.RULED_OUT
    return _ORDER[Verdict.OFFERED if offer else one.verdict], general, -one.hypothesis.score, one.incident


def _cause_of(one: JudgedHypothesis, by_id: Mapping[str, JudgedHypothesis], catalog: Catalog, now: datetime) -> str:
    """Return the incident that explains this one, the best proven if there are several; "" for none."""
    if one.capability or not supported(one):
        return ""
    entry = catalog.get(one.incident)
    explains = [
        by_id[link.incident]
        for link in (causes_of(entry, catalog) if entry else ())
        if link.incident in by_id
        and not by_id[link.incident].capability
        and supported(by_id[link.incident])
        and may_cause(by_id[link.incident], one, link, now=now)
    ]

    def preference(upstream: JudgedHypothesis) -> tuple[int, bool]:
        """Return the verdict first; of equally proven causes a general one is nearer, and has its own cause."""
        return _ORDER[upstream.verdict], not _is_general(upstream, catalog)

    return min(explains, key=preference).incident if explains else ""


def supported(one: JudgedHypothesis) -> bool:
    """Return whether a finding of the cluster, not only the text, supports it."""
    return one.verdict in _SUPPORTED and bool(one.cluster_support)


def values_for(incident: Incident, hypothesis: Hypothesis, *, focus: Focus, now: datetime | None) -> dict[str, Any]:
    """Return the values of conditions and templates beside rows: every name has one, "" if it was not captured.

    Without `now`, before the cluster has answered, ages are unknown.
    """
    named: dict[str, Any] = dict.fromkeys((*VOCABULARY, *incident.captures), "")
    named.update(hypothesis.named)
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


def _remedies(incident: Incident, results: Sequence[RuleResult], context: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """Return the remediations whose conditions hold and whose target is known by name."""
    held = {result.rule.id for result in results if result.answer is RuleAnswer.YES}
    offered = []
    for remediation in incident.remediations:
        if not held.issuperset(remediation.only_if) or (remediation.rows_of and remediation.rows_of not in held):
            continue
        own = {**context, "row": context[remediation.rows_of or "found"]}
        if remedy := _remedy(remediation, own):
            offered.append(remedy)
    return tuple(offered)


def _remedy(remediation: Remediation, context: Mapping[str, Any]) -> Remedy | None:
    target = remediation.target
    if not all(templates.known(part, context) for part in (target.kind, target.namespace, target.name)):
        return None
    asked = {each.id: f"{{input.{each.id}}}" for each in remediation.asks}
    # Only values that are still to be typed may stay placeholders.
    given = {**context, "input": asked}
    if not all(templates.known(text, given) for text in _texts_in(remediation.args)):
        return None
    return Remedy(
        id=remediation.id,
        action=str(remediation.action),
        title=templates.render_text(remediation.title, context),
        target=ObjectRef(
            kind=templates.render(target.kind, context),
            namespace=templates.render(target.namespace, context),
            name=templates.render(target.name, context),
        ),
        args={key: fill(value, given) for key, value in remediation.args.items()},
        asks=tuple(
            Input(
                id=each.id,
                label=templates.render_text(each.label, context),
                default=templates.render(each.default, context),
                expects=each.expects,
            )
            for each in remediation.asks
        ),
        risk=str(remediation.risk),
        button=remediation.button,
        warning=templates.render_text(remediation.warning, context) if remediation.warning else None,
        until=remediation.until,
        done=templates.render_text(remediation.done, context) if remediation.done else None,
        later=templates.render_text(remediation.shows_later, context) if remediation.shows_later else None,
    )


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)


def fill(value: Any, context: Mapping[str, Any]) -> Any:
    """Fill the templates in a JSON value, those of its keys included."""
    if isinstance(value, str):
        return templates.render(value, context)
    if isinstance(value, Mapping):
        return {templates.render(key, context): fill(item, context) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, context) for item in value]
    return value


def _focus_ref(focus: Focus) -> ObjectRef | None:
    return ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name) if focus.name else None
