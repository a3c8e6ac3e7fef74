"""What happened, in order: the same error counted where it came again, what people repeat said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from intents.chronicle.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A fact, `count` times from `at` to `last`; `also` are the further facts of the same, oldest first."""

    at: datetime
    last: datetime
    count: int
    fact: Fact
    also: tuple[Fact, ...] = ()


def timeline_of(facts: Iterable[Fact]) -> tuple[Moment, ...]:
    """The moments of a chronicle, oldest first; the same whatever the order of the facts."""
    raise NotImplementedError
