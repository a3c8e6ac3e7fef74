"""Start jobs once per id, record them before they are promised, and resume them in the next process.

Built on DBOS, which records workflows and their steps in a database. This module adds what DBOS lacks: DBOS retries a
locked database forever, resumes only jobs of its own version and executor, and has one instance per process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar, Final

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus, WorkflowStatusString

from bot.common.redaction import stored_json, stored_key
from bot.common.tracing import traced
from bot.jobs.contract import (
    JOBS_VERSION,
    FailureHandler,
    JobGivenUp,
    JobObserver,
    JobsUnavailable,
    JobTurn,
    TooManyJobs,
    TurnOf,
    Workflow,
    ignore_job,
    nobody_in_particular,
)
from bot.jobs.engine import DEADLINE, DatabaseDeadline, route_logs
from bot.jobs.job_body import CalmLoop, JobBody, JobHistory, report_failure
from bot.jobs.ledger import APPLICATION, ASK_SECONDS, FINISHED, SCHEMA, UNFINISHED, Ledger, as_unavailable
from bot.jobs.slots import JobSlots
from intents.domain import Json

_LAUNCH_SECONDS: Final = 10.0
_CANCEL_SECONDS: Final = 2.0
_DESTROY_SECONDS: Final = 3.0
_PAGE: Final = 200
# Jobs of one person that wait for a slot in this process; further presses and commands are not started.
_MOST_WAITING: Final = 100
# Unasked jobs of one person that wait for a slot; further ones wait outside, where they cost the engine nothing.
_MOST_UNASKED: Final = 4

_Body = Callable[[str, Json], Coroutine[Any, Any, Json | None]]

_log: Final = structlog.get_logger(__name__)


class _Phase(Enum):
    NEW = "not launched"
    LAUNCHING = "being launched"
    LAUNCHED = "launched"
    CLOSING = "shutting down"
    CLOSED = "shut down"


class Jobs:
    """Runs durable jobs of the kinds in `workflows`. One instance per process, used from one event loop."""

    # The engine is a singleton: a second instance would silently use the first one's.
    _live: ClassVar[Jobs | None] = None

    def __init__(
        self,
        *,
        url: str,
        executor: str,
        workflows: Mapping[str, Workflow],
        version: str = JOBS_VERSION,
        concurrency: int = 16,
        failed: FailureHandler | None = None,
        watch: JobObserver = ignore_job,
        turn_of: TurnOf = nobody_in_particular,
    ) -> None:
        """Configure the jobs. `executor` names this process and stays the same after a restart, to find its unfinished
        jobs.

        `failed` is called at least once for every job that fails for good; `watch` wraps each body that runs. `turn_of`
        says for whom a job works: people get slots in turn.
        """
        self._url = url
        self._executor = executor
        self._version = version
        self._failed = failed
        self._watch = watch
        self.turn_of = turn_of
        self._turns = JobSlots(concurrency)
        self._calm = CalmLoop()
        # As many wait for a slot as hold one.
        self._room = 2 * concurrency
        self._workflows = dict(workflows)
        self._bodies: dict[str, _Body] = {}
        self._phase = _Phase.NEW
        self._ledger: Ledger | None = None
        # Each returns whether jobs wait to be started here.
        self.waiting: set[Callable[[], bool]] = set()

    @property
    def running(self) -> int:
        """Return the number of jobs in flight or waiting for a slot in this process, without sleeping ones."""
        return self._turns.running

    def has_room(self, workspace: str = "") -> bool:
        """Return whether a further unasked job would soon get a slot.

        One of several workspaces takes half of the room, and always has room for one job.
        """
        own = self._turns.of(workspace) if workspace else 0
        return (self.running < self._room and own < self._room // 2) or bool(workspace and not own)

    async def until_calm(self, turn: JobTurn) -> None:
        """Wait until a further job may start without a delay of acknowledgements."""
        await self._calm.wait(time.monotonic(), held=max(1, self._turns.held(turn.person)))

    def may_start(self, person: str) -> bool:
        """Return whether few enough jobs of a person wait for a slot."""
        return self._turns.waiting(person) < _MOST_UNASKED

    def check_bound(self, turn: JobTurn) -> None:
        """Raise TooManyJobs if the person of this turn has too many waiting jobs."""
        if turn.bounded and self._turns.waiting(turn.person) >= _MOST_WAITING:
            raise TooManyJobs(_MOST_WAITING)

    async def launch(self) -> None:
        """Start the engine and resume this executor's unfinished jobs. Raise `JobsUnavailable`."""
        if self._phase is not _Phase.NEW:
            raise JobsUnavailable(f"jobs are {self._phase.value}")
        if Jobs._live is not None:
            raise JobsUnavailable("jobs are already launched in this process")
        self._ledger = ledger = Ledger(self._url)
        Jobs._live = self
        route_logs()
        self._phase = _Phase.LAUNCHING
        try:
            await ledger.probe()
            self._launch_engine(ledger)
            await self._carry_over(ledger, [self._executor])
        except BaseException:
            await self.close(drain=0)
            raise
        self._phase = _Phase.LAUNCHED

    async def start(self, kind: str, id: str, payload: Json, *, within: float = 1.2) -> None:
        """Record the job and start it. The same id again, here or in another process, changes nothing.

        The job gets the redacted payload, as it is recorded: a run after a crash gets the same.

        Raises `JobsUnavailable` if that takes longer than `within` seconds: nothing is promised then. (If the database
        answers just too late, the job may still run, and a retry with its id finds it.)
        """
        # While launching too: a failure of an earlier version's job is reported by a job.
        ledger = self._require_launched(_Phase.LAUNCHING)
        if kind not in self._bodies:
            raise ValueError(f"no workflow is registered for jobs of kind {kind}")
        ledger.check_file()
        id, payload = stored_key(id), stored_json(traced(payload))
        await self._begin(ledger, kind, recorded_as=id, id=id, payload=payload, within=within)

    async def adopt(self, executors: Iterable[str]) -> int:
        """Take over the unfinished jobs of dead executors. Return their number. A repeat is cheap and harmless."""
        ledger = self._require_launched()
        dead = sorted(set(executors) - {self._executor})
        if not dead:
            return 0
        # Private: `resume_workflows` is public, but forgets how often a job was recovered and takes running ones too.
        # tests/jobs/test_engine.py fails once there is a public way.
        handles = await ledger.ask(lambda: DBOS._recover_pending_workflows(dead))
        adopted = len(handles) + await self._carry_over(ledger, dead)
        if adopted:
            _log.info("jobs_adopted", jobs=adopted, replicas=dead)
        return adopted

    async def unfinished(self, kind: str) -> tuple[str, ...]:
        """Return the ids of all unfinished jobs of a kind, in any process."""
        found = await self._require_launched().find(name=kind, status=UNFINISHED, load_input=False)
        return tuple(job.workflow_id for job in found)

    async def idle(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Wait until nothing runs here, or waits for its start or recovery. Return False on a time-out."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await self._turns.quiet()
                    # The lookup happens while nothing runs and nothing starts. A job just started is recorded although
                    # its task may not have begun.
                    if not (any(waits() for waits in self.waiting) or await self._waiting() or self.running):
                        return True
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False

    async def close(self, *, drain: float = 10.0) -> None:
        """Take no more jobs, give running ones `drain` seconds, and cancel the rest: the next start resumes them."""
        if self._phase in (_Phase.NEW, _Phase.CLOSED):
            self._phase = _Phase.CLOSED
            return
        self._phase = _Phase.CLOSING
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(drain):
                await self._turns.quiet()
        except TimeoutError:
            _log.warning("jobs_left_unfinished", jobs=self.running)
        if tasks := self._turns.cancel():
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
        await self._destroy()
        self._phase = _Phase.CLOSED
        Jobs._live = None

    async def purge(self, before: datetime) -> int:
        """Delete jobs that finished before a time, with their records. Return their number."""
        ledger = self._require_launched()
        old = {"status": FINISHED, "completed_before": before.isoformat(), "limit": _PAGE, "load_input": False}
        gone = 0
        while True:
            ids = [job.workflow_id for job in await ledger.find(**old)]
            if not ids:
                return gone
            await ledger.delete(ids)
            gone += len(ids)

    async def forget(self, id: str, *, keeping: str) -> bool:
        """Delete the finished jobs with this id, or with one that begins with it and a dot.

        Return whether all of them are finished, those of the kind `keeping` aside.
        """
        ledger = self._require_launched()
        found = await ledger.find(workflow_id_prefix=id, load_input=False)
        jobs = [job for job in found if job.workflow_id == id or job.workflow_id.startswith((f"{id}.", f"{id}@"))]
        if over := [job.workflow_id for job in jobs if job.status in FINISHED]:
            await ledger.delete(over)
        return all(job.status in FINISHED or job.name == keeping for job in jobs)

    async def delete_begun_with(self, prefix: str) -> bool:
        """Delete the finished jobs whose ids begin with a prefix. Return whether none is left."""
        ledger = self._require_launched()
        found = await ledger.find(workflow_id_prefix=prefix, load_input=False)
        over = [job.workflow_id for job in found if job.status in FINISHED]
        for start in range(0, len(over), _PAGE):
            await ledger.delete(over[start : start + _PAGE])
        return len(over) == len(found)

    async def ping(self) -> None:
        """Raise `JobsUnavailable` with the reason if a job could not be started now."""
        await self._require_launched().probe()

    # --- internals -------------------------------------------------------------------------------------------------

    def _require_launched(self, *or_else: _Phase) -> Ledger:
        if self._phase not in (_Phase.LAUNCHED, *or_else) or self._ledger is None:
            raise JobsUnavailable(f"jobs are {self._phase.value}")
        return self._ledger

    def _launch_engine(self, ledger: Ledger) -> None:
        """Launch the engine on this loop's thread, which blocks for some milliseconds.

        The engine runs recovered jobs on the loop that launches it, and their sessions exist only there.
        """
        config = DBOSConfig(
            name=APPLICATION,
            system_database_engine=ledger.engine,
            dbos_system_schema=SCHEMA,
            application_version=self._version,
            executor_id=self._executor,
            serializer=ledger.serializer,
            log_level="WARNING",
            enable_otlp=False,
            # Jobs send each other no messages: no listening connection, and no long wait for it at the end.
            use_listen_notify=False,
            notification_listener_polling_interval_sec=0.1,
        )
        token = DEADLINE.set(DatabaseDeadline.of(_LAUNCH_SECONDS))
        try:
            with as_unavailable():
                DBOS(config=config)
                for kind, workflow in self._workflows.items():
                    self._bodies[kind] = self._register(kind, workflow, ledger)
                DBOS.launch()
        finally:
            DEADLINE.reset(token)

    def _register(self, kind: str, workflow: Workflow, ledger: Ledger) -> _Body:
        async def history(recorded_as: str) -> JobHistory:
            found = await ledger.find(workflow_ids=[recorded_as], load_input=False)
            return max(map(_history, found), key=lambda each: each.recoveries, default=JobHistory())

        body = JobBody(
            kind=kind,
            workflow=workflow,
            turns=self._turns,
            failed=self._failed,
            history=history,
            watch=self._watch,
            turn_of=self.turn_of,
            calm=self._calm,
        )

        # A separate function per kind, because the engine sets attributes on it.
        async def run(id: str, payload: Json) -> Json | None:
            return await body.run(id, payload)

        return DBOS.workflow(name=kind, max_recovery_attempts=None)(run)

    async def _begin(
        self, ledger: Ledger, kind: str, *, recorded_as: str, id: str, payload: Json, within: float
    ) -> None:
        async def begin() -> None:
            with SetWorkflowID(recorded_as):
                await DBOS.start_workflow_async(self._bodies[kind], id, payload)

        await ledger.bounded(begin, within=within)

    async def _carry_over(self, ledger: Ledger, executors: list[str]) -> int:
        """Restart unfinished jobs of other versions: their records do not fit this version's bodies.

        The new record is written before the old one is ended: after a crash in between, a repeat has no effect.
        """
        jobs = await ledger.find(status=UNFINISHED, executor_id=executors)
        stale = [job for job in jobs if job.app_version != self._version]
        for job in stale:
            id, payload = _arguments_of(job)
            if job.name in self._bodies and id:
                # Derived from the record, not from the id: after a downgrade the id must not match an old record.
                renewed = f"{job.workflow_id}@{self._version}"
                await self._begin(ledger, job.name, recorded_as=renewed, id=id, payload=payload, within=ASK_SECONDS)
            else:
                error = JobGivenUp("this version of Casebook has no workflow for jobs of this kind")
                await report_failure(
                    self._failed, kind=job.name, id=id or job.workflow_id, payload=payload, error=error
                )
            await ledger.cancel(job.workflow_id)
            _log.info("job_carried_over", kind=job.name, id=id, version=job.app_version)
        return len(stale)

    async def _waiting(self) -> bool:
        """Return whether an unfinished job of this process is not in flight yet: its recovery takes a second."""
        if self._ledger is None:
            return False
        jobs = await self._ledger.find(status=UNFINISHED, app_version=self._version, load_input=False)
        return any(
            job.workflow_id not in self._turns.records
            and (job.status == WorkflowStatusString.ENQUEUED.value or job.executor_id == self._executor)
            for job in jobs
        )

    async def _destroy(self) -> None:
        ledger = self._ledger
        assert ledger is not None
        # The engine replaced the loop's thread pool with its own; that pool ends with it, but the loop does not.
        threads = ThreadPoolExecutor(thread_name_prefix="casebook")
        loop = asyncio.get_running_loop()
        destroyed = loop.run_in_executor(threads, lambda: DBOS.destroy(destroy_registry=True))
        await asyncio.wait({destroyed}, timeout=_DESTROY_SECONDS)
        ledger.end()
        await destroyed
        await loop.run_in_executor(threads, ledger.dispose)
        loop.set_default_executor(threads)


def _history(job: WorkflowStatus) -> JobHistory:
    created = datetime.fromtimestamp((job.created_at or 0) / 1000, UTC)
    return JobHistory(recoveries=job.recovery_attempts or 0, age=datetime.now(UTC) - created)


def _arguments_of(job: WorkflowStatus) -> tuple[str, Json]:
    """Return the id and payload a job was started with; empty if its record cannot be read."""
    arguments = job.input["args"] if isinstance(job.input, dict) else ()
    match list(arguments):
        case [str() as id, dict() as payload]:
            return id, payload
        case _:
            return "", {}
