"""One queue in front of one of Slack's rate limits: who may go now, and who is next.

A bucket of tokens that fills at the limit's rate. Waiters are served by urgency, and within one urgency in turns: a
channel with forty waiting calls does not keep another one's only call waiting behind all of them. No thread, no task:
one timer of the loop, and only while somebody waits.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from enum import IntEnum

from bot.slack.errors import RateLimited, SlackUnavailable
from bot.slack.limits import Rate


class Urgency(IntEnum):
    """Whose turn it is first. Progress leaves a part of every burst to the others."""

    FINAL = 0
    USUAL = 1
    PROGRESS = 2


@dataclass(order=True, slots=True)
class _Waiter:
    urgency: Urgency
    turn: int
    number: int
    go: asyncio.Future[None] = field(compare=False)


class Lane:
    """Made and used inside a running loop; times are the loop's. `name` is for errors."""

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
        # Turns: each key's next waiter comes one turn after its last, and never before the turn being served.
        self._serving = 0
        self._last_turn: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Nobody waits, nothing is held back, and the bucket is full: a new lane would be the same."""
        self._fill()
        return not self._waiting and not self.held and self._tokens >= self._rate.burst

    @property
    def held(self) -> float:
        """Seconds for which Slack asked to be left alone."""
        return max(0.0, self._held_until - self._loop.time())

    async def turn(self, *, key: str = "", urgency: Urgency = Urgency.USUAL, patience: float) -> None:
        """Return when it is this caller's turn, with one token taken.

        Raises RateLimited or SlackUnavailable when that does not come within `patience` seconds, at once where that is
        certain beforehand. A cancelled caller takes no token.
        """
        if self.held > patience:
            raise RateLimited(method=self._name, retry_after=self.held)
        # Progress may fill half the room only: what matters more still finds a place.
        if self._waiting >= self._most_waiting // (2 if urgency is Urgency.PROGRESS else 1):
            raise SlackUnavailable(method=self._name, detail=f"{self._waiting} calls are waiting already")
        waiter = self._enqueue(key, urgency)
        self._serve()
        try:
            async with asyncio.timeout(patience):
                await waiter.go
        except TimeoutError as error:
            self._leave(waiter)
            if self.held:
                raise RateLimited(method=self._name, retry_after=self.held) from error
            raise SlackUnavailable(method=self._name, detail=f"not its turn within {patience:.2g} s") from error
        except asyncio.CancelledError:
            self._leave(waiter)
            raise
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """A turn was not used after all."""
        self._tokens = min(self._tokens + 1, self._rate.burst)
        self._serve()

    def hold(self, seconds: float) -> None:
        """Let nobody go for `seconds`, then one at first, not a burst: Slack counts more than we do."""
        self._fill()
        self._held_until = max(self._held_until, self._loop.time() + seconds)
        self._tokens = min(self._tokens, 1.0)
        self._serve()

    def _leave(self, waiter: _Waiter) -> None:
        # Cancelled in the moment its turn came, it leaves the turn to the next.
        if waiter.go.done() and not waiter.go.cancelled():
            self.give_back()
        else:
            waiter.go.cancel()
            self._serve()

    def _enqueue(self, key: str, urgency: Urgency) -> _Waiter:
        if not self._waiting:
            self._last_turn.clear()
        turn = max(self._serving, self._last_turn.get(key, 0)) + 1
        self._last_turn[key] = turn
        waiter = _Waiter(urgency=urgency, turn=turn, number=next(self._numbers), go=self._loop.create_future())
        heapq.heappush(self._heap, waiter)
        self._waiting += 1
        return waiter

    def _fill(self) -> None:
        now = self._loop.time()
        since = max(self._filled_at, min(self._held_until, now))
        self._tokens = min(self._tokens + (now - since) / self._rate.every, self._rate.burst)
        self._filled_at = now

    def _serve(self) -> None:
        """Let go whoever may, and wake up when the next one may."""
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
        # A hair less than a whole token: the timer may fire a hair early.
        kept = self._rate.burst // 4 if waiter.urgency is Urgency.PROGRESS else 0
        return 1 + kept - 1e-6

    def _wake_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            wait = self.held + max(0.0, self._needed(self._heap[0]) - self._tokens) * self._rate.every
            self._timer = self._loop.call_later(wait, self._serve)
