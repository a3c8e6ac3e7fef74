"""Keep the saved entries of the store in force: in this process at once, in every other one within a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import structlog

from bot.diagnosing import Engine
from bot.diagnosing.engine import Layer, LearnedEngines
from bot.metrics import Metrics
from bot.store import LearnedEntry, Store, StoreUnavailable
from intents.catalog.learned import read_entry
from intents.catalog.schema import Incident

_log: Final = structlog.get_logger(__name__)

# So often another replica's changes are looked for: one small query.
REFRESH_S: Final = 15.0
_SHARED: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A saved entry as it is stored and as it is matched."""

    entry: LearnedEntry
    incident: Incident


@dataclass(slots=True)
class LearnedEntries:
    """The saved entries in force. Before `refresh` there are none."""

    store: Store
    metrics: Metrics = field(default_factory=Metrics)
    _entries: Mapping[str, InForce] = field(default_factory=dict)
    _engines: LearnedEngines = field(default_factory=LearnedEngines)
    _layers: dict[str, tuple[frozenset[tuple[str, int]], Layer]] = field(default_factory=dict)
    _state: str = ""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def engine(self, base: Engine, channel: str) -> Engine:
        """Return the engine for a channel: with the shared entries and its own."""
        return self._engines.of(base, channel)

    @property
    def any(self) -> bool:
        """Return whether an entry is in force."""
        return bool(self._entries)

    def get(self, id: str) -> InForce | None:
        """Return a saved entry without regard to its audience; None if there is none."""
        return self._entries.get(id)

    def listed(self, channel: str, *, everything: bool) -> tuple[InForce, ...]:
        """Return the entries that a channel may see, or all of them."""
        found = self._entries.values()
        return tuple(one for one in found if everything or one.entry.shared or one.entry.channel == channel)

    async def refresh(self) -> None:
        """Put the store's entries in force if they changed. Raise StoreUnavailable."""
        async with self._turn:
            state = await self.store.learned.state()
            if state == self._state:
                return
            stored = await self.store.learned.newest()
            before = len(self._entries)
            await asyncio.to_thread(self._take, stored)
            self._state = state
            self.metrics.learned_loaded(entries=len(self._entries), before=before)
            _log.info("learned_entries_loaded", entries=len(self._entries), left_out=len(stored) - len(self._entries))

    async def keep_current(self, *, every: float = REFRESH_S) -> None:
        """Refresh for as long as the bot runs; the last entries stay in force while the store is away."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.refresh()
            except StoreUnavailable as error:
                _log.warning("learned_entries_refresh_failed", error=str(error))

    def _take(self, stored: Sequence[LearnedEntry]) -> None:
        """Build the layers whose entries changed; the matchers of the others stay."""
        entries = {
            one.id: InForce(entry=one, incident=incident)
            for one in stored
            if (incident := read_entry(one.yaml)) is not None and incident.id == one.id
        }
        by_audience: dict[str, list[InForce]] = {}
        for one in entries.values():
            by_audience.setdefault(_SHARED if one.entry.shared else one.entry.channel, []).append(one)
        layers: dict[str, tuple[frozenset[tuple[str, int]], Layer]] = {}
        for audience, members in by_audience.items():
            key = frozenset((one.entry.id, one.entry.version) for one in members)
            former = self._layers.get(audience)
            same = former is not None and former[0] == key
            layers[audience] = former if same and former else (key, Layer.of([one.incident for one in members]))
        own = {audience: layer for audience, (_, layer) in layers.items() if audience != _SHARED}
        shared = layers[_SHARED][1] if _SHARED in layers else None
        self._layers, self._entries = layers, MappingProxyType(entries)
        self._engines = LearnedEngines(shared, own)
