"""Limit the questions in flight per cluster, so that a slow cluster does not block the others.

One person holds at most half of a cluster's slots.

A question without a slot sleeps, so it takes no slot from other clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class LimitReached(Exception):
    """Error: the cluster's concurrency limit is reached; `cluster` is its name."""

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.cluster = cluster


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """Concurrency limits: `each` questions may be in flight per cluster; 0 means no limit."""

    each: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _by_person: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, *, turns: int, clusters: int) -> ConcurrencyLimits:
        """Divide the slots among the clusters; a single cluster may have all of them."""
        return cls(max(1, turns // clusters) if clusters > 1 else 0)

    @contextmanager
    def slot(self, cluster: str, person: str = "") -> Iterator[None]:
        """Hold a slot of the cluster. Raise LimitReached at once if none is free, or the person holds half of them."""
        held = (cluster, person)
        most = max(1, self.each // 2) if person else self.each
        if self.each and (self._taken[cluster] >= self.each or self._by_person[held] >= most):
            raise LimitReached(cluster)
        self._taken[cluster] += 1
        self._by_person[held] += 1
        try:
            yield
        finally:
            self._taken[cluster] -= 1
            self._by_person[held] -= 1
            if not self._by_person[held]:
                del self._by_person[held]
