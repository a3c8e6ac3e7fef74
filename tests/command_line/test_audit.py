"""`casebook audit` prints every entry as a JSON line, or the newest as a table. It needs no Slack and never writes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import AuditEntry, open_store
from tests.postgres import Server, postgres

# Used as a fixture, by name.
__all__ = ["postgres"]

Run = Callable[..., Any]

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEYS = ["id", "at", "actor", "team", "channel", "action", "cluster", "target", "plan_id", "outcome", "detail", "key"]
# No credential may be printed, in whatever field it is.
PLANTED = [
    "xoxb-1234567890-Plant3d",
    "ghp_Plant3dPlant3dPlant3d",
    "hvs.Plant3dPlant3dPlant3d",
    "eyJhbGciOiJQbGFudDNk",
]


def entry(number: int = 0, **fields: Any) -> AuditEntry:
    values = {
        "at": NOW + timedelta(hours=number),
        "actor": "U1",
        "team": "T1",
        "channel": "C1",
        "action": "restart-pod",
        "cluster": "prod",
        "target": f"Pod front/web-{number}",
        "plan_id": f"P{number}",
        "outcome": "applied",
        "detail": {"says": "删除"},
    }
    return AuditEntry(**{**values, **fields})


def append(url: str, entries: Sequence[AuditEntry]) -> None:
    async def filled() -> None:
        async with open_store(url) as store:
            for each in entries:
                await store.audit.append(each)

    asyncio.run(filled())


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a database as the bot leaves it, without entries."""
    file = tmp_path_factory.mktemp("audit") / "casebook.db"
    append(f"sqlite:///{file}", ())
    return file


@pytest.fixture
def database(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of the database in CASEBOOK_DATA."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CASEBOOK_DATA", str(tmp_path / "data"))
    return f"sqlite:///{shutil.copy(empty, tmp_path / 'data')}"


def written(ran: Any) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def test_every_entry_is_a_line_of_json_with_the_same_keys_oldest_first(run: Run, database: str) -> None:
    append(database, [entry(0, key="k"), entry(1, actor="", detail={})])

    first, second = written(run("audit"))

    assert list(first) == list(second) == KEYS
    assert first == {
        "id": 1, "at": "2026-03-04T05:06:07.000000Z", "actor": "U1", "team": "T1", "channel": "C1",
        "action": "restart-pod", "cluster": "prod", "target": "Pod front/web-0", "plan_id": "P0",
        "outcome": "applied", "detail": {"says": "删除"}, "key": "k",
    }  # fmt: skip
    assert (second["id"], second["at"], second["key"]) == (2, "2026-03-04T06:06:07.000000Z", "")


@pytest.mark.parametrize(
    ("options", "plans"),
    [
        ([], ["P0", "P1", "P2", "P3"]),
        (["--since", "2026-03-04T06:06:07Z"], ["P1", "P2", "P3"]),
        (["--since", "2026-03-04T14:06:07+08:00"], ["P1", "P2", "P3"]),
        (["--until", "2026-03-04 06:06:07.000001"], ["P0", "P1"]),
        (["--since", "2026-03-05"], []),
        (["--actor", "U2"], ["P2"]),
        (["--target", "front/web-1"], ["P1"]),
        (["--plan", "P3"], ["P3"]),
        (["--limit", "2"], ["P2", "P3"]),
        (["--limit", "2", "--actor", "U1"], ["P1", "P3"]),
    ],
)
def test_only_matching_entries_are_printed(run: Run, database: str, options: list[str], plans: list[str]) -> None:
    append(database, [entry(number, actor="U2" if number == 2 else "U1") for number in range(4)])

    assert [each["plan_id"] for each in written(run("audit", *options))] == plans


def test_ages_are_relative_to_now(run: Run, database: str) -> None:
    ages = {"P0": timedelta(days=8), "P1": timedelta(hours=30), "P2": timedelta(minutes=5)}
    append(database, [entry(plan_id=plan, at=datetime.now(UTC) - age) for plan, age in ages.items()])

    def plans(*options: str) -> list[str]:
        return [each["plan_id"] for each in written(run("audit", *options))]

    assert plans("--since", "24h") == ["P2"]
    assert plans("--since", "7d") == plans("--since", "1w") == ["P1", "P2"]
    assert plans("--since", "14d", "--until", "90m") == ["P0", "P1"]


def test_a_table_ends_with_the_newest(run: Run, database: str) -> None:
    append(database, [entry(number) for number in range(101)])

    short, whole = run("audit", "--format", "table"), run("audit", "--format", "table", "--limit", "200")

    head, *rows = short.out.splitlines()
    assert head.split() == ["at", "actor", "action", "cluster", "target", "outcome", "plan_id"]
    assert rows[-1].split() == [
        "2026-03-08T09:06:07Z", "U1", "restart-pod", "prod", "Pod", "front/web-100", "applied", "P100",
    ]  # fmt: skip
    assert (len(rows), rows[0].split()[-1]) == (100, "P1")
    assert "newest 100" in short.err
    assert (len(whole.out.splitlines()), whole.err) == (102, "")


def test_no_matching_entry_is_not_an_error(run: Run, database: str) -> None:
    assert written(run("audit")) == []
    table = run("audit", "--format", "table")
    assert (table.code, table.out) == (0, "")
    assert table.err == "casebook: no entry of the audit matches\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--since", "yesterday"],
            "argument --since: 'yesterday' is not a time: expected 24h, 7d, or one such as 2026-",
        ),
        (["--until", "2026-13-01"], "'2026-13-01' is not a time"),
        (["--since", "999999999w"], "'999999999w' is not a time"),
        (["--since", "0001-01-01T00:00:00+14:00"], "is not a time"),
        (["--since", ""], "'' is not a time"),
        (["--since", "-1h"], "argument --since: expected one argument"),
        (["--limit", "0"], "argument --limit: '0' is not a number of entries: expected 1 or more"),
        (["--limit", "many"], "'many' is not a number of entries"),
        (["--format", "csv"], 'unknown --format "csv", known are jsonl, table'),
        (["--since", "1h", "--until", "2h"], "--since must be before --until"),
        (["--sinse", "1h"], 'unknown option "--sinse"; did you mean "--since"?'),
    ],
)
def test_malformed_options_are_reported_in_one_line(run: Run, database: str, options: list[str], says: str) -> None:
    ran = run("audit", *options)

    assert (ran.code, ran.out) == (2, "")
    first, *usage = ran.err.splitlines()
    assert says in first
    assert all("usage: casebook audit" in line for line in usage[:1])


def test_a_missing_database_is_reported_and_not_created(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_DATA", str(tmp_path / "data"))

    ran = run("audit")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (f"casebook: cannot read the audit in {tmp_path}/data/casebook.db: no such file or directory\n")
    assert not (tmp_path / "data").exists()


def test_an_unreachable_server_is_reported_without_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_DATABASE_URL", "postgresql://bot:hunter2@127.0.0.1:1/casebook")

    ran = run("audit")

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "cannot read the audit in PostgreSQL's casebook at 127.0.0.1: the database cannot be reached" in ran.err
    assert "hunter2" not in ran.err


def test_it_reads_while_the_bot_writes(run: Run, database: str) -> None:
    append(database, [entry()])
    bot = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    bot.execute("BEGIN IMMEDIATE")
    bot.execute("INSERT INTO notices (key, at) VALUES ('k', '2026-03-04 05:06:07')")

    assert [each["plan_id"] for each in written(run("audit"))] == ["P0"]
    bot.execute("COMMIT")
    bot.close()


def test_it_reads_from_postgresql(run: Run, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.create()
    append(url, [entry(number, key=f"k{number}") for number in range(3)])
    # Session options in the URL are kept.
    monkeypatch.setenv("CASEBOOK_DATABASE_URL", f"{url}&{urlencode({'options': '-c search_path=public'})}")

    found = written(run("audit", "--limit", "2"))

    assert [(each["plan_id"], each["at"]) for each in found] == [
        ("P1", "2026-03-04T06:06:07.000000Z"), ("P2", "2026-03-04T07:06:07.000000Z"),
    ]  # fmt: skip


def test_a_reader_that_exits_early_causes_no_error(database: str) -> None:
    append(database, [entry()])
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing) as stdout:
        command = [sys.executable, "-m", "bot", "audit"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False, text=True)

    assert (done.returncode, done.stderr) == (0, "")


words = st.text(st.characters(codec="utf-8"), max_size=12)


PLACES = ("actor", "target", "outcome", "plan_id", "says", "key of detail", "deep")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(before=words, after=words, first=st.integers(0, len(PLANTED) - 1))
def test_no_credential_is_printed_from_any_field(run: Run, database: str, before: str, after: str, first: int) -> None:
    planted = dict(zip(PLACES, islice(cycle(PLANTED), first, None), strict=False))
    entries = []
    for number, (where, credential) in enumerate(planted.items()):
        said = f"{before} {credential} {after}"
        details = {"says": {"says": said}, "key of detail": {said: 1}, "deep": {"args": [{"env": [said]}]}}
        entries.append(entry(number, **({"detail": details[where]} if where in details else {where: said})))
    append(database, entries)

    for form in ("jsonl", "table"):
        ran = run("audit", "--format", form, "--limit", str(len(PLACES)))

        assert ran.code == 0
        assert [where for where, credential in planted.items() if credential in ran.out] == [], form
        assert "Plant3d" not in ran.out
