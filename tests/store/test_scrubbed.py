"""A migration redacts what earlier versions stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import bot.store
from bot.store import open_store
from bot.store.database import parse_url
from tests.store.test_redacted_columns import DOCUMENT, KEY, LINE, PASSWORD

BEFORE = "0004"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WORDS = {"surface": "message", "state": "open"}


async def test_what_earlier_versions_stored_is_redacted(new_url: str) -> None:
    engine = _engine(new_url)
    _migrate(engine, BEFORE)
    _fill(engine)
    assert PASSWORD in _held(engine)

    async with open_store(new_url) as store:
        plan = await store.plans.get("Id")
        (entry,) = await store.audit.entries(since=NOW, limit=10)

    held = _held(engine)
    assert [secret for secret in (KEY, PASSWORD) if secret in held] == []
    if new_url.startswith("sqlite"):
        assert _in_files(Path(new_url.removeprefix("sqlite:///"))) == []
    assert plan is not None
    assert plan.document["approval"] == {"by": "U1", "press": "p.remedy.V1", "view": "V1"}
    assert "beside" in entry.outcome
    # Nobody can change the audit afterwards.
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        connection.execute(sa.text("UPDATE audit SET actor = 'x'"))
    engine.dispose()


@pytest.mark.parametrize(
    ("state", "kept"),
    [("answered", "error: pod web-1 failed"), ("silent", ""), ("open", "hello\nerror: pod web-1 failed")],
)
async def test_texts_of_earlier_versions_are_trimmed_once_answered(new_url: str, state: str, kept: str) -> None:
    engine = _engine(new_url)
    _migrate(engine, BEFORE)
    _fill(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE requests SET state = :state"), {"state": state})
        connection.execute(sa.text("UPDATE request_parts SET text = :text"), {"text": "hello\nerror: pod web-1 failed"})
    engine.dispose()

    async with open_store(new_url) as store:
        request = await store.requests.get("Id")
    assert request is not None
    assert request.text == kept


def _engine(url: str) -> sa.Engine:
    parsed = parse_url(url)
    return sa.create_engine(parsed.set(drivername="sqlite+pysqlite") if url.startswith("sqlite") else parsed)


def _migrate(engine: sa.Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(bot.store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _fill(engine: sa.Engine) -> None:
    """Add a row with credentials to every table."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != "casebook_schema":
                connection.execute(sa.insert(table).values({column.name: _value(column) for column in table.columns}))


def _value(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, sa.JSON):
        approval = {"by": "U1", "token": "p.remedy.V1", "view": "V1"}
        return {**DOCUMENT, "approval": approval} if column.name == "document" else DOCUMENT
    if isinstance(column.type, sa.String):
        return WORDS.get(column.name, "Id" if column.primary_key or column.foreign_keys else LINE)
    if isinstance(column.type, sa.DateTime):
        return NOW
    return 1 if isinstance(column.type, sa.Integer) else False


def _held(engine: sa.Engine) -> str:
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        rows = [list(map(tuple, connection.execute(sa.select(table)).all())) for table in metadata.sorted_tables]
    return json.dumps(rows, default=str, ensure_ascii=False)


def _in_files(file: Path) -> list[str]:
    files = [file, file.with_name(file.name + "-wal")]
    content = b"".join(each.read_bytes() for each in files if each.exists())
    return [secret for secret in (KEY, PASSWORD) if secret.encode() in content]
