"""Track since when events may have been missed, so that the missed messages can be read.

Slack resends an event without an acknowledgement three times within six minutes, and then drops it. A process that
starts or reconnects therefore needs the time of the last event. Over HTTP, silence may be normal and counts only after
an hour; a connected Socket Mode counts as hearing all the time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.store import Store

# Slack resends events that were missed for a shorter time.
SHORT: Final = timedelta(minutes=1)
SILENCE: Final = timedelta(hours=1)
_KEY: Final = "slack/heard"


# Receives since when events may have been missed; None: unknown.
Missed = Callable[[datetime | None], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class MissedEvents:
    """Tracker of missed events. `connected` returns whether Socket Mode is connected; None over HTTP.

    Methods that read the store raise StoreUnavailable.
    """

    store: Store
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    connected: Callable[[], Awaitable[bool]] | None = None
    _last_event: datetime | None = field(default=None, init=False)
    _silent: datetime | None = field(default=None, init=False)
    _left_out: datetime | None = field(default=None, init=False)

    @property
    def _longest(self) -> timedelta:
        return SILENCE if self.connected is None else SHORT

    async def middleware(self, next: Callable[[], Awaitable[Any]]) -> Any:
        """Note before each listener that Slack reaches us."""
        self.note_event()
        return await next()

    def note_event(self) -> None:
        """Note that an event arrived, or could have arrived."""
        now = self.clock()
        if self._last_event is not None and now - self._last_event > self._longest:
            self._silent = self._silent or self._last_event
        self._last_event = now

    def left_out(self, since: datetime) -> None:
        """Note that Slack drops events from then on."""
        self._left_out = since if self._left_out is None else min(self._left_out, since)

    async def begin(self, missed: Missed) -> None:
        """Call `missed` before this process listens, unless the gap was only a moment."""
        last, now = await self.store.notices.last(_KEY), self.clock()
        if last is None or now - last > SHORT:
            await missed(last)
        await self.store.notices.note(_KEY, now)
        self._last_event = now

    async def look(self, missed: Missed) -> None:
        """Call `missed` for a gap, clear it once reported, and store the time; called periodically."""
        if self.connected is not None and await self.connected():
            self.note_event()
        last, now = await self.store.notices.last(_KEY), self.clock()
        # Events that this process missed went to another process if one was listening.
        silent = self._silent if last is None or now - last > self._longest else None
        since = min((each for each in (silent, self._left_out) if each is not None), default=None)
        if since is not None:
            await missed(since)
        self._silent = self._left_out = None
        if self._last_event is not None:
            await self.store.notices.note(_KEY, self._last_event)
