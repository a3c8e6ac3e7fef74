"""Make calls to Slack wait for its rate limits, in one place.

A post passes two lanes: its channel's (one a second), then its method's for the whole workspace; other calls pass only
their method's lane. A 429 holds the lane for every caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.common.caller import CALLER
from bot.slack.lane import Lane, Urgency
from bot.slack.limits import Limits

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
        if self._waited is not None:
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
