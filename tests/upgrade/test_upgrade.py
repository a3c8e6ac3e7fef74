"""Open the databases that released versions wrote: they are migrated, and every row is read as it was written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.store import SchemaState, inspect_store, open_store
from bot.store.database import parse_url
from bot.store.migration import VERSION_TABLE, begun, migrate
from bot.store.tables import METADATA
from tests.upgrade.rows import read, write

RECORDED = sorted(Path(__file__).parent.glob("*.sql"))


def restored(recorded: Path, file: Path) -> str:
    """Restore a recorded database. Return its URL."""
    with sqlite3.connect(file) as database:
        database.executescript(recorded.read_text("utf-8"))
    database.close()
    return f"sqlite:///{file}"


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda file: file.stem)
async def test_rows_of_a_released_version_are_read_as_they_were_written(tmp_path: Path, recorded: Path) -> None:
    url = restored(recorded, tmp_path / "casebook.db")
    async with open_store(f"sqlite:///{tmp_path / 'new.db'}") as store:
        await write(store)
        written = await read(store)

    async with open_store(url) as store:
        found = await read(store)

    assert found == written
    assert [name for name, value in written.items() if not value] == []
    assert (await inspect_store(url)).schema is SchemaState.SAME


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda file: file.stem)
def test_a_migrated_database_has_the_tables_of_a_new_one(tmp_path: Path, recorded: Path) -> None:
    url = parse_url(restored(recorded, tmp_path / "casebook.db"))
    migrate(url)
    with begun(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []


def test_the_first_release_is_recorded() -> None:
    assert "0.1.0" in [file.stem for file in RECORDED]
