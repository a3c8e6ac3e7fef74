"""What was done, each thing once: a button that did what somebody had announced is one act, not two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.tracked_actions import TrackedAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A remedy by a button, and what had announced it."""

    remedy: Fact
    announced: TrackedAction | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (self.remedy, *(self.announced.facts if self.announced else ()))

    @property
    def last(self) -> Fact:
        return self.remedy

    @property
    def is_begun(self) -> bool:
        return True


Act = Pressed | TrackedAction


def acts_of(summary: Summary) -> tuple[Act, ...]:
    """By when something was heard of each last, the newest last."""
    return tuple(sorted(_acts(summary), key=lambda act: (act.last.at, act.last.key)))


def _acts(summary: Summary) -> Iterator[Act]:
    announced = {work.ended_by.key: work for work in summary.tracked_actions if work.ended_by}
    pressed = {fact.key for fact in summary.done}
    yield from (Pressed(remedy=fact, announced=announced.get(fact.key)) for fact in summary.done)
    yield from (work for work in summary.tracked_actions if work.ended_by is None or work.ended_by.key not in pressed)
