"""Tell which channels are recorded without a query per message: messages that arrive together share one.

The query begins after its messages have arrived. A channel that it does not find is therefore opened after Slack has
the message, and the history that is read then contains it: nothing waits in memory after its acknowledgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.store import Store

# The shortest time between two queries.
_EVERY_S: Final = 0.05


@dataclass(slots=True, kw_only=True)
class RecordedChannels:
    """Looks up incident channels, many at once."""

    store: Store
    _asked: set[str] = field(default_factory=set)
    _next: asyncio.Task[Mapping[str, bool]] | None = None
    _last: asyncio.Task[Mapping[str, bool]] | None = None
    _queried_at: float = float("-inf")

    async def find(self, channel: str) -> bool | None:
        """Return whether a channel is recorded; None if it was never an incident channel. Raise StoreUnavailable."""
        self._asked.add(channel)
        if self._next is None:
            self._next = asyncio.create_task(self._query(after=self._last))
        # The others wait for the same query when one of them is cancelled.
        return (await asyncio.shield(self._next)).get(channel)

    async def _query(self, *, after: asyncio.Task[Mapping[str, bool]] | None) -> Mapping[str, bool]:
        loop = asyncio.get_running_loop()
        if after is not None:
            await asyncio.wait({after})
        await asyncio.sleep(max(0.0, self._queried_at + _EVERY_S - loop.time()))
        self._queried_at = loop.time()
        # Later messages need a query that begins after them.
        asked, self._asked = self._asked, set()
        self._last, self._next = self._next, None
        return await self.store.chronicles.recorded(asked)
