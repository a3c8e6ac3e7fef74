"""Migrate a database to this program's schema, once, even if several processes start together."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import DatabaseFile, connect_args, prepare_sqlite
from bot.store.errors import StoreTooNew, translated_error

_log: Final = logging.getLogger(__name__)

# Not alembic's default name: other applications may have tables in the same database.
VERSION_TABLE: Final = "casebook_schema"
# The newest revision in `migrations/versions`; a database at this revision needs no script to be read.
HEAD: Final = "0001"
# Any constant: the lock that serialises migrations of one database.
_TURN: Final = 0x6361_7365_626F_6F6B
# Another process that starts may be migrating: longer than the wait of an ordinary write.
_WAIT_MS: Final = 5_000


def migrate(url: URL) -> None:
    """Migrate the database; blocking. Raise `StoreUnavailable`, or `StoreTooNew` if a newer program migrated it."""
    DatabaseFile(url).make_private()
    engine = _engine(url)
    try:
        # All or nothing: both databases change schemas in transactions.
        with engine.begin() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
            _upgrade(connection)
    except (SQLAlchemyError, OSError) as error:
        raise translated_error(error) from None
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    """Run the missing migrations."""
    present = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()
    if present == (HEAD,):
        return
    if not set(present) <= known_revisions():
        raise StoreTooNew(present=", ".join(present), expected=HEAD)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _log.info("database_migrated schema=%s", HEAD)


def known_revisions() -> frozenset[str]:
    """Return the revisions that this program can migrate from; blocking, because it reads files."""
    return frozenset(revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _engine(url: URL) -> Engine:
    """Return a synchronous engine with the settings of every other connection, because alembic is synchronous."""
    engine = create_engine(url, connect_args=connect_args(url), hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: _prepare(connection))
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare(connection: Any) -> None:
    prepare_sqlite(connection)
    connection.execute(f"PRAGMA busy_timeout={_WAIT_MS}")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
