import asyncio
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.store import (
    AuditEntry,
    AuditQuery,
    AuditRecord,
    Store,
    StoreReadOnly,
    StoreUnavailable,
    StoreUnreachable,
    open_audit,
    open_store,
    place_of,
)

MANY = 2300
# Every 400th of 2,300 entries has another actor.
FILL = """INSERT INTO audit (at, actor, team, channel, action, cluster, target, plan_id, outcome, detail)
    SELECT '2026-03-04 05:06:07.000000{zone}', CASE WHEN n % 400 = 0 THEN 'U2' ELSE 'U1' END, '', '', 'scale', '', '',
    '', 'ok', '{{}}' FROM {numbers} ORDER BY n"""
NUMBERS = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2300) SELECT n FROM s) AS numbers"


def entry(at: datetime, **fields: str) -> AuditEntry:
    return AuditEntry(at=at, actor="U1", action="restart-pod", outcome="applied", detail={"diff": "-a\n+b"}, **fields)


def tamper(url: str, statement: str) -> None:
    """Run a statement as the database's owner would, outside the program."""
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


async def test_entries_are_limited_and_newest_first(store: Store, now: datetime) -> None:
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
async def test_the_database_itself_refuses_to_change_or_delete_entries(
    store: Store, url: str, now: datetime, statement: str
) -> None:
    if ("REPLACE" in statement and not url.startswith("sqlite")) or ("TRUNCATE" in statement and "sqlite" in url):
        return  # the other database has no such statement
    await store.audit.append(entry(now))
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        tamper(url, statement)
    assert await store.audit.entries(since=now, limit=9) == (entry(now),)


async def pages(url: str, newest: int | None = None, **asked: Any) -> list[tuple[AuditRecord, ...]]:
    async with open_audit(url) as audit:
        return [page async for page in audit.export(AuditQuery(**asked), newest=newest)]


async def exported(url: str, newest: int | None = None, **asked: Any) -> list[AuditEntry]:
    return [each.entry for page in await pages(url, newest, **asked) for each in page]


async def test_the_whole_audit_is_exported_page_by_page_oldest_first(store: Store, url: str) -> None:
    tamper(url, FILL.format(zone="" if "sqlite" in url else "+00", numbers=NUMBERS))

    found = await pages(url)
    ids = [each.id for page in found for each in page]
    assert max(map(len, found)) <= 1000
    assert len(ids) == MANY
    assert ids == sorted(set(ids))
    for newest in (1, 700, 1500, MANY, 10 * MANY):
        assert [each.id for page in await pages(url, newest) for each in page] == ids[-newest:]
    others = [each.id for page in await pages(url, actor="U2") for each in page]
    assert others == ids[399::400]
    for newest in (1, 3, 9):
        assert [each.id for page in await pages(url, newest, actor="U2") for each in page] == others[-newest:]


async def test_only_matching_entries_are_exported(store: Store, url: str, now: datetime) -> None:
    first = entry(now, target="Pod front/web-0", plan_id="P1")
    second = entry(now + timedelta(hours=1), target="Deployment front/web", plan_id="P2", key="k")
    third = AuditEntry(at=now + timedelta(hours=2), actor="U2", action="cordon", target="Node web_0", outcome="ok")
    for each in (first, second, third):
        await store.audit.append(each)

    assert await exported(url) == [first, second, third]
    assert await exported(url, since=second.at) == [second, third]
    assert await exported(url, until=second.at) == [first]
    assert await exported(url, since=second.at, until=third.at) == [second]
    assert await exported(url, actor="U2") == [third]
    assert await exported(url, actor="u2") == []
    assert await exported(url, plan_id="P2") == [second]
    for target in ("front/web-0", "Pod front/web-0", "pod front/web-0"):
        assert await exported(url, target=target) == [first]
    for target in ("web-0", "front/web", "Pod front/web", "%", "web%0"):
        assert first not in await exported(url, target=target)
    assert await exported(url, target="web_0") == [third]
    assert await exported(url, actor="U2", plan_id="P2") == []


async def test_an_empty_audit_exports_nothing(store: Store, url: str) -> None:
    assert await exported(url) == []
    assert await exported(url, newest=3) == []


async def test_an_export_cannot_write(store: Store, url: str, now: datetime) -> None:
    async with open_audit(url) as audit:
        with pytest.raises(StoreReadOnly):
            await audit.append(entry(now))
    assert await exported(url) == []


async def test_a_database_without_an_audit_is_reported_and_unchanged(new_url: str) -> None:
    if new_url.startswith("sqlite"):
        sqlite3.connect(new_url.removeprefix("sqlite:///")).execute("CREATE TABLE diary (day)").connection.close()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="contains no audit"):
            await pages(new_url)


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    for file in (tmp_path / "casebook.db", tmp_path / "no" / "casebook.db"):
        with pytest.raises(StoreUnreachable, match="no such file or directory"):
            asyncio.run(pages(f"sqlite:///{file}"))
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_and_a_file_in_use_can_be_read(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'casebook.db'}"
    async with open_store(url) as store:
        await store.audit.append(entry(now))
        other = sqlite3.connect(tmp_path / "casebook.db", isolation_level=None)
        # The copy does not use the original's journal mode.
        other.execute(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO notices (key, at) VALUES ('k', '2026-03-04 05:06:07')")
        assert await exported(url) == [entry(now)]
        other.close()
    assert await exported(url) == [entry(now)]
    assert await exported(f"sqlite:///{tmp_path / 'copy.db'}") == [entry(now)]
    assert await exported(f"sqlite:///file:{tmp_path / 'copy.db'}?uri=true") == [entry(now)]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:////data/casebook.db", "/data/casebook.db"),
        ("sqlite:///file:/data/casebook.db?mode=rw&uri=true", "/data/casebook.db"),
        ("postgresql://bot:hunter2@db.example:5432/casebook", "PostgreSQL's casebook at db.example"),
        ("postgresql:///casebook?host=/run/pg&password=hunter2", "PostgreSQL's casebook at /run/pg"),
        ("postgresql://bot:hunter2@/casebook", "PostgreSQL's casebook at localhost"),
        ("mysql://bot:hunter2@db/casebook", "the database"),
    ],
)
def test_the_description_of_a_database_hides_its_password(url: str, place: str) -> None:
    assert place_of(url) == place
