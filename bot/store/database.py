"""Open the database behind all repositories and run transactions.

A transaction is short and never spans a network call to another service. Read-then-write transactions hold one lock:
SQLite takes its write lock at BEGIN, PostgreSQL an advisory lock on the name of the affected item.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.errors import StoreLocked, StoreReadOnly, StoreUnavailable, StoreUnreachable, translated_error
from bot.store.sqlite_threads import Body, SqliteThreads, settle

T = TypeVar("T")

BUSY_MS: Final = 1000  # wait of one statement for another process's lock
_TRIES: Final = 20  # so often the mode of a new file's journal is set at most
QUEUE_SECONDS: Final = 1.0  # wait of a write for this process's other writes: Slack allows three seconds in all
STATEMENT_MS: Final = 5000
CONNECT_SECONDS: Final = 3

# Always rolled back. BEGIN IMMEDIATE alone succeeds on a read-only SQLite database.
PROBE: Final = "CREATE TABLE casebook_probe (probed)"

_WRITES: Final = "casebook_writes"
_LARGEST_BATCH: Final = 100
# Not another process: the error names what this process was writing.
OWN_WRITES: Final = f"the database is locked by this process's own writes for longer than {QUEUE_SECONDS:g} s"


def parse_url(url: str) -> URL:
    """Parse `url` and add Casebook's driver if none is named. Raise `StoreUnavailable`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port is not a number
        raise StoreUnavailable("its URL is malformed: sqlite:///path or postgresql://host/name") from None
    if "@" in f"{parsed.host}{parsed.database}" and parsed.get_backend_name() != "sqlite":
        # The parsed host would start with the rest of the password and be shown.
        raise StoreUnavailable("its URL is malformed: write the password percent-encoded, @ as %40 and / as %2F")
    match parsed.get_backend_name():
        case "sqlite" if parsed.database in (None, "", ":memory:"):
            raise StoreUnavailable("an in-memory database is lost at the next start: name a file, sqlite:///path")
        case "sqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            possible = "sqlite:///path or postgresql://host/name"
            raise StoreUnavailable(f"the database must be SQLite or PostgreSQL: {possible}")


def connect_args(url: URL) -> dict[str, Any]:
    """Return driver arguments for `url` that limit every wait."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_MS / 1000}
    # SQLAlchemy copies the driver's names, which do not exist before the driver's postponed code has run.
    _ = psycopg.connect
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": STATEMENT_MS,
        "options": server_options(url, lock_timeout=BUSY_MS, statement_timeout=STATEMENT_MS),
    }


def server_options(url: URL, **settings: int) -> str:
    """Return a PostgreSQL session's options; those of the URL come last, because an argument would hide them."""
    own = " ".join(url.normalized_query.get("options", ()))
    return " ".join([*(f"-c {name}={value}" for name, value in settings.items()), "-c timezone=UTC", own]).rstrip()


def prepare_sqlite(connection: Any, *, read_only: bool = False) -> None:
    """Prepare one SQLite connection, sync or async; `read_only` keeps the settings of the file.

    synchronous=FULL: an event is acknowledged, and a plan claimed, once its row is committed. NORMAL survives a killed
    process but may lose the last commits with the machine, and nobody would send the event again. It costs one flush
    per commit, and a request needs only a few commits.

    secure_delete=ON: what is deleted or redacted is overwritten with zeros, and does not stay in unused pages.
    """
    # The driver would begin transactions itself, and only before some statements.
    connection.isolation_level = None
    writing = () if read_only else ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON")
    try:
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_MS}", *writing):
            cursor.execute(f"PRAGMA {pragma}")
        if not read_only:
            _write_ahead(cursor)
        cursor.close()
    except BaseException:
        # SQLAlchemy drops a connection that cannot be prepared without closing it.
        connection.close()
        raise


def _write_ahead(cursor: Any) -> None:
    """Set the mode of the journal, which the file keeps. SQLite does not wait while another connection sets it too."""
    for left in reversed(range(_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        # A transaction waits until the other one is done.
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("COMMIT")


class DatabaseFile:
    """Detects that the database file was deleted or replaced: SQLite keeps writing into a deleted file."""

    def __init__(self, url: URL) -> None:
        kept = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith(("file:", ":"))
        self._path = Path(str(url.database)) if kept else None
        self._known: tuple[int, int] | None = None

    @property
    def known(self) -> bool:
        """Return whether the file was checked before."""
        return self._known is not None

    def make_private(self) -> None:
        """Create a missing file with access for its owner only: it will hold pasted texts. May block."""
        if self._path is not None:
            # Opening the file reports any obstacle.
            with suppress(OSError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))

    def check(self) -> None:
        """Check the file with one stat, which takes microseconds. Raise `StoreUnreachable`."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
        except OSError:
            raise StoreUnreachable("the database file is gone: it was deleted while Casebook was running") from None
        found = (status.st_dev, status.st_ino)
        if found != (self._known or found):
            raise StoreUnreachable("the database file was replaced while Casebook was running")
        self._known = found


class Database:
    """Runs transactions on one engine; library errors leave it as `StoreUnavailable`."""

    def __init__(self, url: URL, *, engine: AsyncEngine | None = None, schema: str = "") -> None:
        """Open the database lazily. An `engine` is shared, its owner closes it; its tables are those of `schema`."""
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self._schema, self._owns = schema, engine is None
        self._writing = asyncio.Lock()
        self._threads = SqliteThreads(_sqlite_engine(url), writes={_WRITES: True}) if self.sqlite else None
        self._engine = None if self.sqlite else engine or _made(create_async_engine, url, pool_pre_ping=True)
        # What the current writer changes and since when, for the error of those who wait for it.
        self._holder = ("", 0.0)
        self._batch: list[tuple[Body, asyncio.Future[Any]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._file = DatabaseFile(url)
        self._closed = False

    def within(self, schema: str) -> Database:
        """Return the same PostgreSQL database with the tables of another schema, over the same connections."""
        assert self._engine is not None
        engine = self._engine.execution_options(schema_translate_map={None: schema})
        return Database(self.url, engine=engine, schema=schema)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction with one consistent view."""
        with _TranslatedErrors(self):
            if self._threads is not None:
                async with self._threads.read() as connection:
                    yield connection
                return
            assert self._engine is not None
            # PostgreSQL's default isolation shows each statement of a transaction a different state.
            reader = self._engine.execution_options(isolation_level="REPEATABLE READ")
            async with reader.connect() as connection, connection.begin():
                yield connection

    async def query(self, body: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        """Run `body` as `read` would, together with others that wait, and return its result.

        It awaits nothing but its connection.
        """
        if self._threads is not None:
            with _TranslatedErrors(self):
                result: T = await self._threads.query(body)
                return result
        async with self.read() as connection:
            return await body(connection)

    @asynccontextmanager
    async def write(self, *about: str) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that excludes others about the same item; commit at the end or roll back."""
        if self._threads is not None:
            async with self._turn(about[0] if about else "rows"):
                with _TranslatedErrors(self):
                    async with self._threads.write() as connection:
                        yield connection
            return
        assert self._engine is not None
        with _TranslatedErrors(self):
            async with self._engine.begin() as connection:
                if about:
                    await connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key((self._schema, *about))}
                    )
                yield connection

    async def transact(self, body: Callable[[AsyncConnection], Coroutine[Any, Any, T]], *about: str) -> T:
        """Run `body` as `write` would, and commit it together with others that wait: return once it is durable.

        It awaits nothing but its connection.
        """
        if self._threads is None:
            async with self.write(*about) as connection:
                return await body(connection)
        self.check_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._batch.append((body, done))
        if self._committing is None or self._committing.done():
            self._committing = loop.create_task(self._commit_batches(about[0] if about else "rows"))
        try:
            async with asyncio.timeout(QUEUE_SECONDS + BUSY_MS / 1000):
                return await done
        except TimeoutError:
            raise StoreLocked(f"{OWN_WRITES}: {len(self._batch)} writes wait") from None

    async def _commit_batches(self, what: str) -> None:
        """Commit what waits, batch by batch; further bodies gather while one is committed."""
        while self._batch:
            taken: list[tuple[Body, asyncio.Future[Any]]] = []
            try:
                async with self._turn(what):
                    taken, self._batch = self._batch[:_LARGEST_BATCH], self._batch[_LARGEST_BATCH:]
                    with _TranslatedErrors(self):
                        assert self._threads is not None
                        outcomes = await self._threads.write_all([body for body, _ in taken])
            except StoreUnavailable as error:
                if not taken:
                    # They waited for the turn long enough.
                    taken, self._batch = self._batch, []
                outcomes = [error] * len(taken)
            broken = (SQLAlchemyError, OSError)
            settle(taken, [translated_error(each) if isinstance(each, broken) else each for each in outcomes])

    async def ping(self) -> None:
        """Raise `StoreUnavailable` unless a write could begin now. Only a real write detects a full disk."""
        async with self.write() as connection:
            if self.sqlite:
                await connection.exec_driver_sql(PROBE)
                await connection.rollback()
            elif (await connection.scalar(text("SHOW transaction_read_only"))) == "on":
                raise StoreReadOnly
        self._file.check()

    def check_open(self) -> None:
        """Raise StoreUnreachable once it is closed: jobs of a workspace that is not served any more may still run."""
        if self._closed:
            raise StoreUnreachable("the database is closed: its workspace is not served any more")

    async def close(self) -> None:
        if self._committing is not None:
            # What was given to it is committed or refused before its threads end.
            await asyncio.wait([self._committing])
        self._closed = True
        if self._threads is not None:
            await self._threads.close()
        if self._engine is not None and self._owns:
            await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self, what: str) -> AsyncIterator[None]:
        # SQLite's waiters poll without a queue; this process's writers queue here, so that none starves.
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._writing.acquire()
        except TimeoutError:
            holder, held = self._holder[0], loop.time() - self._holder[1]
            queued = f"a write of {what} waited behind one of {holder}, {held:.1f} s old"
            raise StoreLocked(f"{OWN_WRITES}: {queued}") from None
        self._holder = (what, loop.time())
        try:
            yield
        except StoreLocked as error:
            raise StoreLocked(f"{error}: a write of {what} could not begin or end") from None
        finally:
            self._writing.release()


@asynccontextmanager
async def opened(url: URL) -> AsyncIterator[Database]:
    """Open a database, and close it at the end."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


class _TranslatedErrors:
    """Translates library errors into ours and drops the original, because its text quotes values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.check_open()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SQLAlchemyError | OSError):
            raise translated_error(error) from None


def _made(make: Callable[..., T], url: URL, **options: Any) -> T:
    try:
        return make(url, connect_args=connect_args(url), hide_parameters=True, pool_timeout=CONNECT_SECONDS, **options)
    except (ArgumentError, NoSuchModuleError):
        raise StoreUnavailable("its URL is malformed: sqlite:///path or postgresql://host/name") from None


def _sqlite_engine(url: URL) -> Engine:
    engine = _made(create_engine, url)
    read_only = url.query.get("mode") == "ro"
    event.listen(engine, "connect", lambda connection, _: prepare_sqlite(connection, read_only=read_only))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first cannot safely upgrade to a write: writers take the lock at BEGIN.
    immediate = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _lock_key(about: tuple[str, ...]) -> int:
    digest = hashlib.blake2b("\0".join(about).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
