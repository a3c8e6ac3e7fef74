"""Run one job: wait for a slot, run its steps, report its failure.

Slack waits three seconds for an acknowledgement, a person much longer for an answer. Each pass of a loop that is behind
takes long, because it runs all that has arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from dbos import DBOS
from structlog.contextvars import bound_contextvars

from bot.common.background import CALLER
from bot.common.tracing import TRACEPARENT, SpanName, span, trace, trace_id
from bot.jobs.contract import (
    FailureHandler,
    JobGivenUp,
    JobObserver,
    JobsUnavailable,
    JobTurn,
    JobUrgency,
    TurnOf,
    Workflow,
    split_id,
)
from bot.jobs.engine import DEADLINE, DeadlinePassed
from bot.jobs.slots import JobSlots
from intents.domain import Json
from intents.templates import counted

# One pass of a loop that keeps up takes less.
_KEEPS_UP_S: Final = 0.010
_LOOK_EVERY_S: Final = 0.010
# Work that is the next one for so long begins, so that answers are given under any load.
_LONGEST_S: Final = 0.5
# The pause between two pieces of work grows to this once the loop is behind; each piece that finds it calm halves it.
_LONGEST_PAUSE_S: Final = 0.4
_LEAST_PAUSE_S: Final = 0.01

_Waiter = tuple[int, float, int, asyncio.Future[None]]


class CalmLoop:
    """Lets work begin one piece at a time, while the loop keeps up."""

    def __init__(self) -> None:
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._is_taken = False
        self._pause = 0.0
        self._last = float("-inf")

    async def wait(self, since: float, *, held: int = 1) -> None:
        """Wait until the caller may hold the loop for some milliseconds; it begins before it awaits anything else.

        Next is work of a person who holds few slots (`held`), so that one person's jobs do not delay those of others;
        then the earliest `since`: what began first also ends first.
        """
        if self._is_taken:
            await self._next_turn(since, held)
        self._is_taken = True
        try:
            await self._until_calm()
        finally:
            self._pass_on()

    async def _next_turn(self, since: float, held: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (held, since, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next caller that still waits."""
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False

    async def _until_calm(self) -> None:
        loop = asyncio.get_running_loop()
        # Work goes on after it begins, in threads and after its calls: its load shows only later.
        await asyncio.sleep(max(0.0, self._last + self._pause - loop.time()))
        until = loop.time() + _LONGEST_S
        while await _pass_s(loop) > _KEEPS_UP_S:
            self._pause = _LONGEST_PAUSE_S
            if loop.time() > until:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            self._pause = self._pause / 2 if self._pause > _LEAST_PAUSE_S else 0.0
        self._last = loop.time()


async def _pass_s(loop: asyncio.AbstractEventLoop) -> float:
    """Return how long the loop takes for one pass."""
    began = loop.time()
    await asyncio.sleep(0)
    return loop.time() - began


# A restart is no attempt, and afterwards nobody can tell it from a crash. So a job that was in flight at many process
# ends is not given up: it is tried again ever later after a start. One that ends the process then leaves time for the
# others, and is given up once it is also old.
SUSPICIOUS_AFTER: Final = 10
_DELAY_EACH_S: Final = 2.0
_LONGEST_DELAY_S: Final = 30.0
_ASK_AGAIN_S: Final = 1.0
GIVEN_UP_AFTER: Final = timedelta(hours=1)
_LOGGED: Final = frozenset({"request", "plan"})

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DurableRun:
    """Implements `bot.jobs.contract.JobRun` on DBOS."""

    id: str
    workspace: str
    turns: JobSlots
    turn: JobTurn
    calm: CalmLoop
    since: float

    async def step(self, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
        # DBOS checks for a coroutine function; a partial or a callable object is not one.
        async def call() -> Json | None:
            if self.turn.urgency > JobUrgency.INTERACTIVE:
                await self.calm.wait(self.since, held=self.turns.held(self.turn.person))
            with span(SpanName.STEP, step=name):
                return await do(*args)

        return await DBOS.run_step_async({"name": name}, call)

    async def sleep(self, seconds: float) -> None:
        self.turns.sleep()
        await DBOS.sleep_async(seconds)
        await self.turns.take(self.turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHistory:
    """The number of process ends at which a job was in flight, and its age."""

    recoveries: int = 0
    age: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBody:
    """The function that the engine runs for a kind of job."""

    kind: str
    workflow: Workflow
    turns: JobSlots
    failed: FailureHandler | None
    history: Callable[[str], Awaitable[JobHistory]]
    watch: JobObserver
    turn_of: TurnOf
    calm: CalmLoop

    async def run(self, id: str, payload: Json) -> Json | None:
        # The caller's deadline does not apply to the job itself. A recovered job has no caller and no deadline.
        recovered = DEADLINE.get() is None
        DEADLINE.set(None)
        # Added to each log line of the job. Its posts carry the same id as metadata.
        about = {name: str(value) for name, value in payload.items() if value and name in _LOGGED}
        begun_by = str(payload.get(TRACEPARENT, ""))
        with trace(SpanName.JOB, begun_by=begun_by, kind=self.kind, recovered=recovered):
            logged = {"job": self.kind, "request": id, **about, **({"trace": known} if (known := trace_id()) else {})}
            with self.watch(self.kind, recovered), bound_contextvars(**logged):
                return await self._run(id, payload, recovered=recovered)

    async def _run(self, id: str, payload: Json, *, recovered: bool) -> Json | None:
        workspace, own = split_id(id)
        turn = self.turn_of(self.kind, payload).within(workspace)
        CALLER.set(turn.person)
        try:
            if recovered:
                await self._delay_suspicious()
            await self.turns.take(turn)
            run = DurableRun(own, workspace, self.turns, turn, self.calm, time.monotonic())
            return await self.workflow(run, payload)
        except DeadlinePassed:
            # The process is ending, not the job.
            raise
        except Exception as error:
            await report_failure(self.failed, kind=self.kind, id=id, payload=payload, error=error)
            raise
        finally:
            self.turns.give()

    async def _delay_suspicious(self) -> None:
        """Delay a job that was in flight at many process ends. Raise JobGivenUp for one that is also old."""
        history = await self._history()
        if history.recoveries <= SUSPICIOUS_AFTER:
            return
        if history.age > GIVEN_UP_AFTER:
            raise JobGivenUp(
                f"the process ended {counted(history.recoveries, 'times')} while this job was in flight, and it is old"
            )
        delay = min(_DELAY_EACH_S * (history.recoveries - SUSPICIOUS_AFTER), _LONGEST_DELAY_S)
        _log.warning("job_delayed", kind=self.kind, recoveries=history.recoveries, seconds=delay)
        self.turns.sleep()
        await asyncio.sleep(delay)

    async def _history(self) -> JobHistory:
        """Return the job's history; wait for the database, because its outage is no failure of the job."""
        while True:
            try:
                return await self.history(DBOS.workflow_id or "")
            except DeadlinePassed:
                raise
            except JobsUnavailable as error:
                _log.warning("job_history_delayed", kind=self.kind, error=str(error))
                self.turns.sleep()
                await asyncio.sleep(_ASK_AGAIN_S)


async def report_failure(failed: FailureHandler | None, *, kind: str, id: str, payload: Json, error: Exception) -> None:
    """Log that a job has failed for good, and call the failure handler."""
    _log.error("job_failed", kind=kind, id=id, exc_info=error)
    if failed is not None:
        await failed(kind, id, payload, error)
