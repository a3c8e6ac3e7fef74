"""What the app depends on fails: nothing is promised that is not kept, nothing kept is lost, and people are told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.slack.listeners.shortcuts import DIAGNOSE_THIS
from responses import failures
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, is_final, pressable, words_of, workplace

BUSY = failures.BUSY.en[1:]

# --- the database ---


@contextmanager
def locked(data: Path, name: str) -> Iterator[None]:
    """Another program writes, for long."""
    other = sqlite3.connect(data / name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def disk(broken: str, whole: str) -> Iterator[None]:
    """Every connection has the setting `broken` while in use: how a full or read-only disk is had without one."""
    setting = [broken]

    def set_up(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {setting[-1]}")
        cursor.close()

    event.listen(Pool, "checkout", set_up)
    try:
        yield
        # The pool keeps connections: each is set right when it is next used, and no more changed after.
    finally:
        setting.append(whole)


Fault = Callable[[Path], AbstractContextManager[None]]
STORE_FAULTS = [
    pytest.param(lambda data: locked(data, "casebook.db"), "store", "locked", id="store locked"),
    pytest.param(lambda data: locked(data, "jobs.db"), "jobs", "", id="jobs locked"),
    pytest.param(lambda _: disk("query_only=ON", "query_only=OFF"), "store", "read-only", id="disk read-only"),
    pytest.param(
        lambda _: disk("max_page_count=1", "max_page_count=1000000"), "store", "no space left", id="disk full"
    ),
]


@pytest.mark.parametrize(("fault", "part", "reason"), STORE_FAULTS)
async def test_what_cannot_be_recorded_is_not_acknowledged_and_answered_when_it_comes_again(
    tmp_path, engine, broken, fault, part, reason
):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.retry_pauses = ()
        with fault(at.settings.data):
            ts = await at.slack.say(at.alex, at.channel, long(broken.text))
            (refused,) = [one for one in at.slack.deliveries if one.payload["event"]["ts"] == ts]
            assert refused.status == 500
            status, problems = await readiness(at)
            assert status == 503
            assert reason in problems[part]
        assert await readiness(at) == (200, {})
        assert at.ours() == []

        assert (await at.slack.redeliver(refused.event_id)).status == 200
        await at.answer(ts)
        await at.settled()
        assert len(at.ours()) == 1


@pytest.mark.parametrize("name", ["casebook.db", "jobs.db"])
async def test_a_command_or_shortcut_is_told_to_try_again_while_it_cannot_be_recorded(tmp_path, engine, broken, name):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, "what is this?")
        with locked(at.settings.data, name):
            assert (await at.slack.slash(at.bo, at.channel, "pod ledger/db-tikv-0")).status == 200
            assert (await at.slack.shortcut(at.guest, at.channel, ts, callback_id=DIAGNOSE_THIS)).status == 200
            for user in (at.bo, at.guest):
                (told,) = await at.slack.wait_for(lambda user=user: at.slack.ephemerals(user))
                assert BUSY in words_of(told)
        await at.settled()
        assert at.ours() == []


async def test_a_press_is_told_to_try_again_while_it_cannot_be_recorded(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healing.text))
        await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])
        await at.slack.wait_for(lambda: [view for view in at.slack.views(at.alex) if view["submit"]])
        await at.settled()
        (dialog,) = at.slack.views(at.alex)
        with locked(at.settings.data, "jobs.db"):
            pressed, submitted = await asyncio.gather(
                at.slack.click(at.bo, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"]),
                at.slack.submit(at.alex, dialog["id"]),
            )
            assert (pressed.status, submitted.status) == (200, 200)
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.ephemerals(at.bo)))
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.views(at.alex)))
        await at.settled()
        assert at.writes() == []


# --- Slack ---


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "times": 2},
        {"error": "internal_error"},
        {"retry_after": 1},
        {"reset": True},
        {"reset": True, "after_doing": True},
        {"hang": True, "after_doing": True},
    ],
    ids=str,
)
async def test_what_slack_does_to_a_post_and_an_update_is_got_over_and_the_answer_stands_once(
    tmp_path, engine, broken, fault
):
    async with workplace(tmp_path, engine, broken.world) as at:
        for method in ("chat.postMessage", "chat.update"):
            at.slack.fail(method, **fault)
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        answer = await at.slack.wait_for(lambda: [*filter(is_final, at.answers(ts))], timeout=20)
        await at.settled()
        assert "CONFIRMED" in words_of(answer)
        assert len(at.ours()) == 1


@pytest.mark.parametrize("method", ["users.info", "chat.postMessage"])
async def test_an_outage_of_slack_longer_than_a_call_may_take_is_waited_out(tmp_path, engine, broken, method):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.fail(method, status=503, times=4)
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        answer = await at.slack.wait_for(lambda: [*filter(is_final, at.answers(ts))], timeout=20)
        await at.settled()
        # Not the answer that somebody would get of whom Slack tells nothing.
        assert "CONFIRMED" in words_of(answer)
        assert len(at.ours()) == 1


async def test_the_first_event_is_not_dropped_while_slack_does_not_say_who_we_are(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.fail("auth.test", status=503)
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        assert "CONFIRMED" in words_of(answer)


async def test_a_revoked_token_makes_it_unready_and_nothing_is_asked_again_and_again(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.revoke_token()
        await at.slack.say(at.alex, at.channel, broken.text)
        await at.settled()
        status, problems = await readiness(at)
        assert status == 503
        assert "the token is revoked" in problems["slack"]
        refused = Counter(call.method for call in at.slack.calls if call.error == "token_revoked")
        # Who asks, and where; the placeholder, and the answer.
        assert refused == {"users.info": 1, "conversations.info": 1, "chat.postMessage": 2}


async def test_a_press_is_acknowledged_in_time_however_long_slack_takes(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        at.slack.fail("*", hang=True, times=1_000)
        assert (await at.slack.click(at.bo, at.channel, answer["ts"], Press.DETAILS.value)).status == 200


def long(text: str) -> str:
    """More than fits beside what a database holds already."""
    return text + "".join(f"\nI0302 02:59:{number % 60:02} reconciled in {number} ms" for number in range(400))


async def readiness(at: Workplace) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as response:
        return response.status, (await response.json())["problems"]
