"""Provide an engine that matches each text once: tests ask about the same texts in many clusters."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import cache

from bot.diagnosing import Engine, build_engine
from intents.domain import Symptom
from intents.matcher import Matcher, MatchResult


class RememberingMatcher(Matcher):
    """A matcher that keeps each result; what it keeps is immutable."""

    def __init__(self, known: Matcher, engine: Engine) -> None:
        super().__init__(engine.catalog, learned=known.learned)
        self._kept: dict[Hashable, MatchResult] = {}

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5, printed: bool = False) -> MatchResult:
        key = (tuple(symptoms), limit, printed)
        if key not in self._kept:
            self._kept[key] = super().match(symptoms, limit=limit, printed=printed)
        return self._kept[key]


@cache
def remembering_engine() -> Engine:
    """Return the engine of the built-in catalog."""
    engine = build_engine()[0]
    assert isinstance(engine.matcher, Matcher)
    return replace(engine, matcher=RememberingMatcher(engine.matcher, engine))
