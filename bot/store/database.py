"""One database behind all repositories: how it is opened, what a transaction is, what its failures are called.

A transaction is short and never spans a network call to anyone else. Writes that first look and then decide do so under
one lock: SQLite's write lock is taken at BEGIN, PostgreSQL takes an advisory lock on the name of what is decided about.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.errors import StoreLocked, StoreReadOnly, StoreUnavailable, StoreUnreachable, translated

BUSY_MS: Final = 1000  # how long one statement waits for another process's lock
QUEUE_SECONDS: Final = 1.0  # how long a write waits for this process's other writes: Slack waits three seconds in all
STATEMENT_MS: Final = 5000
CONNECT_SECONDS: Final = 3

# Rolled back. BEGIN IMMEDIATE alone succeeds on a read-only SQLite database.
PROBE: Final = "CREATE TABLE casebook_probe (probed)"

_WRITES: Final = "casebook_writes"


def parse_url(url: str) -> URL:
    """`url` as SQLAlchemy's, with the driver Casebook ships where none is named. Raises `StoreUnavailable`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter from a port that is no number
        raise StoreUnavailable("its URL is malformed: sqlite:///path or postgresql://host/name") from None
    if "@" in f"{parsed.host}{parsed.database}" and parsed.get_backend_name() != "sqlite":
        # What is taken for the host begins with the rest of the password, and would be shown.
        raise StoreUnavailable("its URL is malformed: the password is written percent-encoded, @ as %40 and / as %2F")
    match parsed.get_backend_name():
        case "sqlite" if parsed.database in (None, "", ":memory:"):
            raise StoreUnavailable("a database in memory is lost at the next start: name a file, sqlite:///path")
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise StoreUnavailable(
                "the database must be SQLite or PostgreSQL: sqlite:///path or postgresql://host/name"
            )


def connect_args(url: URL) -> dict[str, Any]:
    """Bounds on every wait, for the driver of `url`."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_MS / 1000}
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": STATEMENT_MS,
        "options": server_options(url, lock_timeout=BUSY_MS, statement_timeout=STATEMENT_MS),
    }


def server_options(url: URL, **settings: int) -> str:
    """A PostgreSQL session's settings, those of the URL's own `options` last: an argument would hide them."""
    own = " ".join(url.normalized_query.get("options", ()))
    return " ".join([*(f"-c {name}={value}" for name, value in settings.items()), "-c timezone=UTC", own]).rstrip()


def prepare_sqlite(connection: Any, *, read_only: bool = False) -> None:
    """Settings of one SQLite connection, sync or async alike; `read_only` leaves the file's own as they are.

    synchronous=FULL: an event is acknowledged, and a plan claimed, once its row is committed. NORMAL would survive a
    killed process but may lose the last commits with the machine, and nobody would send the event again. It costs one
    flush a commit, on a handful of commits a request.
    """
    # The driver would begin transactions by itself, and only before some statements.
    connection.isolation_level = None
    writing = () if read_only else ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL")
    try:
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_MS}", *writing):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        # SQLAlchemy lets go of a connection that cannot be prepared, and closes it not.
        connection.close()
        raise


class DatabaseFile:
    """Tells whether the file is still the one that was opened: SQLite goes on writing into a deleted one."""

    def __init__(self, url: URL) -> None:
        kept = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith(("file:", ":"))
        self._path = Path(str(url.database)) if kept else None
        self._known: tuple[int, int] | None = None

    @property
    def known(self) -> bool:
        """Whether it was checked before."""
        return self._known is not None

    def make_private(self) -> None:
        """Create it, if it is not there, for nobody else to read: it holds what people pasted. May block."""
        if self._path is not None:
            # What stands in the way, opening it names.
            with suppress(OSError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))

    def check(self) -> None:
        """A stat, which takes microseconds. Raises `StoreUnreachable`."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
        except OSError:
            raise StoreUnreachable("the database file is gone: it was deleted under the running program") from None
        found = (status.st_dev, status.st_ino)
        if found != (self._known or found):
            raise StoreUnreachable("the database file was replaced under the running program")
        self._known = found


class Database:
    """Transactions on one engine. Library errors leave here as `StoreUnavailable`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self._writing = asyncio.Lock()
        self._engine = _engine(url)
        # PostgreSQL's default shows every statement of a transaction another state.
        self._reader = (
            self._engine if self.sqlite else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._file = DatabaseFile(url)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view."""
        with _translating():
            async with self._reader.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self, *about: str) -> AsyncIterator[AsyncConnection]:
        """A transaction alone with all others about the same thing; committed at the end, or not at all."""
        if self.sqlite:
            async with self._turn(), self._begin() as connection:
                yield connection
            return
        async with self._begin() as connection:
            if about:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key(about)})
            yield connection

    async def ping(self) -> None:
        """Raises `StoreUnavailable` unless a write could begin now. That the disk is full only a write can tell."""
        async with self.write() as connection:
            if self.sqlite:
                await connection.exec_driver_sql(PROBE)
                await connection.rollback()
            elif (await connection.scalar(text("SHOW transaction_read_only"))) == "on":
                raise StoreReadOnly
        self._file.check()

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        with _translating():
            async with self._engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        # SQLite's waiters poll without a queue: this process's own writers line up here, so that none of them starves.
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._writing.acquire()
        except TimeoutError:
            raise StoreLocked from None
        try:
            yield
        finally:
            self._writing.release()


class _translating:
    """Turns what the libraries raise into ours, and forgets the original: its text quotes values."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SQLAlchemyError | OSError):
            raise translated(error) from None


def _engine(url: URL) -> AsyncEngine:
    try:
        engine = create_async_engine(
            url,
            connect_args=connect_args(url),
            hide_parameters=True,
            pool_pre_ping=url.get_backend_name() != "sqlite",
            pool_timeout=CONNECT_SECONDS,
        )
    except (ArgumentError, NoSuchModuleError):
        raise StoreUnavailable("its URL is malformed") from None
    if url.get_backend_name() == "sqlite":
        read_only = url.query.get("mode") == "ro"
        event.listen(
            engine.sync_engine, "connect", lambda connection, _: prepare_sqlite(connection, read_only=read_only)
        )
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later cannot be upgraded safely: writers take the lock at once.
    immediate = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _lock_key(about: tuple[str, ...]) -> int:
    digest = hashlib.blake2b("\0".join(about).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
