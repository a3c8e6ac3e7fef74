"""Opening, migrating and purging a store, and the errors of a broken database."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.store import (
    AuditEntry,
    Mute,
    NewRequest,
    Store,
    StoreDamaged,
    StoredAnswer,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
    StoreUnreachable,
    Surface,
    open_store,
)
from bot.store.database import parse_url
from bot.store.migration import HEAD, VERSION_TABLE
from bot.store.tables import METADATA
from intents.feedback import Correction, UnknownPaste
from tests.postgres import Server
from tests.sqlite import sqlite_setting

SECRET = "xoxb-planted-secret"


def asked(now: datetime, text: str = "oom", id: str = "Ev1") -> NewRequest:
    return NewRequest(
        id=id,
        origin=Surface.MESSAGE,
        team="T1",
        channel="C1",
        user="U1",
        text=text,
        created=now,
    )


def file_of(url: str) -> Path:
    if not url.startswith("sqlite"):
        pytest.fail("a file is asked of a server")
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "casebook.db"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Connect to the file as another program."""
    connection = sqlite3.connect(file, isolation_level=None)
    yield connection
    connection.close()


async def test_migrations_and_tables_define_the_same_schema(new_url: str) -> None:
    async with open_store(new_url):
        pass
    engine = create_engine(parse_url(new_url))
    with engine.connect() as connection:
        # SQLite quotes defaults in its own way.
        defaults = not new_url.startswith("sqlite")
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": defaults}
        )
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_heads() == (HEAD,)
    engine.dispose()


async def test_a_new_database_can_be_opened_by_many_processes_at_once(new_url: str, now: datetime) -> None:
    async def add(number: int) -> bool:
        async with open_store(new_url) as store:
            return await store.requests.add(asked(now, id=f"Ev{number % 2}"))

    added = await asyncio.gather(*(add(number) for number in range(6)))
    assert sorted(added) == [False] * 4 + [True] * 2


async def test_rows_survive_reopening(url: str, now: datetime) -> None:
    async with open_store(url) as store:
        await store.requests.add(asked(now))
    async with open_store(url) as store:
        assert await store.requests.get("Ev1") is not None


async def test_a_database_of_a_newer_program_is_not_changed(new_url: str) -> None:
    url = new_url
    async with open_store(url):
        pass
    statement = f"UPDATE {VERSION_TABLE} SET version_num = '9999'"
    if url.startswith("sqlite"):
        with sqlite3.connect(file_of(url)) as connection:
            connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(url) as server:
            server.execute(statement.encode())
    with pytest.raises(StoreTooNew, match="newer Casebook"):
        async with open_store(url):
            pass


async def test_purging_deletes_old_rows_and_never_the_audit(store: Store, now: datetime) -> None:
    old, new = now - timedelta(days=30), now
    for at, id in ((old, "old"), (new, "new")):
        await store.requests.add(asked(at, id=id))
        await store.outbox.begin(id, "C1", "", at)
        answer: dict[str, Any] = {"channel": "C", "ts": id, "incident": "", "verdict": "", "message": {}}
        await store.answers.save(StoredAnswer(request_id=id, revision=1, saved=at, **answer))
        await store.topics.join("C1", id, id, now=at, window=timedelta(1))
        await store.plans.save(id, id, {}, at)
        await store.feedback.add(id, "U1", "helpful", at)
        await store.corrections.save(Correction(request=id, user="U1", channel="C", incident="dns", verdict="", at=at))
        await store.unknown_pastes.add(UnknownPaste(request=id, channel="C", template=id, example=id, at=at))
        await store.notices.once(id, within=timedelta(1), now=at)
        await store.replicas.beat(id, "1", at)
        await store.mutes.add(Mute(channel="C1", muted=id, by="U1", at=at, until=at))
        await store.audit.append(AuditEntry(at=at, actor="U1", action=id, outcome="ok"))
    forever = Mute(channel="C1", muted="forever", by="U1", at=old, until=None)
    await store.mutes.add(forever)
    assert await store.purge(now - timedelta(days=1), chronicles_before=old) == 11
    assert await store.requests.get("old") is None
    assert await store.requests.get("new") is not None
    assert await store.outbox.get("old") is None
    assert await store.answers.get("old") is None
    assert await store.plans.get("old") is None
    assert await store.mutes.list("C1", now) == (forever,)
    assert len(await store.audit.entries(since=old, limit=9)) == 2


@pytest.mark.parametrize(
    "url",
    ["mysql://root:hunter2@db/x", "no url", "", "sqlite://", "sqlite:///:memory:", "postgresql://u:hunter2@h:noport/x"],
)
async def test_a_malformed_url_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        async with open_store(url):
            pass
    assert "hunter2" not in str(raised.value)
    assert "sqlite:///path" in str(raised.value)


async def test_a_new_file_is_readable_only_by_its_owner(file: Path, now: datetime) -> None:
    async with open_store(f"sqlite:///{file}") as store:
        await store.requests.add(asked(now))
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.glob("casebook.db*")}
    assert modes == {"casebook.db": 0o600, "casebook.db-wal": 0o600, "casebook.db-shm": 0o600}


async def test_a_cancelled_write_is_rolled_back_and_does_not_affect_others(url: str, now: datetime) -> None:
    async with open_store(url) as store:
        for number in range(12):
            adding = asyncio.create_task(store.requests.add(asked(now, id=f"Ev{number}")))
            for _ in range(number):
                await asyncio.sleep(0)
            adding.cancel()
            await asyncio.wait({adding})
        for number in range(12):
            await store.requests.add(asked(now, id=f"Ev{number}"))
            found = await store.requests.get(f"Ev{number}")
            assert found is not None
            assert found.text == "oom"


async def test_a_locked_file_is_reported_after_a_limited_wait(
    file: Path, writer: sqlite3.Connection, now: datetime
) -> None:
    async with open_store(f"sqlite:///{file}") as store:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked) as raised:
            async with asyncio.timeout(3):
                await store.requests.add(asked(now, SECRET))
        assert one_clear_line(raised.value)
        writer.execute("ROLLBACK")
        assert await store.requests.add(asked(now))
        await store.ping()


async def test_reads_continue_while_another_program_writes(
    file: Path, writer: sqlite3.Connection, now: datetime
) -> None:
    async with open_store(f"sqlite:///{file}") as store:
        await store.requests.add(asked(now))
        writer.execute("BEGIN IMMEDIATE")
        assert await store.requests.get("Ev1") is not None
        writer.execute("ROLLBACK")


async def test_a_full_disk_is_reported(file: Path, now: datetime) -> None:
    with sqlite_setting("max_page_count=120"):
        async with open_store(f"sqlite:///{file}") as store:
            await store.requests.add(asked(now, id="Ev0"))
            with pytest.raises(StoreFull) as raised:
                await store.requests.add(asked(now, SECRET + "the pod is not ready\n" * 50_000))
            assert one_clear_line(raised.value)
            # Existing rows can still be read.
            assert await store.requests.get("Ev0") is not None


async def test_a_read_only_file_is_reported(file: Path, now: datetime) -> None:
    async with open_store(f"sqlite:///{file}"):
        pass
    async with open_store(f"sqlite:///file:{file}?mode=ro&uri=true") as store:
        with pytest.raises(StoreReadOnly) as raised:
            await store.requests.add(asked(now, SECRET))
        assert one_clear_line(raised.value)
        with pytest.raises(StoreReadOnly):
            await store.ping()


async def test_a_missing_directory_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        async with open_store(f"sqlite:///{tmp_path / 'no' / 'casebook.db'}"):
            pass


async def test_a_file_that_is_not_a_database_is_reported(file: Path) -> None:
    file.write_text(  # noqa: ASYNC240
        "dear diary\n" * 999
    )
    with pytest.raises(StoreDamaged, match="damaged"):
        async with open_store(f"sqlite:///{file}"):
            pass


async def test_a_file_deleted_while_in_use_is_detected(file: Path) -> None:
    async with open_store(f"sqlite:///{file}") as store:
        await store.ping()
        file.unlink()  # noqa: ASYNC240
        with pytest.raises(StoreUnreachable):
            await store.ping()


async def test_a_lost_server_is_reported(postgres: Server, now: datetime) -> None:
    url = postgres.create()
    async with open_store(url) as store:
        await store.requests.add(asked(now))
        name = url.partition("@/")[2].partition("?")[0]
        gone = psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
        postgres.execute("postgres", gone)
        with pytest.raises(StoreUnreachable) as raised:
            await store.requests.add(asked(now, SECRET, id="Ev2"))
        assert one_clear_line(raised.value)


async def test_a_read_only_server_is_reported(postgres: Server, now: datetime) -> None:
    url = postgres.create()
    async with open_store(url):
        pass
    async with open_store(f"{url}&options=-c%20default_transaction_read_only%3Don") as store:
        with pytest.raises(StoreReadOnly) as raised:
            await store.requests.add(asked(now, SECRET))
        assert one_clear_line(raised.value)
        with pytest.raises(StoreReadOnly):
            await store.ping()


def one_clear_line(error: Exception) -> bool:
    said = str(error)
    chain = [error.__cause__, None if error.__suppress_context__ else error.__context__]
    return "\n" not in said and SECRET not in said and not re.search(r"INSERT|SELECT|sqlalche", said) and not any(chain)
