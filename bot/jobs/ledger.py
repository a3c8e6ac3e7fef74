"""Query and change the engine's records from outside of jobs, with time limits and one clear line per failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Final, TypeVar

from dbos import DBOSClient, WorkflowStatus, WorkflowStatusString, error
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.contract import JobsUnavailable
from bot.jobs.engine import DEADLINE, DatabaseDeadline, JsonSerializer, create_engine
from bot.store.database import PROBE, DatabaseFile, parse_url
from bot.store.errors import StoreReadOnly, StoreUnavailable, translated_error

T = TypeVar("T")

APPLICATION: Final = "casebook"
# Not the engine's default name: other applications may use the same PostgreSQL database.
SCHEMA: Final = "casebook_jobs"
UNFINISHED: Final = [WorkflowStatusString.PENDING.value, WorkflowStatusString.ENQUEUED.value]
FINISHED: Final = [
    WorkflowStatusString.SUCCESS.value,
    WorkflowStatusString.ERROR.value,
    WorkflowStatusString.CANCELLED.value,
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
]
ASK_SECONDS: Final = 5.0
# Name of the asyncio tasks that query the database, for people who list tasks.
ASKING: Final = "casebook-jobs-asking"


class Ledger:
    """The database of jobs. All methods raise `JobsUnavailable`."""

    def __init__(self, url: str) -> None:
        with as_unavailable():
            self.url = parse_url(url)
        self.serializer = JsonSerializer()
        self._closing = DatabaseDeadline()
        self.engine = create_engine(self.url, self._closing)
        self._client = DBOSClient(
            system_database_engine=self.engine,
            dbos_system_schema=SCHEMA,
            serializer=self.serializer,
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )
        self._file = DatabaseFile(self.url)

    @property
    def _sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    async def probe(self) -> None:
        """Check that the database exists and accepts writes."""
        await self.ask(self._probe)
        self.check_file()

    def check_file(self) -> None:
        """Check that the database file was not deleted or replaced."""
        with as_unavailable():
            self._file.check()

    async def find(self, **which: Any) -> list[WorkflowStatus]:
        """Return jobs by the filters of `DBOSClient.list_workflows`."""
        return await self.ask(lambda: self._client.list_workflows(**which, load_output=False))

    async def cancel(self, id: str) -> None:
        """Cancel a job."""
        await self.ask(lambda: self._client.cancel_workflows([id]))

    async def delete(self, ids: list[str]) -> None:
        """Delete jobs with their records."""
        await self.ask(lambda: self._client.delete_workflows(ids))

    async def ask(self, do: Callable[[], T]) -> T:
        """Run `do` in a thread, for at most `ASK_SECONDS`."""
        return await self.bounded(lambda: asyncio.to_thread(do), within=ASK_SECONDS)

    async def bounded(self, work: Callable[[], Coroutine[Any, Any, T]], *, within: float) -> T:
        """Run `work()`; its use of the database ends after `within` seconds.

        It runs in a context of its own, because the engine would treat what a job starts as its child.
        """

        async def patient() -> T:
            DEADLINE.set(DatabaseDeadline.of(within))
            with as_unavailable():
                return await work()

        task = asyncio.get_running_loop().create_task(patient(), context=Context(), name=ASKING)
        # The caller may be cancelled before the work ends; its error is then of no use.
        task.add_done_callback(_forget)
        # Never cancelled: a job recorded by an abandoned thread would not run until the next start.
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            raise JobsUnavailable(f"the database did not answer within {within:g} s")
        return task.result()

    def end(self) -> None:
        """End all work with the database, including the engine's endless retries."""
        self._closing.until = 0

    def dispose(self) -> None:
        """Close all connections."""
        self._client.destroy()
        self.engine.dispose()

    def _probe(self) -> None:
        if not self._file.known:
            self._file.make_private()
        with self.engine.connect() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql(PROBE)
            elif connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
                raise StoreReadOnly
            connection.rollback()


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Translate library errors into `JobsUnavailable`, without their texts, which quote statements and URLs."""
    try:
        yield
    except StoreUnavailable as problem:
        raise JobsUnavailable(str(problem)) from None
    except (SQLAlchemyError, OSError) as problem:
        raise JobsUnavailable(str(translated_error(problem))) from None
    except error.DBOSConflictingWorkflowError:
        raise ValueError("this job id belongs to a job of another kind") from None
    except error.DBOSException as problem:
        raise JobsUnavailable(f"the job engine refused: {type(problem).__name__}") from None


def _forget(task: asyncio.Task[Any]) -> None:
    # Mark the exception as retrieved: its caller has been told of the time-out already.
    if not task.cancelled():
        task.exception()
