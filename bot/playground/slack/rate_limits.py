"""Enforce Slack's rate limits: one message per second and channel after a burst, and calls per minute by tier."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from bot.playground.slack.errors import Refused

_MINUTE = 60.0
_BURST = 3


class Tier(IntEnum):
    """Calls per minute and method. `POSTING` is the limit on messages of the whole workspace."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POSTING = 300
    FREE = 1_000_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """Counts calls and refuses those over the limit. Does nothing unless `enforced`.

    `stricter` holds lower limits by method, in calls per minute; these are always enforced.
    """

    def __init__(self, *, clock: Callable[[], float], enforced: bool) -> None:
        self.enforced = enforced
        self.stricter: dict[str, int] = {}
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._buckets: dict[str, _Bucket] = {}

    def call(self, method: str, *, tier: Tier) -> None:
        """Count a call. Refuse with `ratelimited` over the tier's limit for the last minute."""
        if not self.enforced and method not in self.stricter:
            return
        most = self.stricter.get(method, int(tier))
        now = self._clock()
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= most:
            raise _too_fast(calls[0] + _MINUTE - now)
        calls.append(now)

    def message(self, channel: str) -> None:
        """Count a message. Refuse with `ratelimited` over one per second and channel, after a short burst."""
        if not self.enforced:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(channel, _Bucket(_BURST, now))
        bucket.tokens = min(_BURST, bucket.tokens + now - bucket.at)
        bucket.at = now
        if bucket.tokens < 1:
            raise _too_fast(1 - bucket.tokens)
        bucket.tokens -= 1


def _too_fast(seconds: float) -> Refused:
    return Refused("ratelimited", status=429, retry_after=max(1, math.ceil(seconds)))
