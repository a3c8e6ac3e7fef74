"""Tells whoever waits or watches that something changed, so that neither tests nor the page need to poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from bot.playground.slack.records import Change, ChangeKind, Json

T = TypeVar("T")

# A page that stopped reading must not make the server grow: it loses the oldest changes instead.
_LONGEST_QUEUE = 5_000


class Subscription:
    """Changes from now on, in order. Use it as a context manager, or `close()` it; iterate it asynchronously."""

    def __init__(self, *, leave: Callable[[Subscription], None]) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._leave = leave

    def put(self, change: Change | None) -> None:
        if self._queue.qsize() >= _LONGEST_QUEUE:
            self._queue.get_nowait()
        self._queue.put_nowait(change)

    def close(self) -> None:
        """Ends the iteration after what is already waiting."""
        self._leave(self)
        self.put(None)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Change:
        change = await self._queue.get()
        if change is None:
            raise StopAsyncIteration
        return change

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Changes:
    """Everything that happens, told to subscribers and to those who wait for a condition."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._subscriptions: list[Subscription] = []
        self._waiting: set[asyncio.Event] = set()

    def publish(self, kind: ChangeKind, data: Json, *, channel: str = "", user: str = "") -> None:
        change = Change(kind=kind, at=self._clock(), channel=channel, user=user, data=data)
        for subscription in self._subscriptions:
            subscription.put(change)
        for waiting in self._waiting:
            waiting.set()

    def subscribe(self) -> Subscription:
        subscription = Subscription(leave=self._leave)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float, describe: Callable[[], str]) -> T:  # noqa: ASYNC109 - the deadline is the caller's, and what it says then is ours
        """The first truthy value of `predicate`, asked again after every change. TimeoutError says what `told` says."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    changed.clear()
                    if found := predicate():
                        return found
                    await changed.wait()
        except TimeoutError:
            raise TimeoutError(f"not within {timeout:g} s; {describe()}") from None
        finally:
            self._waiting.discard(changed)

    def _leave(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
