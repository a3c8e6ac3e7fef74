"""Run every test of jobs on both databases, with real processes to kill."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.jobs import JOBS_VERSION, Jobs
from bot.store import Store, open_store
from tests import databases
from tests.jobs.world import World
from tests.postgres import database, migrated, postgres

# Used as fixtures, by name.
__all__ = ["database", "migrated", "postgres"]

ROOT = Path(__file__).parents[2]

Launch = Callable[..., Awaitable[Jobs]]


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of the store's database, without rows."""
    if database == "sqlite":
        return databases.empty(tmp_path / "casebook.db", of=databases.STORE)
    server_url: str = request.getfixturevalue("migrated")
    with psycopg.connect(server_url) as connection:
        connection.execute("DELETE FROM outbox")
        if connection.execute("SELECT to_regnamespace('casebook_jobs')").fetchone() != (None,):
            for table in ("operation_outputs", "workflow_input", "workflow_output", "workflow_status"):
                connection.execute(f"DELETE FROM casebook_jobs.{table}".encode())
    return server_url


@pytest.fixture
def jobs_url(url: str, tmp_path: Path) -> str:
    """Jobs have a file of their own, so that neither waits for the other's lock."""
    return databases.empty(tmp_path / "jobs.db", of=databases.JOBS) if url.startswith("sqlite") else url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path, store: Store) -> World:
    return World(tmp_path, store)


@pytest.fixture
async def launch(jobs_url: str, world: World) -> AsyncIterator[Launch]:
    """Launch jobs, and close them at the end if the test has not."""
    launched: list[Jobs] = []

    async def launch(**options: Any) -> Jobs:
        jobs = Jobs(**{"url": jobs_url, "executor": "here", "workflows": world.workflows, **options})
        await jobs.launch()
        launched.append(jobs)
        return jobs

    yield launch
    for jobs in launched:
        await jobs.close(drain=0)


@pytest.fixture(scope="session")
def driver() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.jobs.driver"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@pytest.fixture
def killed(driver: subprocess.Popen[str], url: str, jobs_url: str, tmp_path: Path) -> Callable[..., None]:
    """Run a process that starts jobs and is killed while they are in flight."""

    def run(*, executor: str = "here", version: str = JOBS_VERSION) -> None:
        assert driver.stdin is not None
        assert driver.stdout is not None
        asked = {"url": url, "jobs_url": jobs_url, "directory": str(tmp_path), "executor": executor}
        driver.stdin.write(json.dumps({**asked, "version": version}) + "\n")
        driver.stdin.flush()
        assert json.loads(driver.stdout.readline()) == {"signal": 9}

    return run
