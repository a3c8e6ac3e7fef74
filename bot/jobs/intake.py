"""Start accepted jobs: an event is acknowledged once its job is stored, and the engine records the job afterwards.

The engine takes several transactions per job and one writer at a time, so in a burst it lags behind the events. A job
is therefore handed over only when it would soon get a slot, unless it is interactive: acknowledgements come first. One
that a process could not hand over is started by the next one; a repeated start with the same id has no effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.common.background import in_background
from bot.common.tracing import traced
from bot.jobs.contract import JobPayload, JobsUnavailable, JobTurn, JobUrgency
from bot.jobs.scoped import ScopedJobs
from bot.store import StoreUnavailable
from bot.store.outbox import AcceptedJob, AcceptedJobs

_People = OrderedDict[str, deque["WaitingJob"]]


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """An accepted job, for whom it works, and since when it waits (monotonic clock)."""

    job: AcceptedJob
    turn: JobTurn
    since: float


class Backlog:
    """Accepted jobs in the order of their starts: interactive, asked for, others."""

    def __init__(self) -> None:
        self._interactive: deque[WaitingJob] = deque()
        # The next person comes first.
        self._asked: _People = OrderedDict()
        self._unasked: _People = OrderedDict()

    def __len__(self) -> int:
        return len(self._interactive) + sum(map(len, [*self._asked.values(), *self._unasked.values()]))

    def add(self, waiting: WaitingJob, *, again: bool = False) -> None:
        """Add a job at the end of its person's queue, or with `again`, because its start has failed, at the front."""
        queue = self._interactive
        if waiting.turn.urgency > JobUrgency.INTERACTIVE:
            people = self._asked if waiting.turn.urgency == JobUrgency.ASKED else self._unasked
            queue = people.setdefault(waiting.turn.person, deque())
        (queue.appendleft if again else queue.append)(waiting)

    def next(self, *, has_room: Callable[[], bool], may_start: Callable[[str], bool]) -> WaitingJob | None:
        """Remove and return the next job to start; None while no waiting job may start.

        `has_room` tells whether unasked jobs may start, `may_start` whether those of a person may. Interactive jobs may
        always start.
        """
        if self._interactive:
            return self._interactive.popleft()
        found = _next_in_turn(self._asked, may_start)
        return found or (_next_in_turn(self._unasked, may_start) if self._unasked and has_room() else None)


def _next_in_turn(people: _People, may_start: Callable[[str], bool]) -> WaitingJob | None:
    for _ in range(len(people)):
        person = next(iter(people))
        people.move_to_end(person)
        if may_start(person):
            queue = people[person]
            found = queue.popleft()
            if not queue:
                del people[person]
            return found
    return None


_log: Final = structlog.get_logger(__name__)

# Starts at once. The engine has two connections to SQLite.
_STARTERS: Final = 2
_START_WITHIN_S: Final = 5.0
_PAUSE_S: Final = 0.5
# Further jobs stay in the store until these are started.
_MOST_WAITING: Final = 2_000
SWEEP_EVERY_S: Final = 5.0
# A younger job of another process is probably being started there.
_OLD: Final = timedelta(seconds=20)
_DRAIN_S: Final = 3.0
# While jobs wait for room, the slots are looked at so often.
_LOOK_EVERY_S: Final = 0.05


class JobIntake:
    """Hands accepted jobs to the engine, interactive and asked-for ones first, one of each person in turn."""

    def __init__(
        self,
        *,
        jobs: ScopedJobs,
        store: AcceptedJobs,
        shared_after_s: float = _OLD.total_seconds(),
        sweep_every_s: float | None = SWEEP_EVERY_S,
    ) -> None:
        """Configure the intake. A job that waited for `shared_after_s` may have been started by another process.

        Every `sweep_every_s` it looks for the jobs that other processes have left; None: its owner calls `sweep`.
        """
        self._sweep_every_s = sweep_every_s
        self._swept = False
        self._jobs = jobs
        self._shared_after_s = shared_after_s
        self._store = store
        self._backlog = Backlog()
        self._added = asyncio.Event()
        self._waiting: set[str] = set()
        self._starting = 0
        self._started: list[str] = []
        self._wrote = asyncio.Event()
        self._open = False
        jobs.accepted = lambda: self.waiting

    @property
    def waiting(self) -> bool:
        """Return whether an accepted job is not recorded by the engine yet."""
        return bool(self._waiting)

    def accepted(self, id: str, payload: JobPayload, *, urgent: bool = False) -> AcceptedJob:
        """Return a job to store in the transaction of its request. Raise JobsUnavailable while this is closed."""
        if not self._open:
            raise JobsUnavailable("jobs are shutting down")
        recorded = traced(payload.as_json())
        return AcceptedJob(id=id, kind=payload.kind, payload=recorded, at=datetime.now(UTC), urgent=urgent)

    def close(self) -> None:
        """Accept no more jobs; those that were accepted are still started."""
        self._open = False

    async def start_now(self, id: str, payload: JobPayload) -> None:
        """Start a job at once: a person looks at its dialog or its button. Raise JobsUnavailable or TooManyJobs."""
        job = self.accepted(id, payload)
        self._jobs.check_bound(job.kind, job.payload)
        await self._jobs.start(job.kind, job.id, job.payload)

    async def start(self, id: str, payload: JobPayload) -> None:
        """Store a job and start it soon. Raise JobsUnavailable or StoreUnavailable."""
        job = self.accepted(id, payload)
        await self._store.add(job)
        self.take(job)

    def take(self, job: AcceptedJob) -> None:
        """Start a stored job soon."""
        if job.id not in self._waiting and len(self._waiting) < _MOST_WAITING:
            self._waiting.add(job.id)
            self._backlog.add(WaitingJob(job, self._jobs.turn_of(job.kind, job.payload), time.monotonic()))
            self._added.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start jobs in the background of the block, first those that an earlier process has left."""
        self._open = True
        if self._sweep_every_s is not None:
            await self.sweep()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(_STARTERS):
                await stack.enter_async_context(in_background(self._start_all()))
            await stack.enter_async_context(in_background(self._delete_started()))
            if self._sweep_every_s is not None:
                await stack.enter_async_context(in_background(self._sweep_always(self._sweep_every_s)))
            try:
                yield
            finally:
                self.close()
                await self._drain()

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                # Jobs without room stay for the next process.
                while self._starting or (self._waiting and self._added.is_set()):  # noqa: ASYNC110 - also polls the slots
                    await asyncio.sleep(_LOOK_EVERY_S)
        if self._waiting:
            _log.warning("accepted_jobs_left", jobs=len(self._waiting))
        with contextlib.suppress(StoreUnavailable):
            await self._delete()

    async def _start_all(self) -> None:
        while True:
            waiting = await self._next()
            job = waiting.job
            self._starting += 1
            try:
                if waiting.turn.urgency > JobUrgency.INTERACTIVE:
                    await self._jobs.until_calm(waiting.turn)
                if time.monotonic() - waiting.since < self._shared_after_s or await self._store.has(job.id):
                    await self._jobs.start(job.kind, job.id, job.payload, within=_START_WITHIN_S)
                    self._started.append(job.id)
                    self._wrote.set()
            except (JobsUnavailable, StoreUnavailable) as error:
                _log.warning("job_start_delayed", job=job.kind, id=job.id, error=str(error))
                await asyncio.sleep(_PAUSE_S)
                self._backlog.add(waiting, again=True)
                self._added.set()
                continue
            except ValueError as error:
                # Stored by a newer version: it stays for that one.
                _log.exception("job_not_startable", kind=job.kind, job=job.id, error=str(error))
            finally:
                self._starting -= 1
            self._waiting.discard(job.id)

    async def _next(self) -> WaitingJob:
        """Wait for the next job that may be started now."""
        while True:
            found = self._backlog.next(has_room=self._jobs.has_room, may_start=self._jobs.may_start)
            if found is not None:
                return found
            self._added.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S if self._waiting else None):
                    await self._added.wait()

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

    async def _sweep_always(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self.sweep()

    async def sweep(self, *, left: bool = True) -> None:
        """Start the jobs that another process has left, or that had no place here; `left`: there may be some."""
        # At the first time younger ones too: an earlier process of this replica has left them.
        older = _OLD if self._swept else timedelta()
        self._swept = True
        if not left:
            return
        # Their rows may be deleted while the list is read, and their records too: they must not be started again.
        known = {*self._waiting, *self._started}
        try:
            stored = await self._store.list(before=datetime.now(UTC) - older, limit=_MOST_WAITING)
        except StoreUnavailable as error:
            _log.warning("accepted_jobs_not_read", error=str(error))
            return
        known.update(self._started)
        for job in stored:
            if job.id not in known:
                self.take(job)
