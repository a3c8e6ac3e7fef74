"""Run one job: wait for a slot, run its steps, report its failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import structlog
from dbos import DBOS
from structlog.contextvars import bound_contextvars

from bot.common.caller import CALLER
from bot.jobs.calm_loop import CalmLoop
from bot.jobs.contract import (
    FailureHandler,
    JobGivenUp,
    JobObserver,
    JobsUnavailable,
    JobTurn,
    JobUrgency,
    Json,
    TurnOf,
    Workflow,
    ignore_job,
    nobody_in_particular,
)
from bot.jobs.engine import DEADLINE, DeadlinePassed
from bot.jobs.slots import JobSlots
from intents.plurals import counted

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
    turns: JobSlots
    turn: JobTurn
    calm: CalmLoop
    since: float

    async def step(self, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
        # DBOS checks for a coroutine function; a partial or a callable object is not one.
        async def call() -> Json | None:
            if self.turn.urgency > JobUrgency.INTERACTIVE:
                await self.calm.wait(self.since, held=self.turns.held(self.turn.person))
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
    watch: JobObserver = ignore_job
    turn_of: TurnOf = nobody_in_particular
    calm: CalmLoop = field(default_factory=CalmLoop)

    async def run(self, id: str, payload: Json) -> Json | None:
        # The caller's deadline does not apply to the job itself. A recovered job has no caller and no deadline.
        recovered = DEADLINE.get() is None
        DEADLINE.set(None)
        # Added to each log line of the job. Its posts carry the same id as metadata.
        about = {name: str(value) for name, value in payload.items() if value and name in _LOGGED}
        with self.watch(self.kind, recovered), bound_contextvars(**{"job": self.kind, "request": id, **about}):
            return await self._run(id, payload, recovered=recovered)

    async def _run(self, id: str, payload: Json, *, recovered: bool) -> Json | None:
        turn = self.turn_of(self.kind, payload)
        CALLER.set(turn.person)
        try:
            if recovered:
                await self._delay_suspicious()
            await self.turns.take(turn)
            return await self.workflow(DurableRun(id, self.turns, turn, self.calm, time.monotonic()), payload)
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
