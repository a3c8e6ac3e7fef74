"""Run two processes on one PostgreSQL, with Slack delivering to both in turn: each action runs once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import psycopg

from bot.store import open_store
from responses import failures
from responses.slack.presses import Press
from tests.end_to_end.corners import (
    claim_not_shown,
    confirm_until,
    kill_and_clear,
    make_corner,
    press_in_all,
    wait_for_results,
    write_not_answered,
)
from tests.end_to_end.own_entries import SERVING, asleep_deployment, open_premises
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import pressable, words_of
from tests.postgres import Server, postgres
from tests.waiting import until

# A fixture that tests request by name.
__all__ = ["postgres"]


PEOPLE = 20
BUSY = failures.BUSY.en[1:]
REPEATED = failures.ALREADY_PRESSED.en[1:]


async def test_twenty_concurrent_confirmations_write_once(tmp_path, postgres: Server):
    url = postgres.create()
    async with open_premises(tmp_path, CASEBOOK_DATABASE_URL=url) as at:
        own = asleep_deployment()
        here = make_corner(at, own.broken, name="of all", names=own.names)
        people = [at.slack.add_user(f"person-{number}") for number in range(PEOPLE)]
        serving = [await at.start(replica=replica, **SERVING) for replica in ("one", "another")]
        await here.ask()
        button = pressable(here.message, Press.REMEDY)["action_id"]

        await asyncio.gather(*(at.slack.click(user, here.channel, here.answer["ts"], button) for user in people))
        await at.slack.wait_for(lambda: all(_dialog(at.slack.views(user)) for user in people), timeout=50)
        assert here.sent == []

        dialogs = {user: _dialog(at.slack.views(user)) for user in people}
        delivered = await asyncio.gather(*(at.slack.submit(user, view) for user, view in dialogs.items()))
        assert {one.status for one in delivered} == {200}
        await wait_for_results([here], own.ends)
        # Late users may be told after the write succeeded; a stop would leave that to the next start.
        await at.slack.wait_for(lambda: sum(_was_late(at, user) for user in people) >= PEOPLE - 1, timeout=50)
        for each in serving:
            assert await each.stop() == 0

        assert here.sent == [*own.steps]
        audited = await here.audited()
        assert Counter(entry.outcome for entry in audited) == {
            "claimed": 1,
            "applied": 1,
            "fixed": 1,
            "refused: conflict": PEOPLE - 1,
        }
        (winner,) = {entry.actor for entry in audited if entry.outcome in ("claimed", "applied", "fixed")}
        for user in people:
            assert _was_late(at, user) == (user != winner)
        with psycopg.connect(url) as database:
            query = "SELECT executor_id, count(*) FROM casebook_jobs.workflow_status WHERE name = 'remedy' GROUP BY 1"
            tried: dict[str, int] = dict(database.execute(query).fetchall())
        assert tried == {"one": PEOPLE / 2, "another": PEOPLE / 2}


def _was_late(at: Premises, user: str) -> bool:
    return REPEATED in words_of([message["blocks"] for message in at.slack.ephemerals(user)])


def _dialog(views: list[dict[str, Any]]) -> str:
    """Wait for the filled modal and return its id."""
    return next((view["id"] for view in views if view["submit"]), "")


async def test_plan_claimed_by_a_killed_process_is_finished_once_by_another(tmp_path, postgres: Server):
    url = postgres.create()
    async with open_premises(tmp_path, CASEBOOK_DATABASE_URL=url) as at:
        own = asleep_deployment()
        tried = {
            make_corner(at, own.broken, name="claimed", names=own.names): claim_not_shown,
            make_corner(at, own.broken, name="written and not answered", names=own.names): write_not_answered(
                own.steps[0]
            ),
        }
        dies = await at.start(replica="dies", **SERVING)
        await press_in_all(tried)
        await confirm_until(tried)
        lives = await at.start(replica="lives", **SERVING)
        await kill_and_clear(at, dies)
        # Its heartbeat is old: the next process to check takes its jobs over, at its own start.
        with psycopg.connect(url) as database:
            query = "UPDATE replicas SET beat = beat - interval '1 hour' WHERE executor = 'dies'"
            assert database.execute(query).rowcount == 1
        heir = await at.start(replica="heir", **SERVING)
        await wait_for_results(tried, own.ends)
        back = await at.start(replica="dies", **SERVING)
        for one in (lives, heir, back):
            assert await one.stop() == 0

        for each in tried:
            assert each.sent == [*own.steps]
            assert [entry.outcome for entry in await each.audited()] == ["claimed", "applied", "fixed"]


async def test_same_error_pasted_by_many_people_is_answered_once_by_two_processes(tmp_path, postgres: Server, broken):
    async with premises(tmp_path, broken.world, pace=False, CASEBOOK_DATABASE_URL=postgres.create()) as at:
        for replica in ("one", "another"):
            await at.start(replica=replica)
        people = [at.slack.add_user(f"person-{number}") for number in range(PEOPLE)]
        await asyncio.gather(*(at.slack.say(user, at.channel, broken.text) for user in people))
        await at.slack.wait_for(
            lambda: sum(bool(at.slack.ephemerals(user)) for user in people) == PEOPLE - 1, timeout=50
        )
        (answer,) = at.ours()
        await at.slack.wait_for(lambda: f"{PEOPLE}×" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"]))
        for each in at.processes:
            assert await each.stop() == 0
        assert len(at.ours()) == 1


async def test_press_on_an_answer_that_is_not_stored_yet_asks_to_press_again(tmp_path, postgres: Server, broken):
    url = postgres.create()
    async with premises(tmp_path, broken.world, pace=False, CASEBOOK_DATABASE_URL=url) as at:
        await at.start()
        with psycopg.connect(url) as holder:
            holder.execute("LOCK TABLE answers IN SHARE MODE")
            answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
            details = pressable(answer, Press.DETAILS)["action_id"]
            assert (await at.slack.click(at.alex, at.channel, answer["ts"], details)).status == 200
            await at.slack.wait_for(lambda: BUSY in words_of([one["blocks"] for one in at.slack.ephemerals(at.alex)]))
            assert at.slack.views(at.alex) == []

        def stored() -> bool:
            with psycopg.connect(url) as database:
                return database.execute("SELECT 1 FROM answers").fetchone() is not None

        await until(stored)
        await at.slack.click(at.alex, at.channel, answer["ts"], details)
        await at.slack.wait_for(lambda: at.slack.views(at.alex))
        assert len(at.ours()) == 1
        async with open_store(url) as store:
            assert await store.audit.entries(since=datetime(2020, 1, 1, tzinfo=UTC), limit=10) == ()
