"""What a serving process does beside answering: say that it lives, take over from those that do not, throw away."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

import structlog

from bot.jobs import Jobs, JobsUnavailable
from bot.store import Store, StoreUnavailable

_log: Final = structlog.get_logger(__name__)

_BEAT_S: Final = 15.0
# A replica that has missed four beats is gone: its jobs would otherwise wait for a restart that may never come.
_GONE_AFTER: Final = timedelta(seconds=4 * _BEAT_S)
_PURGE_EVERY: Final = timedelta(hours=6)


@dataclass(slots=True, kw_only=True)
class Upkeep:
    store: Store
    jobs: Jobs
    executor: str
    version: str
    kept: timedelta
    _task: asyncio.Task[None] | None = field(default=None)
    _purged: datetime | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(StoreUnavailable):
            await self.store.replicas.forget(self.executor)

    async def _run(self) -> None:
        while True:
            try:
                await self._once(datetime.now(UTC))
            except (StoreUnavailable, JobsUnavailable) as error:
                _log.warning("upkeep has to wait", error=str(error))
            await asyncio.sleep(_BEAT_S)

    async def _once(self, now: datetime) -> None:
        await self.store.replicas.beat(self.executor, self.version, now)
        gone = [name for name in await self.store.replicas.gone(now, _GONE_AFTER) if name != self.executor]
        if gone:
            taken = await self.jobs.adopt(gone)
            if taken:
                _log.info("took over from replicas that are gone", replicas=gone, jobs=taken)
        if self._purged is None or now - self._purged > _PURGE_EVERY:
            self._purged = now
            rows = await self.store.purge(now - self.kept) + await self.jobs.purge()
            _log.info("threw away what is old", rows=rows)
