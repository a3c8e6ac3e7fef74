"""The SQLite functions that the engine requires, on any SQLite version."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.jobs.engine import DatabaseDeadline, create_engine
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
