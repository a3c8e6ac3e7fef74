"""The SQLite functions that the engine requires, on any SQLite version."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from dbos import DBOS, DBOSClient

from bot.jobs.engine import DatabaseDeadline, JsonSerializer, create_engine
from bot.jobs.ledger import APPLICATION, SCHEMA
from bot.store.database import parse_url


def test_a_row_gets_its_time_by_default_as_dbos_declares_it_from_python_312_on(tmp_path: Path) -> None:
    engine = create_engine(parse_url(f"sqlite:///{tmp_path / 'jobs.db'}"), DatabaseDeadline())
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE job (id, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        connection.exec_driver_sql("INSERT INTO job (id) VALUES (1)")
        at = connection.exec_driver_sql("SELECT at FROM job").scalar_one()
    engine.dispose()

    assert at == pytest.approx(time.time() * 1000, abs=60_000)
    # Rounded to the millisecond.
    assert at == pytest.approx(round(at), abs=0.01)


def test_the_engine_has_no_public_way_yet_to_recover_the_jobs_of_dead_executors() -> None:
    """Fails once `Jobs.adopt` can do without `DBOS._recover_pending_workflows`, or once that is gone."""
    recovering = {name for name in (*dir(DBOS), *dir(DBOSClient)) if "recover" in name}
    assert recovering == {"_recover_pending_workflows"}, "use the public way in bot.jobs.jobs.Jobs.adopt"


@pytest.mark.parametrize("database", ["sqlite"])
async def test_resuming_a_job_still_forgets_how_often_it_was_recovered(
    killed: Callable[..., None], jobs_url: str
) -> None:
    """Fails once `DBOSClient.resume_workflows` may take the place of `_recover_pending_workflows` in `Jobs.adopt`."""
    await asyncio.to_thread(killed)
    file = jobs_url.removeprefix("sqlite:///")
    row = "workflow_status WHERE workflow_uuid = 'in-step'"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE {row.replace(' WHERE', ' SET recovery_attempts = 7 WHERE')}")
    engine = create_engine(parse_url(jobs_url), DatabaseDeadline())
    client = DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=SCHEMA,
        serializer=JsonSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )
    await asyncio.to_thread(client.resume_workflows, ["in-step"])
    client.destroy()
    engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute(f"SELECT recovery_attempts FROM {row}").fetchone() == (0,)
