"""Run SQLite transactions in threads: one for all writers, a few for readers, one hop per statement.

An async driver hops to its thread four times per statement, to open, execute, read and close a cursor. Under load each
hop takes milliseconds, and a writer holds the database's only lock meanwhile. Here a statement's rows are read in the
same hop, and beginning needs none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
# The body of a transaction, which awaits nothing but its connection.
Body = Callable[[AsyncConnection], Coroutine[Any, Any, Any]]

_READERS: Final = 4


class SqliteThreads:
    """Runs transactions on a synchronous engine. `writes` are the execution options of a writer."""

    def __init__(self, engine: Engine, *, writes: dict[str, Any]) -> None:
        self._engine = engine
        self._writes = writes
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="casebook-store-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="casebook-store-reader")
        # A thread never waits for a connection, because its holder may need that thread.
        self._reading = asyncio.Semaphore(_READERS)
        self._queries: list[tuple[Body, asyncio.Future[Any]]] = []
        self._querying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction with one consistent view."""
        async with self._reading:
            connection = _ThreadConnection(self._engine, self._readers, {})
            try:
                yield connection.typed
            finally:
                await connection.end(commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that holds the write lock from its first statement; commit at the end or roll back."""
        connection = _ThreadConnection(self._engine, self._writer, self._writes)
        try:
            yield connection.typed
        except BaseException:
            await connection.end(commit=False)
            raise
        await connection.end(commit=True)

    async def query(self, body: Body) -> Any:
        """Run `body` in one transaction and one hop together with others that wait; return its result."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        self._queries.append((body, done))
        if self._querying is None or self._querying.done():
            self._querying = loop.create_task(self._query_batches())
        return await done

    async def _query_batches(self) -> None:
        """Run what waits, batch by batch; further bodies gather meanwhile, and read what was committed before."""
        loop = asyncio.get_running_loop()
        while self._queries:
            taken, self._queries = self._queries, []
            outcomes: list[Any]
            try:
                outcomes = await loop.run_in_executor(self._readers, self._query_all, [body for body, _ in taken])
            except (SQLAlchemyError, OSError, RuntimeError) as error:
                outcomes = [error] * len(taken)
            settle(taken, outcomes)

    def _query_all(self, bodies: Sequence[Body]) -> list[Any]:
        with self._engine.connect() as connection, connection.begin():
            return [_queried(connection, body) for body in bodies]

    async def write_all(self, bodies: Sequence[Body]) -> list[Any]:
        """Run `bodies` in one transaction and one hop; return the result or the exception of each.

        A body that raises changes nothing, and the others stand. Raise if the transaction fails as a whole.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._run_all, bodies)

    def _run_all(self, bodies: Sequence[Body]) -> list[Any]:
        with self._engine.connect().execution_options(**self._writes) as connection, connection.begin():
            return [_outcome(connection, body) for body in bodies]

    async def close(self) -> None:
        """Close all connections and end the threads."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._engine.dispose)
        self._writer.shutdown(wait=False)
        self._readers.shutdown(wait=False)


def settle(taken: Sequence[tuple[Body, asyncio.Future[Any]]], outcomes: Sequence[Any]) -> None:
    """Give each caller the result or the exception of its body; a caller may have left."""
    for (_, done), outcome in zip(taken, outcomes, strict=True):
        if done.done():
            continue
        if isinstance(outcome, Exception):
            done.set_exception(outcome)
        else:
            done.set_result(outcome)


class _InlineConnection:
    """The same within the thread of a batch: nothing is awaited there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        return self._connection.scalar(statement, parameters)


def _outcome(connection: Connection, body: Body) -> Any:
    """Run a body in a savepoint; return its result or its exception. Raise if the whole transaction is lost."""
    savepoint = connection.begin_nested()
    try:
        result = _driven(body(cast(AsyncConnection, _InlineConnection(connection))))
    except Exception as error:
        # SQLite rolls everything back if the disk is full or fails.
        if not getattr(connection.connection.dbapi_connection, "in_transaction", False):
            raise
        savepoint.rollback()
        return error
    savepoint.commit()
    return result


def _queried(connection: Connection, body: Body) -> Any:
    """Return the result of a body that only reads, or its exception."""
    try:
        return _driven(body(cast(AsyncConnection, _InlineConnection(connection))))
    except Exception as error:  # noqa: BLE001 - raised where the body was given
        return error


def _driven(body: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that awaits nothing outside to its end."""
    try:
        body.send(None)
    except StopIteration as ended:
        return ended.value
    body.close()
    raise RuntimeError("the body of a transaction awaited something other than its connection")


class _ThreadConnection:
    """The part of an `AsyncConnection` that the repositories use."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor, options: dict[str, Any]) -> None:
        self._engine = engine
        self._threads = threads
        self._options = options
        self._connection: Connection | None = None
        # A cancelled caller leaves its statement running.
        self._alone = threading.Lock()
        self._ended = False

    @property
    def typed(self) -> AsyncConnection:
        return cast(AsyncConnection, self)

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        return await self.run_sync(lambda connection: _read(connection.execute(statement, parameters)))

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        return await self.run_sync(lambda connection: connection.scalar(statement, parameters))

    async def exec_driver_sql(self, statement: str) -> Any:
        return await self.run_sync(lambda connection: _read(connection.exec_driver_sql(statement)))

    async def rollback(self) -> None:
        await self.run_sync(lambda connection: connection.rollback())

    async def run_sync(self, do: Callable[[Connection], T]) -> T:
        """Run `do` with the connection in the thread."""

        def run() -> T:
            with self._alone:
                if self._ended:
                    raise asyncio.CancelledError
                return do(self._begun())

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    async def end(self, *, commit: bool) -> None:
        """End the transaction; it was begun if there was a statement."""
        ending = asyncio.get_running_loop().run_in_executor(self._threads, self._end, commit)
        # The thread ends it even if the caller is cancelled.
        await asyncio.shield(ending)

    def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**self._options)
        if not self._connection.in_transaction():
            self._connection.begin()
        return self._connection

    def _end(self, commit: bool) -> None:
        with self._alone:
            self._ended = True
            if self._connection is None:
                return
            try:
                if commit and self._connection.in_transaction():
                    self._connection.commit()
            finally:
                self._connection.close()


def _read(result: CursorResult[Any]) -> Any:
    """Return the result with its rows, so that no later call needs the cursor."""
    return result.freeze()() if result.returns_rows else result
