"""List what a person checks before resolving an incident: open impact, open actions, and possible root causes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import DecisionState, Fact
from intents.chronicle.summary import Summary
from intents.chronicle.tracked_actions import CARRIED_OUT, TrackedAction

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
    yield from (each.fact for each in summary.others)
    yield from (work.said for work in reversed(summary.tracked_actions) if work.course is DecisionState.DONE)
    announced = {work.ended_by.key for work in summary.tracked_actions if work.ended_by}
    pressed = (fact for fact in reversed(summary.done) if fact.state in CARRIED_OUT)
    yield from (fact for fact in pressed if fact.key not in announced)
