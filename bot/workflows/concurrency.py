"""Limit the questions in flight per cluster: a slow cluster holds up no other.

Who finds no seat waits asleep, and so takes no other's turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class LimitReached(Exception):
    """As many questions as a cluster's share are under way in it; `cluster` is its name."""

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.cluster = cluster


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """`each` questions may be under way in a cluster at a time; 0 for any number."""

    each: int = 0
    _taken: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, *, turns: int, clusters: int) -> ConcurrencyLimits:
        """So many turns divided among the clusters; one alone may have them all."""
        return cls(max(1, turns // clusters) if clusters > 1 else 0)

    @contextmanager
    def slot(self, cluster: str) -> Iterator[None]:
        """Raises LimitReached, at once."""
        if self.each and self._taken[cluster] >= self.each:
            raise LimitReached(cluster)
        self._taken[cluster] += 1
        try:
            yield
        finally:
            self._taken[cluster] -= 1
