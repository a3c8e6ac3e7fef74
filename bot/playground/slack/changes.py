"""Notify subscribers and waiting tests of every change, so that neither tests nor the page poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bot.playground.copies import copied
from bot.playground.slack.records import Change, ChangeKind, Json

T = TypeVar("T")

# A page that stops reading loses the oldest changes, so that the queue cannot grow without limit.
_LONGEST_QUEUE = 5_000


class Subscription:
    """Changes from now on, in order. Iterate it asynchronously; use it as a context manager or `close()` it."""

    def __init__(self, subscriptions: list[Subscription]) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._subscriptions = subscriptions
        subscriptions.append(self)

    def put(self, change: Change | None) -> None:
        """Queue a change; None ends the iteration."""
        if self._queue.qsize() >= _LONGEST_QUEUE:
            self._queue.get_nowait()
        self._queue.put_nowait(change)

    def close(self) -> None:
        """End the iteration after the changes that are already queued."""
        if self in self._subscriptions:
            self._subscriptions.remove(self)
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

    def __exit__(self, *_raised: object) -> None:
        self.close()


class Changes:
    """Publishes every change to subscribers and to callers that wait for a condition."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._subscriptions: list[Subscription] = []
        self._waiting: set[asyncio.Event] = set()

    def publish(self, kind: ChangeKind, data: Json, *, channel: str = "", user: str = "") -> Json:
        """Publish a change with a copy of `data`, and return another copy."""
        self.announce(kind, lambda: data, channel=channel, user=user)
        return copied(data)

    def announce(self, kind: ChangeKind, read: Callable[[], Json], *, channel: str = "", user: str = "") -> None:
        """Publish a change with a copy of what `read` returns, which is read only for subscribers."""
        if self._subscriptions:
            change = Change(kind=kind, at=self._clock(), channel=channel, user=user, data=copied(read()))
            for subscription in self._subscriptions:
                subscription.put(change)
        for waiting in self._waiting:
            waiting.set()

    def subscribe(self) -> Subscription:
        """Return a subscription to all changes from now on; close it, or use it as a context manager."""
        return Subscription(self._subscriptions)

    def close(self) -> None:
        """End every subscription."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float, describe: Callable[[], str]) -> T:  # noqa: ASYNC109 - the caller sets the deadline, and the error's text is ours
        """Return the first truthy value of `predicate`, checked again after every change.

        Raise TimeoutError with the text of `describe`.
        """
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
