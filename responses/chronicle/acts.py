"""List the actions of an incident, each once: a button press and its announcement count as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.tracked_actions import TrackedAction


@dataclass(frozen=True, slots=True, kw_only=True)
class PressedRemedy:
    """A remedy applied by a button, with the message that announced it."""

    remedy: Fact
    announced: TrackedAction | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Return all facts about it."""
        return (self.remedy, *(self.announced.facts if self.announced else ()))

    @property
    def last(self) -> Fact:
        """Return the newest fact about it."""
        return self.remedy

    @property
    def is_begun(self) -> bool:
        """Return True: a pressed button is more than a plan."""
        return True


Act = PressedRemedy | TrackedAction


def acts_of(summary: Summary) -> tuple[Act, ...]:
    """Return the actions by the time of their newest fact, the newest last."""
    return tuple(sorted(_acts(summary), key=lambda act: (act.last.at, act.last.key)))


def _acts(summary: Summary) -> Iterator[Act]:
    announced = {work.ended_by.key: work for work in summary.tracked_actions if work.ended_by}
    pressed = {fact.key for fact in summary.done}
    yield from (PressedRemedy(remedy=fact, announced=announced.get(fact.key)) for fact in summary.done)
    yield from (work for work in summary.tracked_actions if work.ended_by is None or work.ended_by.key not in pressed)
