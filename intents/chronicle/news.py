"""Summarise what a person has missed, list what is open before resolving, and compare incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.chronicle.facts import NO_NEWS, ActionState, Fact, FactKind, in_order
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry, timeline_of
from intents.chronicle.tracked_actions import CARRIED_OUT, TrackedAction
from intents.domain import ObjectRef, Verdict


def common_incident(mine: Iterable[Fact], other: Iterable[Fact]) -> str | None:
    """Return the catalog id that both are about with a common object, or None.

    Objects are the same if they are one object of one cluster. An incident ruled out in either does not count. Of
    several incidents the one with the most common objects wins, then the first by name.
    """
    ours, theirs = _objects_by_incident(mine), _objects_by_incident(other)
    shared = {incident: len(ours[incident] & theirs[incident]) for incident in ours.keys() & theirs.keys()}
    alike = sorted((-count, incident) for incident, count in shared.items() if count)
    return alike[0][1] if alike else None


def _objects_by_incident(facts: Iterable[Fact]) -> Mapping[str, set[tuple[str, ObjectRef]]]:
    """Map each incident to its (cluster, object without uid) pairs, by the newest fact about each."""
    standing: dict[tuple[str, str, ObjectRef], bool] = {}
    for fact in in_order(facts):
        for subject in fact.objects if fact.incident else ():
            bare = ObjectRef(kind=subject.kind, namespace=subject.namespace, name=subject.name)
            standing[fact.incident, fact.cluster, bare] = fact.state != Verdict.RULED_OUT
    found: dict[str, set[tuple[str, ObjectRef]]] = {}
    for (incident, cluster, subject), holds in standing.items():
        if holds:
            found.setdefault(incident, set()).add((cluster, subject))
    return found


# The value of the choice that nobody knows the root cause yet, and the state of the ROOT_CAUSE that says so.
UNKNOWN: Final = "unknown"
_MOST_CAUSES: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The questions before a resolution.

    `open_actions` were not reported as done or called off. `causes` may be chosen as the root cause, the `established`
    one first.
    """

    impact: Fact | None
    open_actions: tuple[TrackedAction, ...]
    causes: tuple[Fact, ...]
    established: Fact | None


def resolution_of(summary: Summary) -> Resolution:
    """Return what is open, and the causes to choose from: diagnoses, suspicions and done actions."""
    found: dict[str, Fact] = {}
    for fact in _causes(summary):
        found.setdefault(fact.key, fact)
    return Resolution(
        impact=summary.impact.current,
        open_actions=tuple(work for work in summary.tracked_actions if work.ended_by is None),
        causes=tuple(found.values())[:_MOST_CAUSES],
        established=summary.established.fact if summary.established else None,
    )


def choice_of(fact: Fact) -> str:
    """Return the value of the choice of a fact; keys are longer than Slack's options may be."""
    return hashlib.sha256(fact.key.encode()).hexdigest()[:20]


def _causes(summary: Summary) -> Iterator[Fact]:
    if summary.established:
        yield summary.established.fact
    if summary.leading:
        yield summary.leading.fact
    yield from (each.fact for each in (*summary.proven, *summary.suspected))
    yield from (work.said for work in reversed(summary.tracked_actions) if work.course is ActionState.DONE)
    announced = {work.ended_by.key for work in summary.tracked_actions if work.ended_by}
    pressed = (fact for fact in reversed(summary.done) if fact.state in CARRIED_OUT)
    yield from (fact for fact in pressed if fact.key not in announced)


MOST_LINES: Final = 8
# For somebody who joins late.
_NEWEST: Final = 3
# Order of importance if there is little room: decisions and findings come before questions and links.
_WORTH: Final = (
    (FactKind.STATUS, FactKind.PINNED),
    (FactKind.DECISION, FactKind.ACTION, FactKind.REMEDY, FactKind.HYPOTHESIS, FactKind.HANDOVER),
    (FactKind.NEXT, FactKind.COMMS, FactKind.REPORT, FactKind.ROLE, FactKind.DEPLOY, FactKind.ALERT, FactKind.ERROR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The events after `since` (None: from the beginning), oldest first; `left_out` counts those not listed."""

    since: datetime | None
    lines: tuple[TimelineEntry, ...] = ()
    left_out: int = 0


def news_since(facts: Iterable[Fact], since: datetime | None) -> News:
    """Return at most `MOST_LINES` entries, independent of the order of the facts: the most important and newest ones.

    The newest entry is always included.
    """
    moments = timeline_of(fact for fact in facts if since is None or fact.at > since)
    last = max(moments, key=_newest, default=None)
    by_worth = sorted(
        moments,
        key=lambda moment: (moment is not last, _worth(moment.fact), -moment.last.timestamp(), moment.fact.key),
    )
    return _news(moments, by_worth[:MOST_LINES], since)


def newest_news(facts: Iterable[Fact], *, besides: Collection[str]) -> News:
    """Return the newest entries, for somebody who was told the facts of the keys `besides`."""
    moments = timeline_of(facts)
    untold = [each for each in moments if each.fact.kind not in NO_NEWS and each.fact.key not in besides]
    return _news(untold, sorted(untold, key=_newest)[-_NEWEST:], None)


def _news(moments: Sequence[TimelineEntry], kept: Sequence[TimelineEntry], since: datetime | None) -> News:
    lines = sorted(kept, key=lambda moment: (moment.at, moment.fact.key))
    return News(since=since, lines=tuple(lines), left_out=len(moments) - len(kept))


def _newest(moment: TimelineEntry) -> tuple[datetime, str]:
    return moment.last, moment.fact.key


def _worth(fact: Fact) -> int:
    if fact.by_hand:
        return 0
    return next((rank for rank, kinds in enumerate(_WORTH) if fact.kind in kinds), len(_WORTH))
