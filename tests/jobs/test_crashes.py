"""Processes killed with SIGKILL at the worst moments, and the recovery by the next process."""

import asyncio
import base64
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from bot.jobs import JobGivenUp
from intents.domain import Json
from tests.jobs.conftest import Launch
from tests.jobs.world import SECRET, World
from tests.waiting import until

ANSWERED = {"in-step:IN-STEP", "after-effect:AFTER-EFFECT", "just-started:JUST-STARTED", "finished:FINISHED"}
UNFINISHED = {"in-step", "after-effect", "just-started", "stumbled"}


async def test_after_a_kill_the_same_executor_finishes_every_job_once(
    killed: Callable[..., None], launch: Launch, world: World
) -> None:
    await asyncio.to_thread(killed)
    jobs = await launch()
    assert await jobs.idle(15)
    assert world.seen("posts") == Counter([*ANSWERED, "stumbled:StepFailed:LookupError"])
    # A recorded step is not run again, an interrupted one is.
    assert world.seen("steps") == Counter(
        {"in-step:look-up": 2, "after-effect:look-up": 1, "just-started:look-up": 1, "finished:look-up": 1}
    )
    assert world.seen("bodies") == Counter(
        {"in-step": 2, "after-effect": 2, "just-started": 1, "finished": 1, "stumbled": 2}
    )
    for id in ("finished", "in-step"):  # redelivered
        await jobs.start("answer", id, {})
    assert await jobs.idle(5)
    assert world.seen("bodies")["finished"] == 1


async def test_a_job_killed_under_one_version_is_answered_once_under_the_next(
    killed: Callable[..., None], launch: Launch, world: World
) -> None:
    await asyncio.to_thread(killed, version="1")
    jobs = await launch(version="2")
    assert await jobs.idle(15)
    # Started again, so the failed step fails as it did the first time.
    assert world.seen("posts") == Counter([*ANSWERED, "stumbled:LookupError"])
    for id in UNFINISHED - {"stumbled"}:
        await jobs.start("answer", id, {})
    assert await jobs.idle(5)
    assert world.seen("posts") == Counter([*ANSWERED, "stumbled:LookupError"])


async def test_jobs_of_a_dead_replica_are_adopted_once_in_either_version(
    killed: Callable[..., None], launch: Launch, world: World, tmp_path: Path
) -> None:
    await asyncio.to_thread(killed, executor="dead")
    jobs = await launch()
    assert await jobs.idle(5)
    assert world.seen("posts") == Counter(["finished:FINISHED", "after-effect:AFTER-EFFECT"])
    assert await jobs.adopt(["dead", "here"]) == len(UNFINISHED)
    assert await jobs.idle(15)
    assert world.seen("posts") == Counter([*ANSWERED, "stumbled:StepFailed:LookupError"])
    assert await jobs.adopt(["dead"]) == 0
    assert await jobs.adopt([]) == 0


async def test_a_restart_is_no_attempt(
    killed: Callable[..., None], launch: Launch, world: World, jobs_url: str
) -> None:
    await asyncio.to_thread(killed)
    run_sql(jobs_url, "UPDATE {}workflow_status SET recovery_attempts = 10 WHERE workflow_uuid = 'in-step'")
    jobs = await launch()
    # Tried again later than the others.
    assert await jobs.idle(15)
    assert "in-step:IN-STEP" not in world.seen("posts")
    await until(lambda: world.seen("posts") == Counter([*ANSWERED, "stumbled:StepFailed:LookupError"]))


async def test_a_job_in_flight_at_many_process_ends_for_hours_fails_visibly(
    killed: Callable[..., None], launch: Launch, world: World, jobs_url: str
) -> None:
    await asyncio.to_thread(killed)
    aged = "recovery_attempts = 50, created_at = created_at - 7200000"
    run_sql(jobs_url, f"UPDATE {{}}workflow_status SET {aged} WHERE workflow_uuid = 'in-step'")
    failures: list[tuple[str, str, Json, str]] = []

    async def failed(kind: str, id: str, payload: Json, error: Exception) -> None:
        failures.append((kind, id, payload, type(error).__name__))

    jobs = await launch(failed=failed)
    assert await jobs.idle(15)
    assert failures == [("answer", "in-step", {"dies": "in a step"}, JobGivenUp.__name__)]
    assert world.seen("posts")["just-started:JUST-STARTED"] == 1


async def test_a_kind_unknown_to_the_next_version_fails_visibly(
    killed: Callable[..., None], launch: Launch, world: World
) -> None:
    await asyncio.to_thread(killed, version="1")
    failures: list[tuple[str, str]] = []

    async def failed(kind: str, id: str, _payload: Json, error: Exception) -> None:
        assert isinstance(error, JobGivenUp)
        failures.append((kind, id))

    jobs = await launch(version="2", workflows={"answer": world.answer}, failed=failed)
    assert failures == [("stumble", "stumbled")]
    assert await jobs.idle(15)
    assert world.seen("posts") == Counter(ANSWERED)


@pytest.mark.parametrize("database", ["sqlite"])
async def test_the_files_contain_json_and_neither_pickles_nor_error_texts(
    killed: Callable[..., None], launch: Launch, tmp_path: Path
) -> None:
    await asyncio.to_thread(killed)
    held = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("*.db*")))  # noqa: ASYNC240
    assert b'{"args":["in-step",{"dies":"in a step"}],"kwargs":{}}' in held
    assert b'{"$failed":"LookupError"}' in held
    assert SECRET.encode() not in held
    for number in (b"\x04", b"\x05"):
        # A pickle's first bytes, raw and as the engine would write them.
        assert b"\x80" + number + b"\x95" not in held
        assert base64.b64encode(b"\x80" + number + b"\x95")[:3] not in re.findall(rb"gA[A-Z]", held)


def run_sql(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        with connection:
            connection.execute(statement.format(""))
        connection.close()
    else:
        with psycopg.connect(url) as server:
            server.execute(statement.format("casebook_jobs.").encode())
