"""Keep Slack's rate limits: how many calls may be made, in which order, and how long each waits.

Slack counts per method, workspace and minute, in tiers; posts also count per channel, one a second with short bursts.
It counts when a call arrives, not when it is sent, so our rates stay a tenth below its own, burst included.

Calls for requests that nobody asked for leave a share of every limit to the others, and wait behind them. Waiters are
served by urgency, and within one urgency round robin: a person with forty waiting calls does not delay another one's
only call. A person with many recent calls leaves a part of the bucket to the others too, so that their calls find a
token at once. There is no thread and no task: one timer of the loop, and only while a caller waits.

A post passes two lanes: its channel's (one a second), then its method's for the whole workspace; other calls pass only
their method's lane. A 429 holds the lane for every caller.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from bot.common.background import CALLER
from bot.slack.errors import RateLimited, SlackUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate limit: `burst` calls at once, then one every `every` seconds."""

    every: float
    burst: int = 1

    @classmethod
    def tier(cls, per_minute: int, *, burst: int) -> Rate:
        """Return a rate of at most nine tenths of `per_minute` in any minute, burst included."""
        return cls(every=60 / (0.9 * per_minute - burst), burst=burst)


_T2: Final = Rate.tier(20, burst=4)
_T3: Final = Rate.tier(50, burst=8)
_T4: Final = Rate.tier(100, burst=15)
_MANY: Final = Rate.tier(300, burst=20)  # "several hundred per minute"

_METHODS: Final[Mapping[str, Rate]] = MappingProxyType(
    {
        "agents.sessions.setStatus": _T3,
        "assistant.threads.setSuggestedPrompts": _T4,
        "auth.test": _MANY,
        "canvases.edit": _T3,
        "chat.delete": _T3,
        "chat.getPermalink": _MANY,
        "chat.postEphemeral": _T4,
        "chat.postMessage": _MANY,
        "chat.update": _T3,
        "conversations.canvases.create": _T2,
        "conversations.history": _T3,
        "conversations.info": _T3,
        "conversations.join": _T3,
        "conversations.replies": _T3,
        "files.completeUploadExternal": _T4,
        "files.delete": _T3,
        "files.getUploadURLExternal": _T4,
        "files.info": _T4,
        "pins.add": _T2,
        "pins.remove": _T2,
        "users.conversations": _T3,
        "users.info": _T4,
        "users.list": _T2,
        "views.open": _T4,
        "views.publish": _T4,
        "views.update": _T4,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rates and times in seconds. The defaults are Slack's; tests use smaller ones."""

    methods: Mapping[str, Rate] = field(default_factory=lambda: _METHODS)
    other: Rate = _T2
    """For a method not listed."""
    channel: Rate = field(default_factory=lambda: Rate(every=1.0, burst=2))
    """Posts of one channel. Slack documents no burst; we need a placeholder and a note at once."""
    waiting: int = 200
    """The maximum number of calls that wait for their turn in one lane; one more is refused."""
    call: float = 5.0
    """The timeout of one call."""
    patience: float = 30.0
    """The timeout of a call with its waiting and its retries."""
    trigger: float = 2.5
    """The same for calls whose trigger expires after three seconds."""
    between_edits: float = 2.5
    """The least time between two edits of one message that are not final."""
    first_pause: float = 0.3
    """Before the first repetition of a failed call; doubled for each further one, with jitter."""
    settling: float = 0.3
    """After a post was cut off, before it is searched for: it may still arrive."""
    repetitions: int = 3
    """The maximum number of retries of a failed call that may be repeated."""

    def rate(self, method: str) -> Rate:
        return self.methods.get(method, self.other)


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


# Methods that post a message, which Slack also counts per channel.
POSTS = frozenset({"chat.postMessage", "files.completeUploadExternal"})
# Number of channel lanes that are kept; further ones are kept only while in use.
_CHANNELS = 500


class Pacer:
    """The rate limits of one workspace. Bound to the loop of its first use."""

    def __init__(
        self, limits: Limits, *, waited: Callable[[str, float], None] = lambda _method, _seconds: None
    ) -> None:
        """Create the pacer. `waited` gets the method and the seconds of each wait."""
        self._limits = limits
        self._waited = waited
        self._methods: dict[str, Lane] = {}
        self._channels: dict[str, Lane] = {}

    async def turn(
        self, method: str, *, channel: str = "", urgency: Urgency = Urgency.USUAL, patience: float | None = None
    ) -> None:
        """Return when `method` may be called. Raise RateLimited or SlackUnavailable after `patience` seconds."""
        loop, person = asyncio.get_running_loop(), CALLER.get()
        began = loop.time()
        until = began + (self._limits.patience if patience is None else patience)
        own = self._channel(channel) if method in POSTS and channel else None
        if own is not None:
            await own.turn(person=person, urgency=urgency, patience=until - loop.time())
        try:
            await self._method(method).turn(key=channel, person=person, urgency=urgency, patience=until - loop.time())
        except BaseException:
            if own is not None:
                own.give_back()
            raise
        self._waited(method, loop.time() - began)

    def delay(self, method: str, *, ahead: int = 0) -> float:
        """Return the seconds that a call of `method` would wait now if `ahead` calls still to come went first."""
        return self._method(method).delay(ahead=ahead)

    def unused(self, method: str) -> None:
        """Give back an unused turn of `method`; not for posts, whose channel's turn is spent."""
        self._method(method).give_back()

    def refused(self, method: str, *, channel: str = "", retry_after: float) -> None:
        """Hold the lane after a 429 until `retry_after` seconds have passed.

        The first refused post holds its channel; a second channel refused meanwhile holds the whole workspace.
        """
        if method in POSTS and channel:
            own = self._channel(channel)
            own.hold(retry_after)
            if not any(lane.held for lane in self._channels.values() if lane is not own):
                return
        self._method(method).hold(retry_after)

    def _method(self, method: str) -> Lane:
        lane = self._methods.get(method)
        if lane is None:
            rate = self._limits.rate(method)
            lane = self._methods[method] = Lane(name=method, rate=rate, waiting=self._limits.waiting)
        return lane

    def _channel(self, channel: str) -> Lane:
        lane = self._channels.get(channel)
        if lane is None:
            if len(self._channels) >= _CHANNELS:
                self._channels = {name: kept for name, kept in self._channels.items() if not kept.idle}
            lane = self._channels[channel] = Lane(
                name=f"posts to {channel}", rate=self._limits.channel, waiting=self._limits.waiting
            )
        return lane
