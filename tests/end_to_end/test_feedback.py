"""Feedback that reaches people: what it was instead of an answer, and texts that no entry explains."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.slack import SimulatedSlack
from intents.feedback import NONE_OF_THEM, FeedbackSummary, summary_of
from responses.slack.presses import Press
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import (
    GRANTED,
    HEARD,
    Clock,
    Workplace,
    buttons_of,
    lines_of,
    words_of,
    workplace,
)

SECRET = "hunter2-" + "x7Kq9" * 4
OTHER = "container-oom-killed"


async def mark_as_wrong(at: Workplace, user: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Mark an answer as wrong and return the dialog that opens."""
    before = {view["id"] for view in at.slack.views(user)}
    await press_not_it(at, user, answer)
    return await at.opened(user, before)


async def press_not_it(at: Workplace, user: str, answer: dict[str, Any]) -> None:
    menu = next(button for button in buttons_of(answer["blocks"]) if button["type"] == "overflow")
    not_it = next(option for option in menu["options"] if option["value"].startswith("not_it"))
    await at.slack.click(user, at.channel, answer["ts"], menu["action_id"], value=not_it["value"])


def typed(*, entry: str = "", remark: str = "") -> dict[str, dict[str, str]]:
    values = {Press.WAS: entry, Press.WAS_TEXT: remark}
    return {str(block): {str(block): value} for block, value in values.items() if value}


def submission(at: Workplace, view: dict[str, Any], user: str) -> dict[str, Any]:
    """Return the submission of a dialog as if it came from this user."""
    return {
        "type": "view_submission",
        "team": {"id": at.slack.team_id},
        "user": {"id": user},
        "api_app_id": at.slack.app_id,
        "view": {**view, "state": {"values": {Press.WAS_TEXT: {Press.WAS_TEXT: {"value": "forged"}}}}},
    }


def menu_of(view: dict[str, Any]) -> dict[str, Any]:
    return next(block["element"] for block in view["blocks"] if block.get("block_id") == Press.WAS)


def marks(at: Workplace, ts: str) -> list[str]:
    """Return the lines of the answer that say who called it wrong."""
    return [line for line in lines_of(at.answers(ts)[0]) if "Marked as wrong" in line]


async def feedback(at: Workplace) -> FeedbackSummary:
    return summary_of(await at.app.store.feedback_reader.records(at.clock().replace(year=2000)))


async def test_what_it_was_is_shown_in_the_answer_and_counted(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        view = await mark_as_wrong(at, at.bo, await at.answer(ts))
        await at.slack.wait_for(lambda: at.bo in "".join(marks(at, ts)))
        values = [option["value"] for group in menu_of(view)["option_groups"] for option in group["options"]]
        assert set(values) == {NONE_OF_THEM, *engine.catalog.incidents} - {broken.incident}
        assert "The answer said" in words_of(view["blocks"])

        await at.submit(at.bo, view["id"], typed(entry=OTHER, remark=f"its DB_PASSWORD={SECRET} <!channel>"))
        await at.slack.wait_for(lambda: engine.catalog.incidents[OTHER].title.en in str(marks(at, ts)))
        (line,) = marks(at, ts)
        assert at.bo in line
        assert SECRET not in str(at.answers(ts))

        # The same submission again is the same job; a later dialog replaces what was said.
        assert (await at.send(submission(at, view, at.bo))).ok
        await at.settled()
        assert "forged" not in str(marks(at, ts))
        again = await mark_as_wrong(at, at.bo, at.answers(ts)[0])
        assert menu_of(again)["initial_option"]["value"] == OTHER
        await at.submit(at.bo, again["id"], typed(entry=NONE_OF_THEM, remark="the switch"))
        await at.slack.wait_for(lambda: "the switch" in str(marks(at, ts)))
        await at.settled()
        (wrong,) = (await feedback(at)).wrong
        assert (wrong.id, wrong.wrong, wrong.answers) == (broken.incident, 1, 1)
        assert wrong.instead == ((NONE_OF_THEM, 1),)
        assert wrong.remarks == ("the switch",)
        assert (await scraped(at)).of("casebook_corrections_total", incident=broken.incident) == 2
    for file in (tmp_path / "data").iterdir():
        assert SECRET.encode() not in file.read_bytes()


async def test_a_closed_dialog_keeps_the_mark_and_an_empty_one_asks(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        view = await mark_as_wrong(at, at.bo, await at.answer(ts))
        await at.submit(at.bo, view["id"], typed())
        assert "Choose an incident or type" in str(at.slack.views(at.bo)[-1]["errors"])
        await at.settled()
        (wrong,) = (await feedback(at)).wrong
        assert (wrong.wrong, wrong.instead, wrong.remarks) == (1, (), ())


async def test_people_who_may_not_see_the_answer_cannot_correct_it(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        answer = await at.answer(ts)
        await press_not_it(at, at.guest, answer)
        await at.settled()
        assert at.slack.views(at.guest) == []

        # A forged dialog: of a guest, and of a member who did not mark the answer.
        view = await mark_as_wrong(at, at.bo, answer)
        for user in (at.guest, at.alex):
            refused = await at.send(submission(at, view, user))
            assert "may not" in str(refused.body)
        await at.settled()
        (wrong,) = (await feedback(at)).wrong
        assert (wrong.wrong, wrong.instead) == (1, ())


UNKNOWN = "ERROR ledger: checksum mismatch in batch 4711 of till: got 0xcafe"


async def test_unknown_texts_that_people_ask_about_are_counted_until_deleted(tmp_path, engine):
    async with workplace(tmp_path, engine) as at:
        await at.slack.say(at.bo, at.channel, "I lost my keys and the coffee machine failed again")
        await at.slack.say(at.bo, at.channel, UNKNOWN)  # nobody asked, and nobody answered
        mention = f"<@{at.slack.bot_user_id}> {UNKNOWN}\nDB_PASSWORD={SECRET}"
        first = await at.slack.say(at.alex, at.channel, mention)
        await at.answer(first)
        await at.slack.slash(at.alex, at.channel, UNKNOWN.replace("4711", "9000"))
        chat = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> is everything fine where you are?")
        await at.answer(chat)
        await at.settled()

        (ledger,) = (await feedback(at)).candidates
        assert ledger.count == 2
        assert "ledger: checksum mismatch in batch <_>" in ledger.template
        assert (await scraped(at)).of("casebook_unknown_pastes_total") == 2

        await at.slack.remove(at.alex, at.channel, first)
        await at.slack.wait_for(lambda: not at.answers(first))
        await at.settled()
        (ledger,) = (await feedback(at)).candidates
        assert ledger.count == 1
    for file in (tmp_path / "data").iterdir():
        assert SECRET.encode() not in file.read_bytes()


async def test_an_edit_to_a_known_text_is_no_candidate(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {UNKNOWN}")
        await at.answer(ts)
        await at.settled()
        assert len((await feedback(at)).candidates) == 1
        await at.slack.edit(at.alex, at.channel, ts, f"<@{at.slack.bot_user_id}> {broken.text}")
        await at.slack.wait_for(lambda: "CONFIRMED" in words_of(at.answers(ts)[0]["blocks"]))
        await at.settled()
        assert (await feedback(at)).candidates == ()


HOME = "C0000000001"
WEEKLY = f"0 8 * * 1 {HOME}"


def sunday() -> Clock:
    """Return a clock at four on a Sunday."""
    now = datetime.now(UTC)
    then = (now + timedelta(days=6 - now.weekday())).replace(hour=4, minute=0)
    return Clock(ahead=then - now)


def posts(at: Workplace) -> list[dict[str, Any]]:
    return [one for one in at.ours(HOME) if "Feedback from" in words_of(one["blocks"])]


async def reports(at: Workplace) -> float:
    return (await scraped(at)).of("casebook_jobs_total", kind="feedback_report", outcome="done")


async def monday(at: Workplace) -> None:
    """Let the clock pass eight on the next Monday, and wait until the report is done."""
    now, before = at.clock(), await reports(at)
    at.clock.advance((now + timedelta(days=7 - now.weekday())).replace(hour=8, minute=1) - now)
    async with asyncio.timeout(20):
        while await reports(at) == before:
            await at.settled()
    await at.settled()


async def test_feedback_is_posted_once_a_week_without_texts_of_private_channels(tmp_path, engine, broken):
    slack, clock = SimulatedSlack(paced=False, events=HEARD, scopes=GRANTED), sunday()
    options: dict[str, Any] = {"slack": slack, "clock": clock, "beat_s": 0.05, "feedback_report": WEEKLY}
    async with workplace(tmp_path, engine, broken.world, **options) as at:
        await monday(at)
        assert posts(at) == []

        private = at.slack.add_channel("private", private=True, members=[at.alex, at.bo, at.slack.bot_user_id])
        public = at.slack.add_channel("other")
        ask = f"<@{at.slack.bot_user_id}> {UNKNOWN}"
        await at.answer(await at.slack.say(at.bo, public, ask), public)
        hidden = f"<@{at.slack.bot_user_id}> ERROR vault: cannot merge the secret plans of Neptune"
        await at.answer(await at.slack.say(at.bo, private, hidden), private)
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        view = await mark_as_wrong(at, at.bo, await at.answer(ts))
        await at.submit(at.bo, view["id"], typed(entry=OTHER))
        await at.settled()
        await monday(at)
        (post,) = posts(at)
        told = words_of(post["blocks"])
        assert f"{broken.incident}: wrong in 1 of 1 answers" in "".join(lines_of(post)).replace("`", "")
        assert engine.catalog.incidents[OTHER].title.en in told
        assert "ledger: checksum mismatch in batch <_>" in told
        assert "Neptune" not in told
        assert "left out here: 1" in told

    # After a restart the report of this Monday is not posted again, and the next one has nothing to tell.
    async with workplace(tmp_path, engine, **options) as at:
        await at.settled()
        assert await reports(at) == 0
        await monday(at)
        assert len(posts(at)) == 1
