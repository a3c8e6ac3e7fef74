"""No credential is in the records of jobs, whether new or written by an earlier version."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from bot.jobs import JobRun
from bot.jobs.engine import DatabaseDeadline, create_engine
from bot.store.database import parse_url
from intents.domain import Json
from tests.jobs.conftest import Launch

PASSWORD = "Zq8vTr5wXk2m"
KEY = "AKIAIOSFODNN7EXAMPLE"
TELLING: Json = {
    "text": f"beside {KEY} and password={PASSWORD}",
    "db_password": PASSWORD,
    "args": ["--password", PASSWORD],
    "response_url": "https://hooks.slack.com/commands/T0123ABCD/7231540912345/k2JdPq8sTn4vWx7yZb1cRf5g",
}


class Echo:
    """A job whose step, result or error repeats its payload; it keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[Json] = []

    async def step(self, payload: Json) -> Json:
        return {**TELLING, "again": payload}

    async def result(self, run: JobRun, payload: Json) -> Json | None:
        self.seen.append(payload)
        return {"stepped": await run.step("echo", self.step, payload), **TELLING}

    async def error(self, run: JobRun, payload: Json) -> Json | None:
        raise LookupError(json.dumps(payload) + json.dumps(TELLING))


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of jobs."""
    engine = create_engine(parse_url(url), DatabaseDeadline())
    schema = None if url.startswith("sqlite") else "casebook_jobs"
    metadata = sa.MetaData(schema=schema)
    metadata.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def held(url: str) -> str:
    return json.dumps(rows(url), default=str, ensure_ascii=False)


@pytest.mark.parametrize("kind", ["result", "error"])
async def test_payloads_results_and_errors_are_recorded_without_credentials(
    launch: Launch, jobs_url: str, kind: str
) -> None:
    echo = Echo()
    jobs = await launch(workflows={"result": echo.result, "error": echo.error})
    await jobs.start(kind, f"x {KEY}", TELLING)
    assert await jobs.idle(5)

    recorded = held(jobs_url)
    assert "beside" in recorded
    assert TELLING["response_url"] in recorded
    assert [secret for secret in (KEY, PASSWORD) if secret in recorded] == []
    # All values pass the serializer that redacts.
    assert {row["serialization"] for row in rows(jobs_url)["workflow_status"]} == {"casebook_json"}
    # The first run sees what a run after a crash would see.
    assert all(PASSWORD not in json.dumps(seen) for seen in echo.seen)
