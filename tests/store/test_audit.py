import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.store import AuditEntry, Store


def entry(at: datetime, **fields: str) -> AuditEntry:
    return AuditEntry(at=at, actor="U1", action="restart-pod", outcome="applied", detail={"diff": "-a\n+b"}, **fields)


def tamper(url: str, statement: str) -> None:
    """Run a statement as the database's own owner would, past the program."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite:///")))
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()
    else:
        with psycopg.connect(url) as server:
            server.execute(statement.encode())


async def test_entries_come_newest_first_and_bounded(store: Store, now: datetime) -> None:
    for minute in range(4):
        await store.audit.append(entry(now + timedelta(minutes=minute), target=f"pod-{minute}"))
    found = await store.audit.entries(since=now + timedelta(minutes=1), limit=2)
    assert [item.target for item in found] == ["pod-3", "pod-2"]
    assert found[0] == entry(now + timedelta(minutes=3), target="pod-3")


async def test_a_step_that_runs_twice_leaves_one_entry(store: Store, now: datetime) -> None:
    assert await store.audit.append(entry(now, key="P1:applied"))
    assert not await store.audit.append(entry(now + timedelta(1), key="P1:applied"))
    for _ in range(2):
        assert await store.audit.append(entry(now))
    assert len(await store.audit.entries(since=now, limit=9)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'U2'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (id, at, outcome, detail) VALUES (1, 'x', 'y', '{}')",
        "TRUNCATE audit",
    ],
)
async def test_the_database_itself_keeps_every_entry(store: Store, url: str, now: datetime, statement: str) -> None:
    if ("REPLACE" in statement and not url.startswith("sqlite")) or ("TRUNCATE" in statement and "sqlite" in url):
        return  # the other database has no such statement
    await store.audit.append(entry(now))
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        tamper(url, statement)
    assert await store.audit.entries(since=now, limit=9) == (entry(now),)
