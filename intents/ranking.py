"""Rank judged hypotheses: causes before their effects, the better proven before the others. Pure.

Incidents are linked if one may have caused the other. What happened on another day, or what no edge connects with the
effect, is no cause, however well it is proven.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from intents.catalog.fields import Cause, LinkedBy
from intents.catalog.loader import Catalog
from intents.domain import (
    ChainRole,
    Finding,
    FindingOutcome,
    HypothesisKey,
    JudgedHypothesis,
    ObjectRef,
    Row,
    Text,
    TimelineEvent,
    Value,
    Verdict,
)
from intents.named_objects import ObjectKey
from intents.subjects import ties
from intents.verdicts import supported

# An effect follows its cause within this time, or was noticed so much before it: logs keep only the newest lines.
WINDOW: Final = timedelta(minutes=30)
# Nobody reads a longer timeline at 3 a.m.
MOST_MOMENTS: Final = 8
_QUOTE: Final = 200
_SERVICE: Final = "Service"
# The beginning of a state whose beginning is not known.
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
# The order in which events are chosen for a timeline.
_PARTS: Final = (ChainRole.EFFECT, ChainRole.CAUSE, ChainRole.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A span of time."""

    begin: datetime
    end: datetime


def may_cause(cause: JudgedHypothesis, effect: JudgedHypothesis, link: Cause, *, now: datetime) -> bool:
    """Return whether what the link names connects evidence of both, at about one time."""
    if link.only_if and not any(finding.rule in link.only_if for finding in effect.cluster_support):
        return False
    proof = [finding for finding in cause.cluster_support if not link.proven_by or finding.rule in link.proven_by]
    # What the cluster shows now may have begun at any time before; an effect without a time is noticed now.
    since_ever, noticed = _Span(begin=_LONG_AGO, end=now), _Span(begin=now, end=now)
    causes = _spans(proof, partial(_keys, cause, link.linked_by, ChainRole.CAUSE), undated=since_ever, now=now)
    of_effect = partial(_keys, effect, link.linked_by, ChainRole.EFFECT)
    effects = _spans(effect.cluster_support, of_effect, undated=noticed, now=now)
    return any(
        one.begin <= two.begin + WINDOW and one.end >= two.begin - WINDOW
        for key in causes.keys() & effects.keys()
        for one in causes[key]
        for two in effects[key]
    )


def _spans(
    findings: Sequence[Finding], keys: Callable[[Row, bool], Iterable[object]], *, undated: _Span, now: datetime
) -> dict[object, set[_Span]]:
    """Return the spans of rows by what the link compares. Undated rows count only if no row has a time."""
    rows = [(row, finding.decisive) for finding in findings for row in finding.rows]
    dated = any(row.at for row, _ in rows)
    spans: dict[object, set[_Span]] = {}
    for row, decisive in rows:
        if row.at is None and dated:
            continue
        span = _Span(begin=row.at, end=max(now, row.at) if row.lasts else row.at) if row.at else undated
        for key in keys(row, decisive):
            spans.setdefault(key, set()).add(span)
    return spans


def _keys(judged: JudgedHypothesis, by: LinkedBy, role: ChainRole, row: Row, decisive: bool) -> Iterator[object]:
    """Yield what of a row is compared: rows of a cause and of its effect are linked if they share one of these.

    The pods in a row's keys count only for decisive findings: others may mention pods that suffer from something else.
    """
    subject = row.subject
    match by:
        case LinkedBy.RUNS_ON:
            nodes = (subject.name if subject.kind == "Node" else "", row.values.get("node"))
            yield from (node for node in nodes if node)
        case LinkedBy.OWNS:
            yield from judged.owners
        case LinkedBy.CONNECTION:
            yield from _connection(row)
        case LinkedBy.CALLS:
            yield from services_called(judged) if role is ChainRole.EFFECT else _services_at_fault(judged, row)
        case LinkedBy.OBJECT:
            yield subject.key
            if decisive:
                yield from pods_named(row)
                yield from _workload_named(row)
        case LinkedBy.PROVIDES:
            yield by


def _connection(row: Row) -> Iterator[tuple[Value, ...]]:
    """Yield who calls and what: a log names its `peer`, and a walk its `destination`, as they are written.

    The `peer` of a log that names none is empty: what the same program cannot use.
    """
    values = row.values
    called = values.get("peer") or values.get("destination", values.get("peer"))
    if called is not None:
        yield values.get("namespace", ""), values.get("owner") or values.get("pod", ""), called


def services_called(effect: JudgedHypothesis) -> frozenset[ObjectKey]:
    """Return the Services that rows of an effect are about or name, else those that it calls by its spec; not its own.

    A program that says which Service it cannot reach does not fail because of another one.
    """
    told = (FindingOutcome.SUPPORTS, FindingOutcome.NEUTRAL)
    rows = [
        row for finding in effect.findings if finding.outcome in told and not finding.pasted for row in finding.rows
    ]
    named = frozenset(key for row in rows for key in ties(row) if key[0] == _SERVICE)
    return named - effect.served_by or effect.calls - effect.served_by


def _services_at_fault(cause: JudgedHypothesis, row: Row) -> frozenset[ObjectKey]:
    """Return the Services that a cause is about, or whose pods it is about."""
    return cause.served_by | {key for key in (row.subject.key,) if key[0] == _SERVICE}


def pods_named(row: Row) -> Iterator[tuple[str, str, str]]:
    """Yield the pods that a row names: in `pod`, or several in `pods`; those of a node as namespace/name."""
    home = str(row.values.get("namespace") or row.subject.namespace)
    pods: Value = row.values.get("pods", ())
    for pod in (row.values.get("pod"), *(pods if isinstance(pods, tuple) else ())):
        if pod:
            namespace, _, name = str(pod).rpartition("/")
            yield "Pod", namespace or home, name


def _workload_named(row: Row) -> Iterator[ObjectKey]:
    """Yield the workload without pods that a row names as Kind/name."""
    kind, _, name = str(row.values.get("workload", "")).partition("/")
    if name:
        yield kind, str(row.values.get("namespace") or row.subject.namespace), name


def timeline(ranked: Sequence[JudgedHypothesis]) -> tuple[TimelineEvent, ...]:
    """Return the events of the leading hypothesis and of its causes and effects, oldest first.

    It is empty without a cause and its effect, or different events of different objects.
    """
    told = _chain([one for one in ranked if one.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)])
    linked = len(told) > 1
    moments = [moment for one in told for moment in _moments(one, linked=linked)]
    facts = {finding.rule for one in told for finding in one.cluster_support if any(row.at for row in finding.rows)}
    if len({moment.subject for moment in moments}) < 2 or not (linked or len(facts) > 1):
        return ()
    return tuple(sorted(_chosen(_once(moments)), key=lambda moment: (moment.at, moment.subject, moment.incident)))


def _chain(ranked: Sequence[JudgedHypothesis]) -> list[JudgedHypothesis]:
    """Return the first hypothesis and all that are linked with it by cause and effect."""
    linked = {one.key for one in ranked[:1]}
    while True:
        more = {key for one in ranked if one.cause and linked & {one.key, one.cause} for key in (one.key, one.cause)}
        if more <= linked:
            return [one for one in ranked if one.key in linked]
        linked |= more


def causing(effect: HypothesisKey, ranked: Iterable[JudgedHypothesis]) -> tuple[JudgedHypothesis, ...]:
    """Return a ranked hypothesis with its cause, the cause of that, and so on."""
    by_key = {one.key: one for one in ranked}
    found: dict[HypothesisKey, JudgedHypothesis] = {}
    key: HypothesisKey | None = effect
    while key and key not in found and (one := by_key.get(key)):
        found[key] = one
        key = one.cause
    return tuple(found.values())


def _moments(one: JudgedHypothesis, *, linked: bool) -> Iterator[TimelineEvent]:
    """Yield one event for each object and rule: the first time, and the number."""
    part = (ChainRole.EFFECT if one.cause else ChainRole.CAUSE) if linked else ChainRole.NONE
    for finding in one.cluster_support:
        rows: dict[ObjectRef, list[tuple[datetime, Row]]] = {}
        for row in finding.rows:
            if row.at is not None:
                rows.setdefault(row.subject, []).append((row.at, row))
        for subject, dated in rows.items():
            at, first = min(dated, key=lambda pair: pair[0])
            yield TimelineEvent(
                at=at,
                subject=subject,
                says=Text.same(" ".join(first.quote.split())[:_QUOTE]) if first.quote else finding.says,
                incident=one.incident,
                part=part,
                count=len(dated),
                lasts=first.lasts,
                verbatim=bool(first.quote),
            )


def _once(moments: Iterable[TimelineEvent]) -> list[TimelineEvent]:
    """Return each fact once. A fact of both a cause and its effect counts for the effect."""
    told: dict[tuple[datetime, ObjectRef], TimelineEvent] = {}
    for moment in sorted(moments, key=lambda each: (_PARTS.index(each.part), each.at, each.subject, -each.count)):
        told.setdefault((moment.at, moment.subject), moment)
    return list(told.values())


def _chosen(moments: Sequence[TimelineEvent]) -> list[TimelineEvent]:
    """Return at most MOST_MOMENTS events, the earliest first, taken alternately from effects and causes."""
    queues = [sorted((each for each in moments if each.part is part), key=lambda each: each.at) for part in _PARTS]
    chosen: list[TimelineEvent] = []
    while len(chosen) < MOST_MOMENTS and any(queues):
        chosen += (queue.pop(0) for queue in queues if queue)
    return chosen[:MOST_MOMENTS]


_ORDER: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2, Verdict.OFFERED: 3, Verdict.RULED_OUT: 4}


def rank(judged: Iterable[JudgedHypothesis], catalog: Catalog, *, now: datetime) -> tuple[JudgedHypothesis, ...]:
    """Order hypotheses by verdict and score. An effect follows the cause that explains it unless it is better proven.

    A general incident always follows: it says no more than that the object is in trouble. It also follows an action
    that the text asks for.

    A hop that is wrong on the very connection that fails leads although it is less proven: it says why it fails.

    A cause explains an effect if the cluster supports both, the effect's entry lists it under `causes`, and evidence of
    both has what is named there in common at about the same time. Capabilities come after all possible causes.
    """
    by_key = {one.key: one for one in judged}
    of_incident = defaultdict(list)
    for one in by_key.values():
        of_incident[one.incident].append(one)
    causes = {key: _cause_of(one, of_incident, catalog, now) for key, one in by_key.items()}
    asked_for = any(one.verdict is Verdict.OFFERED and one.hypothesis.matches for one in by_key.values())

    def place_of(one: JudgedHypothesis) -> tuple[object, ...]:
        general = is_general(one, catalog)
        offer = one.capability and one.verdict is not Verdict.RULED_OUT
        # Who asks for an action knows that the object is in trouble.
        verdict = Verdict.OFFERED if offer or (asked_for and general) else one.verdict
        return _ORDER[verdict], general, -one.hypothesis.score, one.incident

    answer: dict[HypothesisKey, JudgedHypothesis] = {}

    def place(one: JudgedHypothesis, above: tuple[HypothesisKey, ...]) -> None:
        key = one.key
        cause, by = causes[key]
        if cause in above:
            cause = None
        if cause and _leads(by_key[cause], one, by, catalog):
            place(by_key[cause], (*above, key))
        answer.setdefault(key, one if one.cause == cause else replace(one, cause=cause))

    for one in sorted(by_key.values(), key=place_of):
        place(one, ())
    return tuple(answer.values())


def _leads(cause: JudgedHypothesis, effect: JudgedHypothesis, by: LinkedBy | None, catalog: Catalog) -> bool:
    explains = by is LinkedBy.CONNECTION or is_general(effect, catalog)
    return explains or _ORDER[cause.verdict] <= _ORDER[effect.verdict]


def is_general(one: JudgedHypothesis, catalog: Catalog) -> bool:
    """Tell whether a hypothesis says no more than that its object is in trouble."""
    entry = catalog.get(one.incident)
    return entry is not None and bool(entry.shows)


def _cause_of(
    one: JudgedHypothesis, of_incident: Mapping[str, Sequence[JudgedHypothesis]], catalog: Catalog, now: datetime
) -> tuple[HypothesisKey, LinkedBy] | tuple[None, None]:
    """Return which hypothesis explains this one, the best proven if there are several, and by which link."""
    if one.capability or not supported(one):
        return None, None
    explains = [
        (cause, link)
        for link in catalog.causes_of(one.incident)
        for cause in of_incident.get(link.incident, ())
        if cause is not one and not cause.capability and supported(cause) and may_cause(cause, one, link, now=now)
        if not _is_own_effect(cause, one, catalog)
    ]

    def preference(each: tuple[JudgedHypothesis, Cause]) -> tuple[int, bool, bool]:
        """Return the verdict first. What its own evidence shows is nearer than what it calls.

        Of equally proven causes a general one is nearer, and has its own cause.
        """
        upstream, link = each
        return _ORDER[upstream.verdict], link.linked_by is LinkedBy.CALLS, not is_general(upstream, catalog)

    if not explains:
        return None, None
    cause, link = min(explains, key=preference)
    return cause.key, link.linked_by


def _is_own_effect(cause: JudgedHypothesis, one: JudgedHypothesis, catalog: Catalog) -> bool:
    """Tell whether an entry that only implies to explain a hypothesis names it as its own cause, of the same object."""
    upstream, entry = catalog.get(cause.incident), catalog.get(one.incident)
    if upstream is None or entry is None or cause.subject != one.subject:
        return False
    names_it = any(link.incident == one.incident for link in upstream.causes)
    return names_it and all(link.incident != cause.incident for link in entry.causes)


_OVER: Final = "over"


def recovery_of(one: JudgedHypothesis) -> Finding | None:
    """Return the finding by which an incident has ended; None for one that was never there, or still is."""
    if one.verdict is not Verdict.RULED_OUT:
        return None
    over = (each for each in one.findings if each.rule == _OVER and each.outcome is FindingOutcome.REFUTES)
    return next(over, None)
