"""The engine's records, asked from outside of any job: every question is bounded, every failure is one clear line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Final, TypeVar

from dbos import DBOSClient, WorkflowStatus, WorkflowStatusString, error
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.contract import JobsUnavailable
from bot.jobs.engine import PATIENCE, JsonSerializer, Patience, create_engine
from bot.store.database import PROBE, DatabaseFile, parse_url
from bot.store.errors import StoreReadOnly, StoreUnavailable, translated

T = TypeVar("T")

APPLICATION: Final = "casebook"
# Not the engine's own name: someone else's jobs may live in the same PostgreSQL database.
SCHEMA: Final = "casebook_jobs"
UNFINISHED: Final = (WorkflowStatusString.PENDING, WorkflowStatusString.ENQUEUED)
FINISHED: Final = (
    WorkflowStatusString.SUCCESS,
    WorkflowStatusString.ERROR,
    WorkflowStatusString.CANCELLED,
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED,
)
ASK_SECONDS: Final = 5.0
# The name of the tasks that ask it, for whoever lists the loop's tasks.
ASKING: Final = "casebook-jobs-asking"


class Ledger:
    """The database of jobs. All methods raise `JobsUnavailable`."""

    def __init__(self, url: str) -> None:
        with unavailable():
            self.url = parse_url(url)
        self.serializer = JsonSerializer()
        self._closing = Patience()
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
        """Whether the database is there and takes writes."""
        await self.ask(self._probe)
        self.check_file()

    def check_file(self) -> None:
        """Whether the file is still the one that was opened."""
        with unavailable():
            self._file.check()

    async def find(self, **which: Any) -> list[WorkflowStatus]:
        """Jobs by `DBOSClient.list_workflows`' filters."""
        return await self.ask(lambda: self._client.list_workflows(**which, load_output=False))

    async def cancel(self, id: str) -> None:
        await self.ask(lambda: self._client.cancel_workflows([id]))

    async def delete(self, ids: list[str]) -> None:
        await self.ask(lambda: self._client.delete_workflows(ids))

    async def ask(self, do: Callable[[], T], *, within: float = ASK_SECONDS) -> T:
        """`do` in a thread."""
        return await self.bounded(lambda: asyncio.to_thread(do), within=within)

    async def bounded(self, work: Callable[[], Coroutine[Any, Any, T]], *, within: float) -> T:
        """`work()`, whose use of the database ends with its caller's patience.

        It runs in a context of its own: the engine would take what a job starts for its child.
        """

        async def patient() -> T:
            PATIENCE.set(Patience.of(within))
            with unavailable():
                return await work()

        task = asyncio.get_running_loop().create_task(patient(), context=Context(), name=ASKING)
        # Never cancelled: a job recorded by a thread that nobody waits for any more would not run until the next start.
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            task.add_done_callback(_forget)
            raise JobsUnavailable(f"the database did not answer within {within:g} s")
        return task.result()

    def end(self) -> None:
        """End all work with the database, the engine's endless retries included."""
        self._closing.until = 0

    def dispose(self) -> None:
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
def unavailable() -> Iterator[None]:
    """Turns what the libraries raise into `JobsUnavailable`, without their words: they quote statements and URLs."""
    try:
        yield
    except StoreUnavailable as problem:
        raise JobsUnavailable(str(problem)) from None
    except (SQLAlchemyError, OSError) as problem:
        raise JobsUnavailable(str(translated(problem))) from None
    except error.DBOSConflictingWorkflowError:
        raise ValueError("this job id is taken by a job of another kind") from None
    except error.DBOSException as problem:
        raise JobsUnavailable(f"the job engine refused: {type(problem).__name__}") from None


def _forget(task: asyncio.Task[Any]) -> None:
    # Its caller was told that it took too long; asyncio would report the rest as never retrieved.
    if not task.cancelled():
        task.exception()
