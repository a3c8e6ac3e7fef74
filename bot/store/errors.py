"""Define the errors of a database, and translate SQLAlchemy's and its drivers' so that they stay in this package.

    StoreUnavailable
    ├── StoreLocked        another process holds it longer than we may wait
    ├── StoreFull          no space left on the disk or in the tablespace
    ├── StoreReadOnly      it can be read, not written
    ├── StoreUnreachable   missing directory or server, refused, gone away
    ├── StoreTooNew        a newer Casebook has migrated it
    └── StoreDamaged       the file is damaged or not a database

The driver's own texts are dropped on purpose: they quote statements, values and connection strings, which here are
pasted texts and passwords. `str()` is one clear line that says what to do.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sqlalchemy.exc import SQLAlchemyError


class StoreUnavailable(Exception):
    """The database cannot be used now. `str()` is one clear line without values."""

    usual: ClassVar[str] = "the database failed"

    def __init__(self, says: str = "") -> None:
        super().__init__(says or self.usual)


class StoreLocked(StoreUnavailable):
    """Another process holds the lock for too long."""

    usual = "the database is locked by another process for longer than Casebook waits"


class StoreFull(StoreUnavailable):
    """No space left on the disk or in the tablespace."""

    usual = "the database cannot grow: no space left on its disk"


class StoreReadOnly(StoreUnavailable):
    """The database can be read but not written."""

    usual = "the database is read-only: Casebook cannot write to it"


class StoreUnreachable(StoreUnavailable):
    """The file or server does not exist, refuses the connection or has gone away."""

    usual = "the database cannot be reached: check that it exists, runs and accepts Casebook"


class StoreTooNew(StoreUnavailable):
    """A newer Casebook has migrated the database; `present` is its schema, `expected` the newest known one."""

    usual = "the database was migrated by a newer Casebook: start that version, or use another database"

    def __init__(self, *, present: str = "", expected: str = "") -> None:
        versions = f" (its schema is {present}, this program's {expected})" if present else ""
        super().__init__(self.usual.replace(":", f"{versions}:", 1))


class StoreDamaged(StoreUnavailable):
    """The file is damaged or not a database."""

    usual = "the database file is damaged or is not a database: restore a backup, or move it to start with an empty one"


# SQLite numbers its errors (low byte of the code), PostgreSQL uses SQLSTATE (two characters for the class).
_SQLITE: Final = {
    3: StoreUnreachable,  # PERM
    5: StoreLocked,  # BUSY
    6: StoreLocked,  # LOCKED
    8: StoreReadOnly,  # READONLY
    10: StoreUnreachable,  # IOERR
    11: StoreDamaged,  # CORRUPT
    13: StoreFull,  # FULL
    14: StoreUnreachable,  # CANTOPEN
    23: StoreUnreachable,  # AUTH
    26: StoreDamaged,  # NOTADB
}
_POSTGRES: Final = {
    "25006": StoreReadOnly,  # read_only_sql_transaction
    "42501": StoreUnreachable,  # insufficient_privilege: may not create tables
    "40001": StoreLocked,  # serialization_failure
    "40P01": StoreLocked,  # deadlock_detected
    "53100": StoreFull,  # disk_full
    "55P03": StoreLocked,  # lock_not_available
    "57014": StoreLocked,  # query_canceled: our own statement_timeout
}
_POSTGRES_CLASSES: Final = {
    "08": StoreUnreachable,  # connection exceptions
    "28": StoreUnreachable,  # invalid authorization
    "3D": StoreUnreachable,  # no such database
    "53": StoreUnreachable,  # too many connections, out of memory
    "57": StoreUnreachable,  # shut down, starting up
    "58": StoreFull,  # system errors: could not extend, write or fsync a file
}


def translated_error(error: SQLAlchemyError | OSError) -> StoreUnavailable:
    """Translate a library's error into ours, without its text."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _SQLITE.get(code & 0xFF, StoreUnavailable)(_unexpected(error) if (code & 0xFF) not in _SQLITE else "")
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        known = _POSTGRES.get(state) or _POSTGRES_CLASSES.get(state[:2])
        return known() if known else StoreUnavailable(f"{_unexpected(error)} {state}")
    if isinstance(error, OSError) or type(original).__name__ in ("OperationalError", "ConnectionTimeout"):
        return StoreUnreachable()
    return StoreUnavailable(_unexpected(error))


def _unexpected(error: Exception) -> str:
    name = type(getattr(error, "orig", None) or error).__name__
    return f"{StoreUnavailable.usual} with an unexpected {name}"
