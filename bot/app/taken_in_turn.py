"""Do the periodic work of many workspaces: ask the database once about all of them, and visit those with something due.

A workspace by itself looks several times a minute; two hundred of them would send the database hundreds of statements a
second and find nothing. Deletions of expired rows are taken in turn too, those of one workspace per round.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from bot.app.upkeep import repeated
from bot.app.workspace import WorkspaceApp
from bot.jobs import JobsUnavailable
from bot.store import Kept, Store, StoreUnavailable, kept_of

_log: Final = structlog.get_logger(__name__)

# Workspaces that are visited at once: the others leave their connections to answers.
_VISITED_AT_ONCE: Final = 4
_RELOAD_S: Final = 30.0


@dataclass(slots=True, kw_only=True)
class TakenInTurn:
    """The periodic work of the workspaces that `served` returns by id."""

    main: Store
    served: Callable[[], Mapping[str, WorkspaceApp]]
    beat_s: float
    _purged_last: str = ""
    _reloaded: float = 0.0
    _reload: bool = False
    _visits: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_VISITED_AT_ONCE))

    async def run(self) -> None:
        """Work until cancelled."""
        await repeated(self._logged, self.beat_s)

    def request_reload(self) -> None:
        """Reload the files of all workspaces at the next round."""
        self._reload = True

    async def once(self) -> None:
        """Do one round. Raise StoreUnavailable."""
        served = dict(self.served())
        kept = await kept_of(self.main, served)
        await asyncio.gather(*(self._visit(app, kept[id]) for id, app in served.items() if id in kept))
        await self._purge_next(served)
        await self._reload_files(served)

    async def _logged(self, _now: datetime) -> None:
        """Do one round and log its failure. Raise StoreUnavailable."""
        try:
            await self.once()
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - logged; without the next rounds nothing that was left would be finished
            _log.exception("upkeep_failed")

    async def _visit(self, app: WorkspaceApp, kept: Kept) -> None:
        async with self._visits:
            try:
                await app.intake.sweep(left=kept.accepted_jobs)
                if kept.learned or app.learned.any:
                    await app.learned.refresh()
                await app.upkeep.look(channels=kept.incident_channels)
            except (StoreUnavailable, JobsUnavailable) as error:
                _log.warning("upkeep_delayed", workspace=app.id, error=str(error))
            except Exception:  # noqa: BLE001 - logged; the other workspaces are visited
                _log.exception("upkeep_failed", workspace=app.id)

    async def _purge_next(self, served: Mapping[str, WorkspaceApp]) -> None:
        """Delete the expired rows of the next workspace for which it is due."""
        now = datetime.now(UTC)
        ids = sorted(served)
        later = itertools.chain((id for id in ids if id > self._purged_last), ids)
        for id in itertools.islice(later, len(ids)):
            self._purged_last = id
            if await served[id].upkeep.purge(now):
                return

    async def _reload_files(self, served: Mapping[str, WorkspaceApp]) -> None:
        """Reload changed files, all that were asked for at once."""
        loop = asyncio.get_running_loop()
        asked, self._reload = self._reload, False
        if not asked and loop.time() - self._reloaded < min(_RELOAD_S, 2 * self.beat_s):
            return
        self._reloaded = loop.time()
        lives = [app.live for app in served.values()]
        states = await asyncio.to_thread(lambda: [live.seen() for live in lives])
        for live, state in zip(lives, states, strict=True):
            if asked:
                live.request()
            await live.look(state)
