"""When things happened: whether one incident may have caused another, and the story that the two tell together.

What happened on another day is no cause, however well it is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from intents.domain import Finding, Judged, Moment, ObjectRef, Outcome, Part, Row, Text, Verdict

# What is caused follows within this time, or was noticed this much before: logs keep only the newest lines of trouble.
WINDOW: Final = timedelta(hours=1)
# A story longer than this is no longer read at 3 a.m.
MOST_MOMENTS: Final = 8
_QUOTE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    begin: datetime
    end: datetime


def may_cause(cause: Judged, effect: Judged, *, now: datetime) -> bool:
    """Whether anything the one rests on lies in the same window as something the other rests on.

    What bears no time is what the cluster shows now.
    """
    effects = list(_spans(effect, now)) or [_Span(begin=now, end=now)]
    causes = list(_spans(cause, now))
    if not causes:
        return True  # its beginning is not known
    return any(one.begin <= two.begin + WINDOW and one.end >= two.begin - WINDOW for one in causes for two in effects)


def _spans(one: Judged, now: datetime) -> Iterator[_Span]:
    for finding in _dated(one):
        for row in finding.rows:
            if row.at is not None:
                yield _Span(begin=row.at, end=max(now, row.at) if row.lasts else row.at)


def _dated(one: Judged) -> Iterator[Finding]:
    return (finding for finding in one.findings if finding.outcome is Outcome.SUPPORTS and not finding.pasted)


def timeline(ranked: Sequence[Judged]) -> tuple[Moment, ...]:
    """What happened when, oldest first, of the leading hypothesis and what it explains or is explained by.

    Empty where there is no story: no cause with its effect, nor different things that happened to different objects.
    """
    told = _chain([one for one in ranked if one.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)])
    linked = len(told) > 1
    moments = [moment for one in told for moment in _moments(one, _part(one) if linked else Part.NONE)]
    facts = {finding.rule for one in told for finding in _dated(one) if any(row.at for row in finding.rows)}
    if len({moment.subject for moment in moments}) < 2 or not (linked or len(facts) > 1):
        return ()
    return tuple(sorted(_chosen(_once(moments)), key=lambda moment: (moment.at, moment.subject, moment.incident)))


def _chain(ranked: Sequence[Judged]) -> list[Judged]:
    """The first of them and all that are linked with it by cause and effect."""
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


def _part(one: Judged) -> Part:
    return Part.EFFECT if one.effect_of else Part.CAUSE


def _moments(one: Judged, part: Part) -> Iterator[Moment]:
    """One for each object and rule: the first time, and how often."""
    for finding in _dated(one):
        rows: dict[ObjectRef, list[tuple[datetime, Row]]] = {}
        for row in finding.rows:
            if row.at is not None:
                rows.setdefault(row.subject, []).append((row.at, row))
        for subject, dated in rows.items():
            at, first = min(dated, key=lambda pair: pair[0])
            yield Moment(
                at=at,
                subject=subject,
                says=Text.same(" ".join(first.quote.split())[:_QUOTE]) if first.quote else finding.says,
                incident=one.incident,
                part=part,
                count=len(dated),
                lasts=first.lasts,
            )


def _once(moments: Iterable[Moment]) -> list[Moment]:
    """Two rules or incidents may rest on the same fact, told once: what a cause is inferred from is its effect."""
    told: dict[tuple[datetime, ObjectRef], Moment] = {}
    for moment in sorted(moments, key=lambda each: (_PARTS.index(each.part), each.at, each.subject, -each.count)):
        told.setdefault((moment.at, moment.subject), moment)
    return list(told.values())


_PARTS: Final = (Part.EFFECT, Part.CAUSE, Part.NONE)


def _chosen(moments: Sequence[Moment]) -> list[Moment]:
    """Not more than are read: of effect and cause in turn, the earliest first."""
    queues = [sorted((each for each in moments if each.part is part), key=lambda each: each.at) for part in _PARTS]
    chosen: list[Moment] = []
    while len(chosen) < MOST_MOMENTS and any(queues):
        chosen += (queue.pop(0) for queue in queues if queue)
    return chosen[:MOST_MOMENTS]
