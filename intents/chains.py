"""Compare the times of incidents: whether one may have caused another, and the timeline of a cause and its effect.

Something that happened on another day is no cause, however well it is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from intents.domain import (
    ChainRole,
    Finding,
    FindingOutcome,
    JudgedHypothesis,
    ObjectRef,
    Row,
    Text,
    TimelineEvent,
    Verdict,
)

# An effect follows its cause within this time, or was noticed so much before it: logs keep only the newest lines.
WINDOW: Final = timedelta(hours=1)
# Nobody reads a longer timeline at 3 a.m.
MOST_MOMENTS: Final = 8
_QUOTE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A span of time."""

    begin: datetime
    end: datetime


def may_cause(cause: JudgedHypothesis, effect: JudgedHypothesis, *, now: datetime) -> bool:
    """Return whether evidence of the cause and evidence of the effect are within one window of time.

    Evidence without a time is what the cluster shows now.
    """
    effects = list(_spans(effect, now)) or [_Span(begin=now, end=now)]
    causes = list(_spans(cause, now))
    if not causes:
        return True  # it is not known when it began
    return any(one.begin <= two.begin + WINDOW and one.end >= two.begin - WINDOW for one in causes for two in effects)


def _spans(one: JudgedHypothesis, now: datetime) -> Iterator[_Span]:
    for finding in _dated(one):
        for row in finding.rows:
            if row.at is not None:
                yield _Span(begin=row.at, end=max(now, row.at) if row.lasts else row.at)


def _dated(one: JudgedHypothesis) -> Iterator[Finding]:
    return (finding for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS and not finding.pasted)


def timeline(ranked: Sequence[JudgedHypothesis]) -> tuple[TimelineEvent, ...]:
    """Return the events of the leading hypothesis and of its causes and effects, oldest first.

    It is empty without a cause and its effect, or different events of different objects.
    """
    told = _chain([one for one in ranked if one.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)])
    linked = len(told) > 1
    moments = [moment for one in told for moment in _moments(one, _part(one) if linked else ChainRole.NONE)]
    facts = {finding.rule for one in told for finding in _dated(one) if any(row.at for row in finding.rows)}
    if len({moment.subject for moment in moments}) < 2 or not (linked or len(facts) > 1):
        return ()
    return tuple(sorted(_chosen(_once(moments)), key=lambda moment: (moment.at, moment.subject, moment.incident)))


def _chain(ranked: Sequence[JudgedHypothesis]) -> list[JudgedHypothesis]:
    """Return the first hypothesis and all that are linked with it by cause and effect."""
    linked = {ranked[0].incident} if ranked else set()
    while True:
        more = {
            name
            for one in ranked
            if one.effect_of and linked & {one.incident, one.effect_of}
            for name in (one.incident, one.effect_of)
        }
        if more <= linked:
            return [one for one in ranked if one.incident in linked]
        linked |= more


def _part(one: JudgedHypothesis) -> ChainRole:
    return ChainRole.EFFECT if one.effect_of else ChainRole.CAUSE


def _moments(one: JudgedHypothesis, part: ChainRole) -> Iterator[TimelineEvent]:
    """Yield one event for each object and rule: the first time, and the number."""
    for finding in _dated(one):
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


_PARTS: Final = (ChainRole.EFFECT, ChainRole.CAUSE, ChainRole.NONE)


def _chosen(moments: Sequence[TimelineEvent]) -> list[TimelineEvent]:
    """Return at most MOST_MOMENTS events, the earliest first, taken alternately from effects and causes."""
    queues = [sorted((each for each in moments if each.part is part), key=lambda each: each.at) for part in _PARTS]
    chosen: list[TimelineEvent] = []
    while len(chosen) < MOST_MOMENTS and any(queues):
        chosen += (queue.pop(0) for queue in queues if queue)
    return chosen[:MOST_MOMENTS]
