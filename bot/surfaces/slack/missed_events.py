"""Since when Slack has not been heard: what was said then nobody tells us, it has to be read.

An event that is not acknowledged comes again three times within six minutes, and then no more. So a process that
begins, and one that was cut off, asks until when anybody was heard. By HTTP silence may be just that, and counts from
an hour on; a Socket Mode connection that stands is heard all the time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.store import Store

# What is missed in less than that comes again.
SHORT: Final = timedelta(minutes=1)
SILENCE: Final = timedelta(hours=1)
_KEY: Final = "slack/heard"


# Since when something may have been missed; None: nobody knows.
Missed = Callable[[datetime | None], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class MissedEvents:
    """`connected` tells of a Socket Mode connection whether it stands; None where Slack comes by HTTP.

    Methods that ask the store raise StoreUnavailable.
    """

    store: Store
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    connected: Callable[[], Awaitable[bool]] | None = None
    _heard: datetime | None = field(default=None, init=False)
    _silent: datetime | None = field(default=None, init=False)
    _left_out: datetime | None = field(default=None, init=False)

    @property
    def _longest(self) -> timedelta:
        return SILENCE if self.connected is None else SHORT

    async def middleware(self, next: Callable[[], Awaitable[Any]]) -> Any:
        """Before each listener: Slack is heard."""
        self.heard()
        return await next()

    def heard(self) -> None:
        """Slack has told us something, or could have."""
        now = self.clock()
        if self._heard is not None and now - self._heard > self._longest:
            self._silent = self._silent or self._heard
        self._heard = now

    def left_out(self, since: datetime) -> None:
        """Slack says that it does not tell everything from then on."""
        self._left_out = since if self._left_out is None else min(self._left_out, since)

    async def begin(self, missed: Missed) -> None:
        """Before this process listens: `missed` is told since when nobody has, unless that was but a moment."""
        last, now = await self.store.notices.last(_KEY), self.clock()
        if last is None or now - last > SHORT:
            await missed(last)
        await self.store.notices.note(_KEY, now)
        self._heard = now

    async def look(self, missed: Missed) -> None:
        """Now and then: tell `missed` of what was lost, which is forgotten once it has been told, and keep the time."""
        if self.connected is not None and await self.connected():
            self.heard()
        last, now = await self.store.notices.last(_KEY), self.clock()
        # Where another process listened meanwhile, Slack has told it what it could not tell this one.
        silent = self._silent if last is None or now - last > self._longest else None
        since = min((each for each in (silent, self._left_out) if each is not None), default=None)
        if since is not None:
            await missed(since)
        self._silent = self._left_out = None
        if self._heard is not None:
            await self.store.notices.note(_KEY, self._heard)
