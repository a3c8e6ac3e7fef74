"""What happened, in order: the same error counted where it came again, what people repeat said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from intents.chronicle.facts import Fact, FactKind, in_order

# Kept for what they tell of others; nobody reads them in a timeline.
_UNTOLD: Final = frozenset({FactKind.ANSWERED})
# Of these the same thing is one moment however late it comes again; of the others within a while.
_COUNTED: Final = frozenset({FactKind.ERROR, FactKind.ALERT})
_REPEATED_WITHIN: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A fact, `count` times from `at` to `last`; `also` are the further facts of the same, oldest first."""

    at: datetime
    last: datetime
    count: int
    fact: Fact
    also: tuple[Fact, ...] = ()


def timeline_of(facts: Iterable[Fact]) -> tuple[Moment, ...]:
    """The moments of a chronicle, oldest first; the same whatever the order of the facts.

    An error or alert of one template is one moment from the first to the last time, counted. Anything else that says
    the same again within half an hour of the time before is one moment too. What a person pinned always stands alone.
    """
    return moments_of(fact for fact in in_order(facts) if fact.kind not in _UNTOLD)


def moments_of(ordered: Iterable[Fact]) -> tuple[Moment, ...]:
    """The same of facts that are in order already."""
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
    return tuple(moment_of(group) for group in groups)


def moment_of(group: list[Fact]) -> Moment:
    """One moment of facts of the same, oldest first."""
    return Moment(at=group[0].at, last=group[-1].at, count=len(group), fact=group[0], also=tuple(group[1:]))


def _same(fact: Fact) -> tuple[str, ...]:
    if fact.by_hand or fact.kind is FactKind.PINNED or fact.key.startswith("r:"):
        return (fact.key,)
    about = (fact.kind, fact.state, fact.role, fact.of, fact.incident, fact.cluster)
    if fact.kind in _COUNTED:
        return (*about, fact.template or fact.says)
    if fact.incident:
        return (*about, *sorted(map(str, fact.objects)))
    # A second person who says the same is no news, but "restarting" of two things is two.
    return (*about, " ".join(fact.says.lower().split()))
