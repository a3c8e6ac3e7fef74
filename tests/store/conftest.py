"""Every test of the store runs on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.store import Store, open_store
from bot.store.tables import METADATA
from tests import databases
from tests.postgres import Server, database, migrated, postgres

# Used as fixtures, by name.
__all__ = ["database", "migrated", "postgres"]

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


@pytest.fixture
def new_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / 'casebook.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without rows."""
    if database == "sqlite":
        return databases.empty(tmp_path / "casebook.db", of=databases.STORE)
    shared: str = request.getfixturevalue("migrated")
    with psycopg.connect(shared) as connection:
        # Bypasses the triggers that protect the audit.
        connection.execute("SET session_replication_role = replica")
        for table in METADATA.tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    return shared


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    return NOW
