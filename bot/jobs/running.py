"""How one job runs: its turn, its steps, its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from dbos import DBOS
from structlog.contextvars import bound_contextvars

from bot.jobs.contract import Failed, JobGivenUp, Json, Watch, Workflow, unwatched
from bot.jobs.engine import PATIENCE, Impatient

# A job that was under way at so many ends of a process is likely their cause.
ATTEMPTS: Final = 10

_log: Final = structlog.get_logger(__name__)


class Turns:
    """Bounds how many bodies run at a time, and knows how many there are. A task is the engine's own for a job."""

    def __init__(self, concurrency: int) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._holding: set[asyncio.Task[Any]] = set()
        self._asleep: set[asyncio.Task[Any]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def running(self) -> int:
        """Jobs under way or waiting for their turn. One that sleeps is neither."""
        return len(self._tasks) - len(self._asleep)

    @property
    def records(self) -> frozenset[str]:
        """Under which ids the jobs of this process are recorded, sleeping ones included."""
        return frozenset(self._tasks.values())

    async def quiet(self) -> None:
        """Wait until none is running."""
        await self._quiet.wait()

    async def take(self) -> None:
        task = self._task()
        if task not in self._tasks:
            self._tasks[task] = DBOS.workflow_id or ""
            # Not the body's end but the task's: the outcome is recorded by then.
            task.add_done_callback(self._leave)
        self._asleep.discard(task)
        self._look()
        await self._slots.acquire()
        self._holding.add(task)

    def give(self) -> None:
        task = self._task()
        if task in self._holding:
            self._holding.discard(task)
            self._slots.release()

    def sleep(self) -> None:
        self.give()
        self._asleep.add(self._task())
        self._look()

    def cancel(self) -> tuple[asyncio.Task[Any], ...]:
        """Stop all of them where they are. The engine records nothing of it, so they go on at the next start."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        self._asleep.discard(task)
        self._look()

    def _look(self) -> None:
        if self.running:
            self._quiet.clear()
        else:
            self._quiet.set()

    def _task(self) -> asyncio.Task[Any]:
        task = asyncio.current_task()
        assert task is not None, "a job runs in a task"
        return task


@dataclass(frozen=True, slots=True)
class DurableRun:
    """`bot.jobs.contract.Run` on DBOS."""

    id: str
    turns: Turns

    async def step(self, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
        # DBOS asks whether it is given a coroutine function; a partial or a callable object is none.
        async def call() -> Json | None:
            return await do(*args)

        return await DBOS.run_step_async({"name": name}, call)

    async def sleep(self, seconds: float) -> None:
        self.turns.sleep()
        await DBOS.sleep_async(seconds)
        await self.turns.take()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What the engine runs for a kind."""

    kind: str
    workflow: Workflow
    turns: Turns
    failed: Failed | None
    attempts: Callable[[str], Awaitable[int]]
    watch: Watch = unwatched

    async def run(self, id: str, payload: Json) -> Json | None:
        # Whoever started the job was patient for so long; the job itself has all the time. A recovered one has none.
        recovered = PATIENCE.get() is None
        PATIENCE.set(None)
        # Each line that is logged on its way names it. What it posts carries the same id as metadata.
        about = {name: str(payload[name]) for name in ("request", "plan") if payload.get(name)}
        with self.watch(self.kind, recovered), bound_contextvars(**{"job": self.kind, "request": id, **about}):
            return await self._run(id, payload, recovered=recovered)

    async def _run(self, id: str, payload: Json, *, recovered: bool) -> Json | None:
        try:
            await self.turns.take()
            if recovered:
                await self._count_attempts()
            return await self.workflow(DurableRun(id, self.turns), payload)
        except Impatient:
            # The process ends, not the job.
            raise
        except Exception as error:
            await tell_failure(self.failed, kind=self.kind, id=id, payload=payload, error=error)
            raise
        finally:
            self.turns.give()

    async def _count_attempts(self) -> None:
        if await self.attempts(DBOS.workflow_id or "") > ATTEMPTS:
            raise JobGivenUp(f"{ATTEMPTS} processes ended while it was under way")


async def tell_failure(failed: Failed | None, *, kind: str, id: str, payload: Json, error: Exception) -> None:
    """Log that a job has failed for good, and tell whoever wants to know."""
    _log.error("job failed", kind=kind, id=id, exc_info=error)
    if failed is not None:
        await failed(kind, id, payload, error)
