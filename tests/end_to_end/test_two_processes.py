"""Run two processes on one PostgreSQL, with Slack delivering to both in turn: each action runs once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg

from responses import failures
from responses.slack.presses import Press
from tests.end_to_end.corners import (
    Corner,
    claim_not_shown,
    confirm_until,
    corner_in_errors,
    kill_and_clear,
    make_corner,
    press_in_all,
    wait_for_results,
    write_not_answered,
)
from tests.end_to_end.own_entries import FIXED, SERVING, asleep_deployment, open_premises
from tests.end_to_end.process import Premises
from tests.end_to_end.workplace import pressable, words_of
from tests.postgres import Server, postgres
from tests.waiting import until

# A fixture that tests request by name.
__all__ = ["postgres"]


PEOPLE = 12
BUSY = failures.BUSY.en[1:]
REPEATED = failures.ALREADY_PRESSED.en[1:]


async def test_what_many_people_do_at_once_is_done_once(tmp_path, postgres: Server):
    url = postgres.create()
    async with open_premises(tmp_path, CASEBOOK_DATABASE_URL=url) as at:
        own = asleep_deployment()
        pressed, pasted, unstored = (
            make_corner(at, own.broken, name=name, names=own.names)
            for name in ("confirmed by many", "pasted by many", "not stored yet")
        )
        people = [at.slack.add_user(f"person-{number}") for number in range(PEOPLE)]
        serving = [await at.start(replica=replica, **SERVING) for replica in ("one", "another")]
        with corner_in_errors(pressed):
            await confirm_at_once(pressed, people)
        with corner_in_errors(pasted):
            await paste_at_once(pasted, people)
        with corner_in_errors(unstored):
            await press_before_it_is_stored(unstored, url)
        for each in serving:
            assert await each.stop() == 0

        assert pressed.sent == [*own.steps]
        audited = await pressed.audited()
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
        assert [len(each.ours) for each in (pasted, unstored)] == [1, 1]
        assert await unstored.audited() == []


async def confirm_at_once(here: Corner, people: Sequence[str]) -> None:
    """Press the answer's remedy as each person, then submit every dialog."""
    at = here.at
    await here.ask()
    button = pressable(here.message, Press.REMEDY)["action_id"]

    await asyncio.gather(*(at.slack.click(user, here.channel, here.answer["ts"], button) for user in people))
    await at.slack.wait_for(lambda: all(_dialog(at.slack.views(user)) for user in people), timeout=50)
    assert here.sent == []

    dialogs = {user: _dialog(at.slack.views(user)) for user in people}
    delivered = await asyncio.gather(*(at.slack.submit(user, view) for user, view in dialogs.items()))
    assert {one.status for one in delivered} == {200}
    await wait_for_results([here], FIXED)
    # Late users may be told after the write succeeded; a stop would leave that to the next start.
    await at.slack.wait_for(lambda: sum(_was_late(at, user) for user in people) >= PEOPLE - 1, timeout=50)


async def paste_at_once(here: Corner, people: Sequence[str]) -> None:
    """Paste the error as each person; all but one are told where it is answered, and all are counted."""
    at = here.at
    before = {user: len(at.slack.ephemerals(user)) for user in people}
    await asyncio.gather(*(at.slack.say(user, here.channel, here.text) for user in people))
    await at.slack.wait_for(
        lambda: sum(len(at.slack.ephemerals(user)) > before[user] for user in people) == PEOPLE - 1, timeout=50
    )
    (here.answer,) = here.ours
    await at.slack.wait_for(lambda: f"{PEOPLE}×" in here.shown)


async def press_before_it_is_stored(here: Corner, url: str) -> None:
    """Press details while the answer cannot be stored: the user is asked to press again, and that works."""
    at = here.at
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE answers IN SHARE MODE")
        await here.ask()
        details = pressable(here.message, Press.DETAILS)["action_id"]
        assert (await at.slack.click(here.user, here.channel, here.answer["ts"], details)).status == 200
        await at.slack.wait_for(lambda: BUSY in words_of([one["blocks"] for one in at.slack.ephemerals(here.user)]))
        assert at.slack.views(here.user) == []

    def stored() -> bool:
        with psycopg.connect(url) as database:
            return database.execute("SELECT 1 FROM answers WHERE channel = %s", (here.channel,)).fetchone() is not None

    await until(stored)
    await at.slack.click(here.user, here.channel, here.answer["ts"], details)
    await at.slack.wait_for(lambda: at.slack.views(here.user))


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
