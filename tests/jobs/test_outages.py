"""Databases that are locked, full, read-only or gone: nothing is promised, and later jobs work again."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.jobs import JobRun, Jobs, JobsUnavailable
from bot.jobs.ledger import ASKING
from intents.domain import Json
from tests.jobs.conftest import Launch
from tests.jobs.world import SECRET, World
from tests.postgres import Server, running_server
from tests.sqlite import sqlite_setting
from tests.waiting import until

PAYLOAD: Json = {"text": SECRET + "the pod is not ready\n" * 5_000}
only_sqlite = pytest.mark.parametrize("database", ["sqlite"])
only_postgresql = pytest.mark.parametrize("database", ["postgresql"])


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the lock that recording a job needs."""
    if url.startswith("sqlite"):
        holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.rollback()
        holder.close()
    else:
        with psycopg.connect(url) as server:
            server.execute("LOCK TABLE casebook_jobs.workflow_status IN ACCESS EXCLUSIVE MODE")
            yield


async def refused(jobs: Jobs, *, within: float = 1.5) -> str:
    """Return the error of starting a job within its time limit."""
    began = time.monotonic()
    with pytest.raises(JobsUnavailable) as raised:
        await jobs.start("answer", "Ev1", PAYLOAD, within=within)
    assert time.monotonic() - began < within + 5
    said = str(raised.value)
    assert "\n" not in said
    assert SECRET not in said
    return said


async def started(jobs: Jobs, world: World) -> None:
    """Start the same job again and check that it runs once."""
    await jobs.start("answer", "Ev1", PAYLOAD)
    assert await jobs.idle(10)
    assert world.seen("posts") == Counter(["Ev1:EV1"])
    assert world.seen("bodies") == Counter(["Ev1"])


async def test_waiting_for_a_locked_database_is_limited(launch: Launch, jobs_url: str, world: World) -> None:
    jobs = await launch()
    with locked(jobs_url):
        assert "within 0.2 s" in await refused(jobs, within=0.2)
    await started(jobs, world)


@only_sqlite
async def test_a_refused_job_does_not_run_later(
    launch: Launch,
    jobs_url: str,
    world: World,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    jobs = await launch()
    with locked(jobs_url):
        await refused(jobs, within=0.2)
        # The engine found it locked, logs that, and is going to retry for ever.
        await until(lambda: "dbos" in {record.name for record in caplog.records})
    await until(lambda: ASKING not in {task.get_name() for task in asyncio.all_tasks()})
    assert await jobs.idle(5)
    assert not world.seen("bodies")
    await started(jobs, world)
    # It logs through the root logger, without values, and not directly to stderr.
    assert SECRET not in caplog.text
    assert capfd.readouterr().err == ""
    assert not any(type(handler) is logging.StreamHandler for handler in logging.getLogger("dbos").handlers)


@only_sqlite
async def test_a_full_disk_is_reported_and_the_job_runs_once_there_is_space(
    writable: Callable[[str], None], launch: Launch, world: World
) -> None:
    jobs = await launch()
    writable("max_page_count=1")
    assert "no space left" in await refused(jobs)
    writable("max_page_count=1000000")
    await started(jobs, world)


@only_sqlite
async def test_a_read_only_file_is_reported_and_the_job_runs_once_it_is_writable(
    writable: Callable[[str], None], launch: Launch, world: World
) -> None:
    jobs = await launch()
    writable("query_only=ON")
    assert "read-only" in await refused(jobs)
    with pytest.raises(JobsUnavailable):
        await jobs.ping()
    writable("query_only=OFF")
    await started(jobs, world)
    await jobs.ping()


@pytest.fixture
def writable(store: object) -> Iterator[Callable[[str], None]]:
    """Change a setting of the jobs' connections. (The store has its own by now.)"""
    with sqlite_setting("query_only=OFF") as change:
        yield change


@only_postgresql
async def test_a_read_only_server_is_reported_and_the_job_runs_once_it_is_writable(
    launch: Launch, jobs_url: str, postgres: Server, world: World
) -> None:
    jobs = await launch()
    set_read_only(postgres, jobs_url, "SET default_transaction_read_only = on")
    try:
        assert "read-only" in await refused(jobs)
        with pytest.raises(JobsUnavailable):
            await jobs.ping()
    finally:
        set_read_only(postgres, jobs_url, "RESET default_transaction_read_only")
    await started(jobs, world)
    await jobs.ping()


async def test_a_job_in_flight_waits_for_a_server_that_restarts() -> None:
    failures: list[str] = []
    ended: list[str] = []
    with running_server() as server:

        async def lose_server() -> Json:
            await asyncio.to_thread(server.stop, crash=False)
            return {}

        async def body(run: JobRun, _payload: Json) -> Json | None:
            await run.step("lose the server", lose_server)
            ended.append(run.id)
            return None

        async def failed(_kind: str, id: str, _payload: Json, _error: Exception) -> None:
            failures.append(id)

        jobs = Jobs(url=server.create(), executor="here", workflows={"answer": body}, failed=failed)
        await jobs.launch()
        await jobs.start("answer", "Ev1", {}, within=5)
        # Its socket is gone, and the engine tries to record the step.
        await asyncio.sleep(1.5)
        assert jobs.running
        await asyncio.to_thread(server.start)
        assert await jobs.idle(20)
        await jobs.close()
    assert (ended, failures) == (["Ev1"], [])


def set_read_only(postgres: Server, url: str, setting: str) -> None:
    """Act like a failover: sessions end, and new ones reach a server with the new setting."""
    name = url.partition("@/")[2].partition("?")[0]
    alter = sql.SQL("ALTER DATABASE {} " + setting)
    postgres.execute("postgres", alter.format(sql.Identifier(name)))
    end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    postgres.execute("postgres", end.format(sql.Literal(name)))


@only_sqlite
async def test_a_deleted_file_is_detected(launch: Launch, jobs_url: str, world: World) -> None:
    jobs = await launch()
    Path(jobs_url.removeprefix("sqlite:///")).unlink()  # noqa: ASYNC240
    assert "gone" in await refused(jobs)
    with pytest.raises(JobsUnavailable):
        await jobs.ping()
    assert not world.seen("bodies")


@only_sqlite
async def test_jobs_that_could_not_be_launched_can_be_launched_later(
    launch: Launch, jobs_url: str, world: World, tmp_path: Path
) -> None:
    with locked(jobs_url), pytest.raises(JobsUnavailable, match="locked"):
        await launch()
    for nowhere in (f"sqlite:///{tmp_path / 'no' / 'jobs.db'}", "nonsense", "postgresql://u:hunter2@localhost:1/x"):
        with pytest.raises(JobsUnavailable) as raised:
            await launch(url=nowhere)
        assert "hunter2" not in str(raised.value)
    await started(await launch(), world)
