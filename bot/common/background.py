"""Run work in the background, for whom it runs, and share one run among all who ask for the same."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

# Inherited by the tasks that this one starts; "" if it works for nobody in particular.
CALLER: Final[ContextVar[str]] = ContextVar("casebook_caller", default="")


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` until the block ends, then cancel it. An exception that it raised earlier is raised there."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


T = TypeVar("T")


@dataclass(slots=True)
class _Entry(Generic[T]):
    task: asyncio.Task[T]
    expires: float


class CoalescedLookup(Generic[T]):
    """Calls `ask` for a key at most once at a time; `keeps` returns how many seconds an answer is valid.

    At most `most` answers are cached, the most recently used ones.
    """

    def __init__(self, ask: Callable[[str], Awaitable[T]], *, keeps: Callable[[T], float], most: int) -> None:
        self._ask = ask
        self._keeps = keeps
        self._most = most
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()

    async def get(self, key: str) -> T:
        """Return the answer of `ask`, perhaps a cached one. A cancelled caller does not affect the others."""
        loop = asyncio.get_running_loop()
        entry = self._entries.get(key)
        if entry is None or entry.expires <= loop.time():
            entry = _Entry(task=loop.create_task(self._fetch(key)), expires=float("inf"))
            self._entries[key] = entry
            while len(self._entries) > self._most:
                # Lookups in flight may be evicted too: their callers hold the task.
                del self._entries[next(each for each in self._entries if each != key)]
        self._entries.move_to_end(key)
        return await asyncio.shield(entry.task)

    async def aclose(self) -> None:
        """Cancel all lookups in flight."""
        tasks = [entry.task for entry in self._entries.values() if not entry.task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _fetch(self, key: str) -> T:
        mine = asyncio.current_task()
        expires: float | None = None
        try:
            answer = await self._ask(key)
            expires = asyncio.get_running_loop().time() + self._keeps(answer)
            return answer
        finally:
            entry = self._entries.get(key)
            if entry is not None and entry.task is mine:
                if expires is None:
                    del self._entries[key]
                else:
                    entry.expires = expires


def coalesced(ask: Callable[[], Awaitable[T]]) -> Callable[[], Coroutine[Any, Any, T]]:
    """Return `ask` limited to one call at a time; concurrent callers share the answer, which is not cached."""
    return partial(CoalescedLookup(lambda _: ask(), keeps=lambda _: 0.0, most=1).get, "")
