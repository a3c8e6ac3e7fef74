"""Tell which channels are recorded without a query per message: most chat belongs to none of them.

One query a second reads all incident channels. Any process may open an incident meanwhile, so messages of channels that
are not recorded wait in memory for the next query, and are recorded then if their channel has become one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.common.coalescing import CoalescedLookup
from bot.jobs import JobsUnavailable
from bot.store import Store, StoreUnavailable

_log: Final = structlog.get_logger(__name__)

_EVERY_S: Final = 1.0
_MOST_WAITING: Final = 5_000

# Records one event of a workspace.
Record = Callable[[Mapping[str, Any], str], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class RecordedChannels:
    """The incident channels as of the last second. `record` gets the messages of one that was opened since."""

    store: Store
    record: Record
    _known: CoalescedLookup[Mapping[str, bool]] = field(init=False)
    _waiting: deque[tuple[Mapping[str, Any], str]] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    _checking: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._known = CoalescedLookup(self._read, keeps=lambda _: _EVERY_S, most=2)

    async def find(self, channel: str) -> bool | None:
        """Return whether a channel is recorded; None if it was never an incident channel. Raise StoreUnavailable."""
        # A change by this process counts at once.
        return (await self._known.get(str(self.store.chronicles.version))).get(channel)

    def wait(self, event: Mapping[str, Any], *, team: str) -> None:
        """Keep an event of a channel that is not recorded until the next query."""
        self._waiting.append((event, team))
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    async def aclose(self) -> None:
        """Check the waiting events once more, and stop."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait({self._checking})
        await self._known.aclose()

    async def _read(self, _version: str) -> Mapping[str, bool]:
        return await self.store.chronicles.recorded()

    async def _check(self) -> None:
        while self._waiting:
            # Later events wait for the following query.
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            await asyncio.sleep(_EVERY_S)
            try:
                known = await self.store.chronicles.recorded()
                for event, team in waiting:
                    if known.get(str(event.get("channel"))):
                        await self.record(event, team)
            except (StoreUnavailable, JobsUnavailable) as error:
                _log.warning("incident_channels_not_checked", error=str(error), messages=len(waiting))
