"""Let acknowledgements go first: long work of jobs begins while the event loop keeps up with what arrives.

Slack waits three seconds for an acknowledgement, a person much longer for an answer. Each pass of a loop that is behind
takes long, because it runs all that has arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

# One pass of a loop that keeps up takes less.
_KEEPS_UP_S: Final = 0.010
_LOOK_EVERY_S: Final = 0.010
# Work that is the next one for so long begins, so that answers are given under any load.
_LONGEST_S: Final = 0.5
# The pause between two pieces of work grows to this once the loop is behind; each piece that finds it calm halves it.
_LONGEST_PAUSE_S: Final = 0.4
_LEAST_PAUSE_S: Final = 0.01

_Waiter = tuple[int, float, int, asyncio.Future[None]]


class CalmLoop:
    """Lets work begin one piece at a time, while the loop keeps up."""

    def __init__(self) -> None:
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._is_taken = False
        self._pause = 0.0
        self._last = float("-inf")

    async def wait(self, since: float, *, held: int = 1) -> None:
        """Wait until the caller may hold the loop for some milliseconds; it begins before it awaits anything else.

        Next is work of a person who holds few slots (`held`), so that one person's jobs do not delay those of others;
        then the earliest `since`: what began first also ends first.
        """
        if self._is_taken:
            await self._next_turn(since, held)
        self._is_taken = True
        try:
            await self._until_calm()
        finally:
            self._pass_on()

    async def _next_turn(self, since: float, held: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (held, since, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next caller that still waits."""
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False

    async def _until_calm(self) -> None:
        loop = asyncio.get_running_loop()
        # Work goes on after it begins, in threads and after its calls: its load shows only later.
        await asyncio.sleep(max(0.0, self._last + self._pause - loop.time()))
        until = loop.time() + _LONGEST_S
        while await _pass_s(loop) > _KEEPS_UP_S:
            self._pause = _LONGEST_PAUSE_S
            if loop.time() > until:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            self._pause = self._pause / 2 if self._pause > _LEAST_PAUSE_S else 0.0
        self._last = loop.time()


async def _pass_s(loop: asyncio.AbstractEventLoop) -> float:
    """Return how long the loop takes for one pass."""
    began = loop.time()
    await asyncio.sleep(0)
    return loop.time() - began
