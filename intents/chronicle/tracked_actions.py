"""Collect what people set out to do: all statements about it, its progress, owner and end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from intents.chronicle.facts import ActionState, Fact, FactKind, IncidentStatus

# Results of a remedy's plan whose action was applied, whether it helped or not.
CARRIED_OUT: Final = frozenset({"fixed", "changed", "shows later", "done", "not fixed", "worse", "waiting"})
OVER: Final = frozenset({IncidentStatus.MITIGATED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED})
COMING: Final = frozenset({ActionState.PLANNED, ActionState.UNDER_WAY})
# Nothing was heard of it for so long: somebody should ask.
STALE_AFTER: Final = timedelta(minutes=20)
# A name shorter than this occurs in other words.
_TELLING_NAME: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedAction:
    """`facts` are its statements, oldest first; `owner` is a user id or a name, "" for nobody known.

    `ended_by` says that it was done, failed or was called off. `left`: nobody said so before the incident was over.
    """

    facts: tuple[Fact, ...]
    course: ActionState
    owner: str = ""
    ended_by: Fact | None = None
    left: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether it is still pending."""
        return self.ended_by is None and not self.left

    @property
    def is_begun(self) -> bool:
        """Return whether anything was done, not only planned or called off."""
        return self.course not in (ActionState.PLANNED, ActionState.CALLED_OFF)

    @property
    def said(self) -> Fact:
        """Return the statement that tells most about it."""
        return max(self.facts, key=lambda fact: (fact.by_hand, len(fact.says), fact.at, fact.key))

    @property
    def last(self) -> Fact:
        """Return the newest fact about it."""
        return max((*self.facts, *([self.ended_by] if self.ended_by else [])), key=lambda fact: (fact.at, fact.key))

    def is_stale(self, now: datetime) -> bool:
        """Return whether it is pending and nothing was heard of it for a while."""
        return self.is_open and now - self.last.at >= STALE_AFTER


def tracked_actions_in(ordered: Iterable[Fact]) -> tuple[TrackedAction, ...]:
    """Return the actions in ordered facts, by their first mention.

    A button that carried out what people planned ends it. Once the incident is over, what is pending is `left`:
    nobody waits for it, but it does not count as done.
    """
    groups: dict[str, list[Fact]] = {}
    pressed: list[Fact] = []
    over: datetime | None = None
    for fact in ordered:
        match fact.kind:
            case FactKind.ACTION:
                groups.setdefault(fact.about or fact.key, []).append(fact)
            case FactKind.REMEDY if fact.state in CARRIED_OUT:
                pressed.append(fact)
            case FactKind.STATUS:
                over = fact.at if fact.state == IncidentStatus.RESOLVED else None
    return tuple(_tracked(facts, pressed, over) for facts in groups.values())


def _tracked(facts: list[Fact], pressed: Iterable[Fact], over: datetime | None) -> TrackedAction:
    last = facts[-1]
    course = ActionState(last.state) if last.state in set(ActionState) else ActionState.PLANNED
    ended = last if course not in COMING else None
    if ended is None:
        ended = next((fact for fact in pressed if fact.at >= facts[0].at and _is_meant(fact, facts)), None)
        course = ActionState.DONE if ended else course
    return TrackedAction(
        facts=tuple(facts),
        course=course,
        owner=next((fact.of for fact in reversed(facts) if fact.of), ""),
        ended_by=ended,
        left=ended is None and over is not None and last.at <= over,
    )


def _is_meant(remedy: Fact, facts: Iterable[Fact]) -> bool:
    """Return whether people planned what a button did: they name its object."""
    says = " ".join(fact.says.lower() for fact in facts)
    return any(
        len(one.name) >= _TELLING_NAME and (one.name in says or _family(one.name) in says) for one in remedy.objects
    )


def _family(name: str) -> str:
    """Return what people call a pod: the name of its workload."""
    return name.rsplit("-", 2)[0] if name.count("-") > 1 else name
