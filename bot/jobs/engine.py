"""Set up the engine's database: its settings, its JSON format, and time limits for waiting on it."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import psycopg
import sqlalchemy as sa
from dbos import Serializer
from sqlalchemy import URL, event

from bot.common.redaction import stored_json
from bot.jobs.contract import JobsUnavailable, StepFailed
from bot.store.database import CONNECT_SECONDS, STATEMENT_MS, connect_args, prepare_sqlite, server_options

_ERROR: Final = "$failed"
# From Python 3.12 on DBOS requires unixepoch('subsec'), which SQLite has since this version.
_KNOWS_SUBSEC: Final = (3, 42)


class JsonSerializer(Serializer):
    """Stores plain JSON instead of pickles: nothing in the file can run, and a person can read it.

    All inputs, results and recorded steps of jobs pass here, and are redacted. Of an error only the type is kept,
    because its text may quote pasted texts.
    """

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {_ERROR: type(data).__name__}
        return json.dumps(stored_json(data), separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        return StepFailed(data[_ERROR]) if isinstance(data, dict) and set(data) == {_ERROR} else data

    def name(self) -> str:
        return "casebook_json"


@dataclass(slots=True)
class DatabaseDeadline:
    """A deadline (monotonic clock) for one piece of work with the database.

    The engine retries a locked or lost database for ever. That is right for a job in flight and wrong for one that is
    not promised yet: after the deadline the next statement of that work raises an error.
    """

    until: float = math.inf

    @classmethod
    def of(cls, seconds: float) -> DatabaseDeadline:
        """Return a deadline that many seconds from now."""
        return cls(until=time.monotonic() + seconds)

    @property
    def ended(self) -> bool:
        """Return whether the deadline has passed."""
        return time.monotonic() >= self.until


# Inherited by everything that runs for the caller, including threads of `asyncio.to_thread` and started jobs.
DEADLINE: Final[ContextVar[DatabaseDeadline | None]] = ContextVar("casebook_patience", default=None)


class DeadlinePassed(JobsUnavailable):
    """The deadline has passed; raised inside the engine's retries to end them."""


def create_engine(url: URL, closing: DatabaseDeadline) -> sa.Engine:
    """Create the database engine for DBOS; `closing` ends all work with it."""
    sqlite = url.get_backend_name() == "sqlite"
    engine = sa.create_engine(
        url,
        connect_args=connect_args(url) if sqlite else _postgres_args(url),
        hide_parameters=True,
        # SQLite's waiters race for its lock with ever longer sleeps; threads that wait for a connection queue. With ten
        # connections a burst of 200 starts took twice as long, and some of them over a second.
        pool_size=2 if sqlite else 10,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=not sqlite,
    )
    if sqlite:
        event.listen(engine, "connect", _prepare)

    def impatient(*_args: Any) -> None:
        patience = DEADLINE.get()
        if closing.ended or (patience is not None and patience.ended):
            raise DeadlinePassed("the job could not be recorded in time")

    def unreachable(context: sa.ExceptionContext) -> None:
        # The engine retries a lost connection, and knows it by some of the driver's texts. It misses a server's absent
        # socket and an unresolved host name: a job in flight would fail while the server restarts.
        if context.connection is None and isinstance(context.original_exception, psycopg.OperationalError):
            impatient()
            context.is_disconnect = True

    event.listen(engine, "before_cursor_execute", impatient)
    if not sqlite:
        event.listen(engine, "handle_error", unreachable)
    return engine


def _postgres_args(url: URL) -> dict[str, Any]:
    # No lock_timeout: the engine waits for its own rows on purpose. A statement that takes this long fails its job.
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": STATEMENT_MS,
        "options": server_options(url, statement_timeout=10_000, idle_in_transaction_session_timeout=60_000),
    }


def _prepare(connection: Any, _record: Any) -> None:
    prepare_sqlite(connection)
    if sqlite3.sqlite_version_info < _KNOWS_SUBSEC:
        # Debian 12 has an older SQLite, where each row's default time would be NULL and rejected.
        connection.create_function("unixepoch", 1, _unixepoch)
    # The engine expects the driver to begin its transactions, as writers.
    connection.isolation_level = "IMMEDIATE"


def _unixepoch(modifier: str) -> float | None:
    """Return seconds since 1970 to the millisecond, like SQLite's own function for the only modifier in use."""
    return round(time.time(), 3) if modifier == "subsec" else None


def route_logs() -> None:
    """Route the engine's logs through the root logger, which redacts, instead of its own handler on stderr."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        # The engine adds no handler if one exists.
        logger.addHandler(logging.NullHandler())
    logger.propagate = True
    for known in [known for known in logger.filters if isinstance(known, _EngineLogFilter)]:
        logger.removeFilter(known)
    logger.addFilter(_EngineLogFilter())


class _EngineLogFilter(logging.Filter):
    """Drops engine logs that repeat ours or are expected, and shortens the others to their first line.

    While its database is away the engine logs several times a second: a repeated line is dropped for half a minute.
    """

    _AGAIN_SECONDS: ClassVar = 30.0
    _ALIKE: ClassVar = 40  # characters before the variable part of a line

    _DROPPED: ClassVar = (
        "Exception encountered in asynchronous workflow",
        "Asyncio task cancelled for workflow",
        "DBOS failed to launch",
        # A late redelivery starts a recovered job again.
        "Workflow already exists in queue",
    )

    def __init__(self) -> None:
        super().__init__()
        self._logged: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "\n" in message:
            record.msg, record.args = message.partition("\n")[0], ()
        now = time.monotonic()
        before = self._logged.get(message[: self._ALIKE])
        if message.startswith(self._DROPPED) or (before is not None and now - before < self._AGAIN_SECONDS):
            return False
        self._logged[message[: self._ALIKE]] = now
        return True
