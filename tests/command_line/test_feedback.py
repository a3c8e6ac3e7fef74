"""`casebook feedback` prints what people called wrong and what no entry explains, for people and for scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.store import NOT_IT, NewRequest, StoredAnswer, Surface, open_store
from intents.feedback import NONE_OF_THEM, Correction, UnknownPaste

Run = Callable[..., Any]

NOW = datetime.now(UTC)
SECRET = "password=hunter2-x7Kq9x7Kq9"
TEMPLATE = "ledger: checksum mismatch in batch <_>"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of the database in CASEBOOK_DATA."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CASEBOOK_DATA", str(tmp_path / "data"))
    return f"sqlite:///{tmp_path / 'data' / 'casebook.db'}"


def filled(url: str, *, at: datetime) -> None:
    """Store two answers, one of them called wrong by two people, and two unknown pastes."""

    async def fill() -> None:
        async with open_store(url) as store:
            for id in ("Ev1", "Ev2"):
                request = NewRequest(id=id, origin=Surface.MENTION, team="T1", channel="C1", user="U1", created=at)
                await store.requests.add(request)
                answer: dict[str, Any] = {
                    "channel": "C1",
                    "ts": id,
                    "incident": "dns",
                    "verdict": "likely",
                    "message": {},
                }
                await store.answers.save(StoredAnswer(request_id=id, revision=1, saved=at, **answer))
                paste = UnknownPaste(request=id, channel="C1", template=TEMPLATE, example=f"{TEMPLATE} {SECRET}", at=at)
                await store.unknown_pastes.add(paste)
            for user, entry, says in (("U1", "quota", ""), ("U2", NONE_OF_THEM, f"the switch\n\x1b[31m{SECRET}")):
                await store.feedback.add("Ev1", user, NOT_IT, at)
                await store.corrections.save(
                    Correction(
                        request="Ev1", user=user, channel="C1", incident="dns", verdict="likely", entry=entry,
                        says=says, at=at,
                    )
                )  # fmt: skip

    asyncio.run(fill())


def test_wrong_entries_and_candidates_are_printed_for_people(run: Run, database: str) -> None:
    filled(database, at=NOW - timedelta(days=1))

    ran = run("feedback")

    assert (ran.code, ran.err) == (0, "")
    assert "  dns: 1 of 2 answers (1 likely)\n    it was: none of the known entries (1), quota (1)\n" in ran.out
    assert f"  2 times: {TEMPLATE}\n" in ran.out
    assert "the switch" in ran.out
    assert "hunter2" not in ran.out
    assert "\x1b" not in ran.out


def test_scripts_get_one_json_object(run: Run, database: str) -> None:
    filled(database, at=NOW - timedelta(days=1))

    ran = run("feedback", "--since", "2d", "--output", "json")

    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    (wrong,) = told["wrong"]
    assert {key: wrong[key] for key in ("entry", "wrong", "answers", "verdicts")} == {
        "entry": "dns", "wrong": 1, "answers": 2, "verdicts": {"likely": 1},
    }  # fmt: skip
    assert wrong["instead"] == [{"entry": "", "count": 1}, {"entry": "quota", "count": 1}]
    (candidate,) = told["candidates"]
    assert (candidate["template"], candidate["count"], candidate["channels"]) == (TEMPLATE, 2, ["C1"])
    assert "hunter2" not in ran.out


def test_a_period_without_feedback_says_so(run: Run, database: str) -> None:
    filled(database, at=NOW - timedelta(days=3))

    ran = run("feedback", "--since", "2d")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("casebook: no feedback since ")
    assert json.loads(run("feedback", "--since", "2d", "--output", "json").out)["wrong"] == []


def test_a_missing_database_is_reported_and_not_created(run: Run, database: str, tmp_path: Path) -> None:
    ran = run("feedback")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"casebook: cannot read the feedback in {tmp_path}/data/casebook.db: no such file or directory\n"
    assert not (tmp_path / "data" / "casebook.db").exists()
