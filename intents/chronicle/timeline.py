"""Build the timeline: repeated errors are counted, repeated statements appear once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from intents.chronicle.facts import ActionState, AlertState, Fact, FactKind, in_order
from intents.chronicle.tracked_actions import COMING, tracked_actions_in

# Stored only for their effect on other facts; not shown in a timeline.
_UNTOLD: Final = frozenset({FactKind.ANSWER})
# Repetitions of these are always one entry; of other kinds only within a while.
_COUNTED: Final = frozenset({FactKind.ERROR, FactKind.ALERT})
# Of several facts that quote the same words, the first of these stands on the timeline.
_WEIGHT: Final = {
    kind: number
    for number, kind in enumerate(
        (
            FactKind.ROLE, FactKind.HANDOVER, FactKind.STATUS, FactKind.HYPOTHESIS, FactKind.DECISION, FactKind.ACTION,
            FactKind.REPORT, FactKind.NEXT, FactKind.COMMS, FactKind.DEPLOY, FactKind.FOLLOWUP, FactKind.QUESTION,
        )
    )
}  # fmt: skip
_REPEATED_WITHIN: Final = timedelta(minutes=30)
# The fact that settled something, and the outcome of an action.
_End: TypeAlias = tuple[Fact, ActionState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """A fact that occurred `count` times from `at` to `last`; `also` are its other facts, oldest first.

    `settled_by` answered the question, cleared the alert or ended the action; None if nothing did, or if it is this
    entry itself. `came_to` is the outcome of an action.
    """

    at: datetime
    last: datetime
    count: int
    fact: Fact
    also: tuple[Fact, ...] = ()
    settled_by: Fact | None = None
    came_to: ActionState | None = None


def timeline_of(facts: Iterable[Fact]) -> tuple[TimelineEntry, ...]:
    """Return the entries of a chronicle, oldest first, independent of the order of the facts.

    Errors or alerts with one template are one counted entry. Any other statement repeated within half an hour is one
    entry too. A pinned message is always an entry of its own.
    """
    ordered = in_order(facts)
    moments = entries_of(_once_a_sentence(fact for fact in ordered if fact.kind not in _UNTOLD))
    settled = _settled(ordered)
    return tuple(_with_end(moment, settled) for moment in moments)


def _once_a_sentence(ordered: Iterable[Fact]) -> list[Fact]:
    """Return the facts without those that quote the same words of the same message as one that tells more."""
    facts = list(ordered)
    best: dict[tuple[str, str], int] = {}
    for fact in facts:
        if fact.ts and fact.kind in _WEIGHT:
            best[fact.ts, fact.says] = min(_WEIGHT[fact.kind], best.get((fact.ts, fact.says), len(_WEIGHT)))
    return [fact for fact in facts if _WEIGHT.get(fact.kind, -1) <= best.get((fact.ts, fact.says), len(_WEIGHT))]


def entries_of(ordered: Iterable[Fact]) -> tuple[TimelineEntry, ...]:
    """Group ordered facts into entries."""
    groups: list[list[Fact]] = []
    open_groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in ordered:
        same = _same(fact)
        group = open_groups.get(same)
        if group is not None and (fact.kind in _COUNTED or fact.at - group[-1].at <= _REPEATED_WITHIN):
            group.append(fact)
            continue
        open_groups[same] = group = [fact]
        groups.append(group)
    return tuple(entry_of(group) for group in groups)


def _settled(ordered: Sequence[Fact]) -> dict[str, _End]:
    """Return what settled each question, action and alert, by its key."""
    ended: dict[str, _End] = {fact.answers: (fact, None) for fact in reversed(ordered) if fact.answers}
    for work in tracked_actions_in(ordered):
        if work.ended_by is not None:
            ended |= {fact.key: (work.ended_by, work.course) for fact in work.facts if fact.state in COMING}
    firing: dict[str, list[str]] = {}
    for fact in ordered:
        if fact.kind is FactKind.ALERT and fact.about:
            if fact.state == AlertState.FIRING:
                firing.setdefault(fact.about, []).append(fact.key)
            else:
                ended |= dict.fromkeys(firing.pop(fact.about, ()), (fact, None))
    return ended


def _with_end(moment: TimelineEntry, settled: Mapping[str, _End]) -> TimelineEntry:
    """Return the entry with the fact that settled its latest occurrence."""
    facts = (moment.fact, *moment.also)
    by, outcome = settled.get(facts[-1].key, (None, None))
    is_itself = by is not None and by.key in {fact.key for fact in facts}
    return moment if by is None or is_itself else replace(moment, settled_by=by, came_to=outcome)


def entry_of(group: list[Fact]) -> TimelineEntry:
    """Return one entry for facts of the same thing, oldest first."""
    return TimelineEntry(at=group[0].at, last=group[-1].at, count=len(group), fact=group[0], also=tuple(group[1:]))


def _same(fact: Fact) -> tuple[str, ...]:
    if fact.by_hand or fact.kind is FactKind.PINNED or fact.key.startswith("r:"):
        return (fact.key,)
    about = (fact.kind, fact.state, fact.role, fact.of, fact.incident, fact.cluster)
    if fact.kind in _COUNTED:
        return (*about, fact.about or fact.says)
    if fact.incident:
        return (*about, *sorted(map(str, fact.objects)))
    # The same words of a second person are no news, but "restarting" of two things is two entries.
    return (*about, " ".join(fact.says.lower().split()))
