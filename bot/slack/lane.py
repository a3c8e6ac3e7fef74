"""Queue calls for one of Slack's rate limits: a token bucket that fills at the limit's rate.

Calls for requests that nobody asked for leave a share of every limit to the others, and wait behind them. Waiters are
served by urgency, and within one urgency round robin: a person with forty waiting calls does not delay another one's
only call. A person with many recent calls leaves a part of the bucket to the others too, so that their calls find a
token at once. There is no thread and no task: one timer of the loop, and only while a caller waits.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from bot.slack.errors import RateLimited, SlackUnavailable
from bot.slack.limits import Rate

# Number of people whose recent calls are counted.
_REMEMBERED: Final = 500


class Urgency(IntEnum):
    """Priority of a call. Progress updates leave a share of every burst to the others."""

    FINAL = 0
    USUAL = 1
    PROGRESS = 2


# Whether the calls of this task are for a request that nobody asked for.
_UNASKED: Final[ContextVar[bool]] = ContextVar("casebook_unasked", default=False)


@contextmanager
def unasked(is_unasked: bool = True) -> Iterator[None]:
    """Leave a share of every limit to others, for all calls within the block and the tasks it starts."""
    token = _UNASKED.set(is_unasked)
    try:
        yield
    finally:
        _UNASKED.reset(token)


@dataclass(order=True, slots=True)
class _Waiter:
    rank: tuple[bool, bool, Urgency]
    busy: bool
    turn: int
    number: int
    keeps_share: bool = field(compare=False)
    go: asyncio.Future[None] = field(compare=False)


class Lane:
    """One rate limit. It is created and used inside a running loop and uses the loop's time. `name` is for errors."""

    def __init__(self, *, name: str, rate: Rate, waiting: int) -> None:
        self._name = name
        self._rate = rate
        self._most_waiting = waiting
        self._loop = asyncio.get_running_loop()
        self._tokens = float(rate.burst)
        self._filled_at = self._loop.time()
        self._held_until = 0.0
        self._heap: list[_Waiter] = []
        self._waiting = 0
        self._numbers = itertools.count()
        # Round robin: each key's next waiter gets the turn after its last, never before the current turn.
        self._serving = 0
        self._last_turn: dict[str, int] = {}
        # Recent calls of each person, which fade at the limit's rate, and when they were counted.
        self._recent: dict[str, tuple[float, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Tell whether this lane equals a new one: no waiters, no hold, and a full bucket."""
        self._fill()
        return not self._waiting and not self.held and self._tokens >= self._rate.burst

    @property
    def held(self) -> float:
        """Return the seconds for which Slack asked us to wait."""
        return max(0.0, self._held_until - self._loop.time())

    def delay(self, *, ahead: int = 0) -> float:
        """Return the seconds that a call would wait now if `ahead` calls that are still to come went first."""
        self._fill()
        kept = self._rate.burst // 4 if _UNASKED.get() else 0
        missing = self._waiting + ahead + 1 + kept - self._tokens
        return self.held + max(0.0, missing) * self._rate.every

    async def turn(self, *, key: str = "", person: str = "", urgency: Urgency = Urgency.USUAL, patience: float) -> None:
        """Return when the caller may call, with one token taken. Waiters take turns by `person`, else by `key`.

        Raises RateLimited or SlackUnavailable when that does not come within `patience` seconds, at once where that is
        certain beforehand. A cancelled caller takes no token.
        """
        if self.held > patience:
            raise RateLimited(method=self._name, retry_after=self.held)
        # Progress may fill only half of the queue, and unasked calls three quarters: others must find a place.
        quarters = 2 if urgency is Urgency.PROGRESS else 3 if _UNASKED.get() else 4
        if self._waiting >= self._most_waiting * quarters // 4:
            raise SlackUnavailable(method=self._name, detail=f"{self._waiting} calls are already waiting")
        waiter = self._enqueue(person or key, urgency, busy=self._is_busy(person))
        self._serve()
        try:
            async with asyncio.timeout(patience):
                await waiter.go
        except TimeoutError as error:
            self._leave(waiter)
            if self.held:
                raise RateLimited(method=self._name, retry_after=self.held) from error
            raise SlackUnavailable(
                method=self._name, detail=f"rate limit not available within {patience:.2g} s"
            ) from error
        except asyncio.CancelledError:
            self._leave(waiter)
            raise
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Return an unused token."""
        self._tokens = min(self._tokens + 1, self._rate.burst)
        self._serve()

    def hold(self, seconds: float) -> None:
        """Block all callers for `seconds`, then allow one instead of a burst: Slack counts more than we do."""
        self._fill()
        self._held_until = max(self._held_until, self._loop.time() + seconds)
        self._tokens = min(self._tokens, 1.0)
        self._serve()

    def _leave(self, waiter: _Waiter) -> None:
        # A caller that is cancelled as its turn comes passes the turn on.
        if waiter.go.done() and not waiter.go.cancelled():
            self.give_back()
        else:
            waiter.go.cancel()
            self._serve()

    def _is_busy(self, person: str) -> bool:
        """Count a call of this person. Tell whether their recent calls use more than half of the burst."""
        if not person or self._rate.burst < 2:
            return False
        now = self._loop.time()
        count, counted_at = self._recent.pop(person, (0.0, now))
        count = max(0.0, count - (now - counted_at) / self._rate.every)
        self._recent[person] = (count + 1, now)
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return count + 1 > max(1.0, self._rate.burst / 2)

    def _enqueue(self, key: str, urgency: Urgency, *, busy: bool) -> _Waiter:
        if not self._waiting:
            self._last_turn.clear()
        turn = max(self._serving, self._last_turn.get(key, 0)) + 1
        self._last_turn[key] = turn
        is_progress = urgency is Urgency.PROGRESS
        waiter = _Waiter(
            rank=(is_progress, _UNASKED.get(), urgency),
            busy=busy,
            turn=turn,
            number=next(self._numbers),
            keeps_share=is_progress or _UNASKED.get(),
            go=self._loop.create_future(),
        )
        heapq.heappush(self._heap, waiter)
        self._waiting += 1
        return waiter

    def _fill(self) -> None:
        now = self._loop.time()
        since = max(self._filled_at, min(self._held_until, now))
        self._tokens = min(self._tokens + (now - since) / self._rate.every, self._rate.burst)
        self._filled_at = now

    def _serve(self) -> None:
        """Release the callers that may go, and set the timer for the next one."""
        self._fill()
        while self._heap and self._heap[0].go.done():
            heapq.heappop(self._heap)
        while self._heap and not self.held:
            first = self._heap[0]
            if not first.go.done():
                if self._tokens < self._needed(first):
                    break
                self._tokens -= 1
                self._serving = max(self._serving, first.turn)
                first.go.set_result(None)
            heapq.heappop(self._heap)
        self._wake_later()

    def _needed(self, waiter: _Waiter) -> float:
        # Slightly less than a whole token, because the timer may fire slightly early.
        kept = self._rate.burst // 4 if waiter.keeps_share else 0
        if waiter.busy:
            kept = max(kept, 1, self._rate.burst // 4)
        return 1 + kept - 1e-6

    def _wake_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            wait = self.held + max(0.0, self._needed(self._heap[0]) - self._tokens) * self._rate.every
            self._timer = self._loop.call_later(wait, self._serve)
