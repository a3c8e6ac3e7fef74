"""Jobs: started once by id, recorded before they are promised, carried on by the next process where this one ended.

Built on DBOS, which records workflows and their steps in a database. What it does not do by itself is here: it retries
a locked database for ever, resumes only jobs of its own version and executor, and is one instance per process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus, WorkflowStatusString

from bot.jobs.contract import JOBS_VERSION, Failed, JobGivenUp, JobsUnavailable, Json, Watch, Workflow, unwatched
from bot.jobs.engine import PATIENCE, Patience, route_logs
from bot.jobs.ledger import APPLICATION, ASK_SECONDS, FINISHED, SCHEMA, UNFINISHED, Ledger, unavailable
from bot.jobs.running import Body, Turns, tell_failure

_LAUNCH_SECONDS: Final = 10.0
_CANCEL_SECONDS: Final = 2.0
_DESTROY_SECONDS: Final = 3.0
_PAGE: Final = 200

_Body = Callable[[str, Json], Coroutine[Any, Any, Json | None]]

_log: Final = structlog.get_logger(__name__)


class _Phase(Enum):
    NEW = "not launched"
    LAUNCHING = "being launched"
    LAUNCHED = "launched"
    CLOSING = "shutting down"
    CLOSED = "shut down"


class Jobs:
    """Durable jobs of the kinds in `workflows`. One instance at a time per process, used from one event loop."""

    # The engine is one per process: a second instance would silently work for the first.
    _live: ClassVar[Jobs | None] = None

    def __init__(
        self,
        *,
        url: str,
        executor: str,
        workflows: Mapping[str, Workflow],
        version: str = JOBS_VERSION,
        concurrency: int = 16,
        kept_days: int = 14,
        failed: Failed | None = None,
        watch: Watch = unwatched,
    ) -> None:
        """`executor` names this process, the same after a restart: by it a process finds the jobs it left unfinished.

        `failed` is told of every job that fails for good, at least once; `watch` is around each body that is run.
        """
        self._url = url
        self._executor = executor
        self._version = version
        self._kept = timedelta(days=kept_days)
        self._failed = failed
        self._watch = watch
        self._turns = Turns(concurrency)
        self._workflows = dict(workflows)
        self._bodies: dict[str, _Body] = {}
        self._phase = _Phase.NEW
        self._ledger: Ledger | None = None

    @property
    def running(self) -> int:
        """Jobs under way or waiting for their turn in this process, sleeping ones left out."""
        return self._turns.running

    async def launch(self) -> None:
        """Start the engine and take up what this executor left unfinished. Raises `JobsUnavailable`."""
        if self._phase is not _Phase.NEW:
            raise JobsUnavailable(f"jobs are {self._phase.value}")
        if Jobs._live is not None:
            raise JobsUnavailable("jobs are launched in this process already")
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
        """Record the job and begin it. The same id again, here or in another process, changes nothing.

        Raises `JobsUnavailable` when that cannot be done within `within` seconds: nothing is promised then. (Where the
        database answers just too late the job may run all the same, and a retry under its id finds it.)
        """
        ledger = self._require_launched()
        if kind not in self._bodies:
            raise ValueError(f"there are no jobs of kind {kind}")
        ledger.check_file()
        await self._begin(ledger, kind, recorded_as=id, id=id, payload=payload, within=within)

    async def adopt(self, executors: Iterable[str]) -> int:
        """Take over the unfinished jobs of executors that are dead; how many. Repeating it is cheap and harmless."""
        ledger = self._require_launched()
        dead = sorted(set(executors) - {self._executor})
        if not dead:
            return 0
        # Private: `resume_workflows` is public, but forgets how often a job was recovered and takes running ones too.
        # tests/jobs/test_engine.py fails once there is a public way.
        handles = await ledger.ask(lambda: DBOS._recover_pending_workflows(dead))
        adopted = len(handles) + await self._carry_over(ledger, dead)
        if adopted:
            _log.info("adopted jobs of dead replicas", jobs=adopted, replicas=dead)
        return adopted

    async def unfinished(self, kind: str) -> tuple[str, ...]:
        """The ids of the jobs of that kind that are under way or wait, whoever's they are."""
        statuses = [status.value for status in UNFINISHED]
        found = await self._require_launched().find(name=kind, status=statuses, load_input=False)
        return tuple(job.workflow_id for job in found)

    async def idle(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Wait until nothing runs here and nothing waits to be recovered; whether that was so in time."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await self._turns.quiet()
                    # Looked up while nothing ran, and nothing began meanwhile. A job just started is recorded, though
                    # its task may not have begun.
                    if not await self._waiting() and not self.running:
                        return True
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False

    async def close(self, *, drain: float = 10.0) -> None:
        """Take no more jobs, give those under way `drain` seconds, stop the rest: the next start goes on with them."""
        if self._phase in (_Phase.NEW, _Phase.CLOSED):
            self._phase = _Phase.CLOSED
            return
        self._phase = _Phase.CLOSING
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(drain):
                await self._turns.quiet()
        except TimeoutError:
            _log.warning("jobs are left for the next start", jobs=self.running)
        if tasks := self._turns.cancel():
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
        await self._destroy()
        self._phase = _Phase.CLOSED
        Jobs._live = None

    async def purge(self) -> int:
        """Delete finished jobs, with what they recorded, that are older than `kept_days`; how many."""
        ledger = self._require_launched()
        before = (datetime.now(UTC) - self._kept).isoformat()
        finished = [status.value for status in FINISHED]
        old = {"status": finished, "completed_before": before, "limit": _PAGE, "load_input": False}
        gone = 0
        while True:
            ids = [job.workflow_id for job in await ledger.find(**old)]
            if not ids:
                return gone
            await ledger.delete(ids)
            gone += len(ids)

    async def ping(self) -> None:
        """Raises `JobsUnavailable` with the reason, if a job could not be started now."""
        await self._require_launched().probe()

    # --- within ---------------------------------------------------------------------------------------------------

    def _require_launched(self) -> Ledger:
        if self._phase is not _Phase.LAUNCHED or self._ledger is None:
            raise JobsUnavailable(f"jobs are {self._phase.value}")
        return self._ledger

    def _launch_engine(self, ledger: Ledger) -> None:
        """Blocks for some milliseconds, on purpose on this loop's thread: the engine runs recovered jobs on the loop
        that launches it, and only there are the sessions they use."""
        config = DBOSConfig(
            name=APPLICATION,
            system_database_engine=ledger.engine,
            dbos_system_schema=SCHEMA,
            application_version=self._version,
            executor_id=self._executor,
            serializer=ledger.serializer,
            log_level="WARNING",
            enable_otlp=False,
            # Jobs send each other no messages: no connection that listens for any, no long wait for it at the end.
            use_listen_notify=False,
            notification_listener_polling_interval_sec=0.1,
        )
        token = PATIENCE.set(Patience.of(_LAUNCH_SECONDS))
        try:
            with unavailable():
                DBOS(config=config)
                for kind, workflow in self._workflows.items():
                    self._bodies[kind] = self._register(kind, workflow, ledger)
                DBOS.launch()
        finally:
            PATIENCE.reset(token)

    def _register(self, kind: str, workflow: Workflow, ledger: Ledger) -> _Body:
        async def attempts(recorded_as: str) -> int:
            found = await ledger.find(workflow_ids=[recorded_as], load_input=False)
            return max((job.recovery_attempts or 0 for job in found), default=0)

        body = Body(
            kind=kind, workflow=workflow, turns=self._turns, failed=self._failed, attempts=attempts, watch=self._watch
        )

        # A function of its own: the engine leaves marks on it.
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
        """Begin unfinished jobs of other versions anew: what they recorded does not fit the bodies of this one.

        First the new record, then the end of the old one: a crash between the two repeats the first to no effect.
        """
        statuses = [status.value for status in UNFINISHED]
        jobs = await ledger.find(status=statuses, executor_id=executors)
        stale = [job for job in jobs if job.app_version != self._version]
        for job in stale:
            id, payload = _asked(job)
            if job.name in self._bodies and id:
                # Derived from the record, not from the id: going back to a version must not meet its old record.
                renewed = f"{job.workflow_id}@{self._version}"
                await self._begin(ledger, job.name, recorded_as=renewed, id=id, payload=payload, within=ASK_SECONDS)
            else:
                error = JobGivenUp("this version of Casebook knows no jobs of this kind")
                await tell_failure(self._failed, kind=job.name, id=id or job.workflow_id, payload=payload, error=error)
            await ledger.cancel(job.workflow_id)
            _log.info("carried a job over", kind=job.name, id=id, version=job.app_version)
        return len(stale)

    async def _waiting(self) -> bool:
        """Whether a job of this process is recorded as unfinished and not under way: its recovery takes a second."""
        if self._ledger is None:
            return False
        statuses = [status.value for status in UNFINISHED]
        jobs = await self._ledger.find(status=statuses, app_version=self._version, load_input=False)
        return any(
            job.workflow_id not in self._turns.records
            and (job.status == WorkflowStatusString.ENQUEUED.value or job.executor_id == self._executor)
            for job in jobs
        )

    async def _destroy(self) -> None:
        ledger = self._ledger
        assert ledger is not None
        # The engine made its own pool of threads the loop's; it goes with the engine, the loop goes on.
        threads = ThreadPoolExecutor(thread_name_prefix="casebook")
        loop = asyncio.get_running_loop()
        destroyed = loop.run_in_executor(threads, lambda: DBOS.destroy(destroy_registry=True))
        await asyncio.wait({destroyed}, timeout=_DESTROY_SECONDS)
        ledger.end()
        await destroyed
        await loop.run_in_executor(threads, ledger.dispose)
        loop.set_default_executor(threads)


def _asked(job: WorkflowStatus) -> tuple[str, Json]:
    """The id and payload a job was started with; empty where its record cannot be read."""
    arguments = job.input["args"] if isinstance(job.input, dict) else ()
    match list(arguments):
        case [str() as id, dict() as payload]:
            return id, payload
        case _:
            return "", {}
