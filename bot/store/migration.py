"""Bring the database to this release's schema, and look at it for `casebook doctor` without changing anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from bot.store.audit_log import file_of, read_only
from bot.store.database import DatabaseFile, connect_args, opened, parse_url, prepare_sqlite
from bot.store.errors import StoreTooNew, translated_error
from bot.store.tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

_log: Final = logging.getLogger(__name__)

# Not alembic's default name: other applications may have tables in the same database.
VERSION_TABLE: Final = "casebook_schema"
# The newest revision in `migrations/versions`; a database at this revision needs no script to be read.
HEAD: Final = "0002"
# Any constant: the lock that serialises migrations of one database.
_TURN: Final = 0x6361_7365_626F_6F6B
# Another process that starts may be migrating: longer than the wait of an ordinary write.
_WAIT_MS: Final = 5_000


def migrate(url: URL, schema: str = "") -> None:
    """Migrate the database; blocking. Raise `StoreUnavailable`, or `StoreTooNew` if a newer program migrated it.

    With a `schema`, which is created if it is missing, migrate the tables of that schema of a PostgreSQL database.
    """
    DatabaseFile(url).make_private()
    # All or nothing: both databases change schemas in transactions.
    with begun(url) as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
        if schema:
            connection.execute(CreateSchema(schema, if_not_exists=True))
            connection.execute(text("SELECT set_config('search_path', :schema, true)"), {"schema": schema})
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    """Run the missing migrations."""
    present = _present(connection)
    if present == (HEAD,):
        return
    if not present:
        _create(connection)
        return
    from alembic import command  # noqa: PLC0415 - 9 MiB, which a start on a migrated database does without

    if not set(present) <= known_revisions():
        raise StoreTooNew(present=", ".join(present), expected=HEAD)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _log.info("database_migrated schema=%s", HEAD)


# The database itself refuses changes of the audit. SQLite's REPLACE deletes without firing a DELETE trigger, hence the
# third trigger; PostgreSQL's TRUNCATE likewise.
_SQLITE_GUARDS: Final = (
    """CREATE TRIGGER audit_keeps_entries BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_replaces_nothing BEFORE INSERT ON audit
       WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
)
_POSTGRES_GUARDS: Final = (
    """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_keeps_entries BEFORE UPDATE OR DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    """CREATE TRIGGER audit_loses_nothing BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
)


def _create(connection: Connection) -> None:
    """Create all tables in an empty database, with alembic's record of their revision."""
    METADATA.create_all(connection, checkfirst=False)
    guards = _SQLITE_GUARDS if connection.dialect.name == "sqlite" else _POSTGRES_GUARDS
    of_revision = f"version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"
    record = (f"CREATE TABLE {VERSION_TABLE} ({of_revision})", f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')")
    for statement in (*guards, *record):
        connection.exec_driver_sql(statement)
    _log.info("database_created schema=%s", HEAD)


def _present(connection: Connection) -> tuple[str, ...]:
    """Return the revisions that the database is at; () if it has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ()
    return tuple(map(str, connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))))


def known_revisions() -> frozenset[str]:
    """Return the revisions that this program can migrate from; blocking, because it reads files."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    return frozenset(revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@contextmanager
def begun(url: URL) -> Iterator[Connection]:
    """Open a transaction with the settings of every other connection; blocking, because alembic is synchronous."""
    engine = create_engine(url, connect_args=connect_args(url), hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: _prepare(connection))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise translated_error(error) from None
    finally:
        engine.dispose()


def _prepare(connection: Any) -> None:
    prepare_sqlite(connection)
    connection.execute(f"PRAGMA busy_timeout={_WAIT_MS}")


_MAY_WRITE: Final = "SELECT NOT pg_is_in_recovery() AND has_schema_privilege(current_schema(), 'CREATE')"


class SchemaState(StrEnum):
    """The schema of a database compared with this program's."""

    NONE = "none"
    """There are no tables yet; the first start creates them."""
    OLDER = "older"
    """The next start migrates it."""
    SAME = "same"
    NEWER = "newer"
    """A newer program has migrated it; this one must not use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInspection:
    """The state of a database. `present` is its revision ("" for none), `expected` this program's.

    `writable` is PostgreSQL's answer; for a file check its directory.
    """

    schema: SchemaState
    present: str
    expected: str = HEAD
    writable: bool = True


async def inspect_store(url: str) -> StoreInspection:
    """Inspect the database at `url` without creating or migrating it. Raise `StoreUnavailable`."""
    parsed = parse_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    place = read_only(parsed)
    if sqlite:
        file = file_of(parsed)
        if not await asyncio.to_thread(Path(file).exists):
            return StoreInspection(schema=SchemaState.NONE, present="")
        if not await asyncio.to_thread(Path(f"{file}-wal").exists):
            # No process has it open. Without this option SQLite leaves two files owned by us that others cannot write
            # to.
            place = place.update_query_dict({"immutable": "1"})
    async with opened(place) as database, database.read() as connection:
        heads = await connection.run_sync(_present)
        writable = sqlite or bool(await connection.scalar(text(_MAY_WRITE)))
    present = ",".join(sorted(heads))
    return StoreInspection(schema=_schema(heads), present=present, writable=writable)


def _schema(heads: tuple[str, ...]) -> SchemaState:
    if heads == (HEAD,):
        return SchemaState.SAME
    if not heads:
        return SchemaState.NONE
    return SchemaState.OLDER if set(heads) <= known_revisions() else SchemaState.NEWER
