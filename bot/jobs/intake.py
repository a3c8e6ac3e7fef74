"""Start accepted jobs: an event is acknowledged once its job is stored, and the engine records the job afterwards.

The engine takes several transactions per job and one writer at a time, so in a burst it lags behind the events. A job
that a process could not hand over is started by the next one; a repeated start with the same id has no effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.common.background import in_background
from bot.jobs.contract import JobsUnavailable, Json
from bot.jobs.jobs import Jobs
from bot.store import StoreUnavailable
from bot.store.accepted_jobs import AcceptedJob, AcceptedJobs

_log: Final = structlog.get_logger(__name__)

# Starts at once. The engine has two connections to SQLite.
_STARTERS: Final = 2
_START_WITHIN_S: Final = 5.0
_PAUSE_S: Final = 0.5
# Further jobs stay in the store until these are started.
_MOST_WAITING: Final = 2_000
_SWEEP_EVERY_S: Final = 5.0
# A younger job of another process is probably being started there.
_OLD: Final = timedelta(seconds=20)
_DRAIN_S: Final = 3.0


class JobIntake:
    """Hands accepted jobs to the engine, urgent ones first."""

    def __init__(self, *, jobs: Jobs, store: AcceptedJobs) -> None:
        self._jobs = jobs
        self._store = store
        self._queue: asyncio.PriorityQueue[tuple[bool, int, AcceptedJob]] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._waiting: set[str] = set()
        self._started: list[str] = []
        self._wrote = asyncio.Event()
        self._open = False
        jobs.accepted = lambda: self.waiting

    @property
    def waiting(self) -> bool:
        """Return whether an accepted job is not recorded by the engine yet."""
        return bool(self._waiting)

    def accepted(self, kind: str, id: str, payload: Json, *, urgent: bool = False) -> AcceptedJob:
        """Return a job to store in the transaction of its request. Raise JobsUnavailable while this is closed."""
        if not self._open:
            raise JobsUnavailable("jobs are shutting down")
        return AcceptedJob(id=id, kind=kind, payload=payload, at=datetime.now(UTC), urgent=urgent)

    def close(self) -> None:
        """Accept no more jobs; those that were accepted are still started."""
        self._open = False

    async def holds(self, id: str, *, besides: str) -> bool:
        """Return whether a job with this id or below it is stored. See `AcceptedJobs.holds`."""
        return await self._store.holds(id, besides=besides)

    async def start_now(self, kind: str, id: str, payload: Json) -> None:
        """Start a job at once: Slack sends a command or a press only once. Raise JobsUnavailable."""
        if not self._open:
            raise JobsUnavailable("jobs are shutting down")
        await self._jobs.start(kind, id, payload)

    async def start(self, kind: str, id: str, payload: Json) -> None:
        """Store a job and start it soon. Raise JobsUnavailable or StoreUnavailable."""
        job = self.accepted(kind, id, payload)
        await self._store.add(job)
        self.take(job)

    def take(self, job: AcceptedJob) -> None:
        """Start a stored job soon."""
        if job.id not in self._waiting and len(self._waiting) < _MOST_WAITING:
            self._waiting.add(job.id)
            self._queue.put_nowait((not job.urgent, next(self._numbers), job))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start jobs in the background of the block, first those that an earlier process has left."""
        self._open = True
        await self._sweep(older=timedelta())
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(_STARTERS):
                await stack.enter_async_context(in_background(self._start_all()))
            await stack.enter_async_context(in_background(self._delete_started()))
            await stack.enter_async_context(in_background(self._sweep_always()))
            try:
                yield
            finally:
                self.close()
                await self._drain()

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await self._queue.join()
        if self._waiting:
            _log.warning("accepted_jobs_left", jobs=len(self._waiting))
        with contextlib.suppress(StoreUnavailable):
            await self._delete()

    async def _start_all(self) -> None:
        while True:
            *_, job = await self._queue.get()
            try:
                await self._jobs.start(job.kind, job.id, job.payload, within=_START_WITHIN_S)
            except JobsUnavailable as error:
                _log.warning("job_start_delayed", job=job.kind, id=job.id, error=str(error))
                await asyncio.sleep(_PAUSE_S)
                self._queue.put_nowait((not job.urgent, next(self._numbers), job))
                self._queue.task_done()
                continue
            except ValueError as error:
                # Stored by a newer version: it stays for that one.
                _log.exception("job_not_startable", kind=job.kind, job=job.id, error=str(error))
            else:
                self._started.append(job.id)
                self._wrote.set()
            self._waiting.discard(job.id)
            self._queue.task_done()

    async def _delete_started(self) -> None:
        while True:
            await self._wrote.wait()
            # Many jobs are deleted together.
            await asyncio.sleep(_PAUSE_S)
            self._wrote.clear()
            try:
                await self._delete()
            except StoreUnavailable as error:
                _log.info("accepted_jobs_not_deleted", error=str(error))
                self._wrote.set()

    async def _delete(self) -> None:
        started = self._started[:_MOST_WAITING]
        if started:
            await self._store.delete(started)
            del self._started[: len(started)]

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            await self._sweep(older=_OLD)

    async def _sweep(self, *, older: timedelta) -> None:
        """Start the jobs that another process has left, or that had no place here."""
        # Their rows may be deleted while the list is read, and their records too: they must not be started again.
        known = {*self._waiting, *self._started}
        try:
            left = await self._store.list(before=datetime.now(UTC) - older, limit=_MOST_WAITING)
        except StoreUnavailable as error:
            _log.warning("accepted_jobs_not_read", error=str(error))
            return
        known.update(self._started)
        for job in left:
            if job.id not in known:
                self.take(job)
