"""Test rejections: requests not from Slack, not for our messages, not for this user, or impossible."""

from __future__ import annotations

import copy
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.diagnosing import Engine
from bot.playground.slack import SharedFile
from responses.slack.presses import Press
from tests.end_to_end.workplace import (
    Broken,
    Workplace,
    Worlds,
    broken_case,
    broken_of,
    buttons_of,
    pressable,
    words_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

CURABLE = ("image-pull-failed", "the registry still does not answer; a restart changes nothing")


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Worlds:
    return [broken_of(engine, "run-as-nonroot-root-image").world, broken_case(engine, *CURABLE).world]


@pytest.fixture
def curable(engine: Engine) -> Broken:
    return broken_case(engine, *CURABLE)


# --- not from Slack ---


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
async def test_oversized_body_is_rejected_unread(at):
    body = b"x" * (3 * 1024 * 1024)

    assert (await at.slack.send_raw(body, at.slack.sign(body))).status in (0, 413)


# --- signed, and no press of ours ---


async def paste(at: Workplace, broken: Broken, channel: str = "") -> dict[str, Any]:
    channel = channel or at.channel
    return await at.answer(await at.slack.say(at.alex, channel, broken.text), channel)


def press_payload(at: Workplace, answer: dict[str, Any], user: str, **changes: Any) -> dict[str, Any]:
    """Return the payload of a press on an answer's first remedy with changed fields."""
    button = pressable(answer, Press.REMEDY)
    value = changes.pop("value", button["value"])
    payload = {
        "type": "block_actions",
        "api_app_id": at.slack.app_id,
        "team": {"id": at.slack.team_id},
        "user": {"id": user, "team_id": at.slack.team_id},
        "trigger_id": "1.2.simulated",
        "channel": {"id": at.channel},
        "container": {"type": "message", "message_ts": answer["ts"], "channel_id": at.channel},
        "message": {"ts": answer["ts"], "thread_ts": answer["thread_ts"]},
        "actions": [
            {"type": "button", "action_id": button["action_id"], "value": value, "action_ts": "1700000000.000100"}
        ],
    }
    return payload | changes


async def test_button_press_with_an_unknown_plan_is_rejected_audited_and_reported(at, curable):
    answer = await paste(at, curable)
    await assert_rejected(
        at, press_payload(at, answer, at.bo, value="made-up"), why="the plan is not offered by this message"
    )


async def test_button_press_with_the_plan_of_another_answer_is_rejected(at, curable):
    elsewhere = at.slack.add_channel("elsewhere")
    other = pressable(await paste(at, curable, elsewhere), Press.REMEDY)["value"]
    answer = await paste(at, curable)
    assert other != pressable(answer, Press.REMEDY)["value"]
    await assert_rejected(
        at, press_payload(at, answer, at.bo, value=other), why="the plan is not offered by this message"
    )


async def test_button_press_on_a_foreign_message_is_rejected(at, curable):
    answer = await paste(at, curable)
    # Another app can post a message with the same button.
    forged = await at.slack.say(at.slack.add_user("other-app"), at.channel, "press me", bot=True)
    payload = press_payload(at, answer | {"ts": forged}, at.bo)
    await assert_rejected(at, payload, why="the message is not one of our answers")


async def test_button_press_from_another_channel_is_rejected(at, curable):
    answer = await paste(at, curable)
    for user, changes, why in (
        (at.alex, {"team": {"id": "T0FOREIGN00"}}, "it comes from another workspace"),
        (at.bo, {"team": None}, "it comes from another workspace"),
        (at.guest, {"api_app_id": "A0OTHER"}, "it is meant for another app"),
    ):
        await assert_rejected(at, press_payload(at, answer, user, **changes), why=why)


async def test_details_are_shown_only_for_our_messages(at, curable):
    answer = await paste(at, curable)
    payload = press_payload(at, answer, at.bo, team={"id": "T0FOREIGN00"})
    payload["actions"][0] |= {"action_id": "details", "value": "x"}
    await assert_rejected(at, payload, why="it comes from another workspace")


async def assert_rejected(at: Workplace, payload: dict[str, Any], *, why: str) -> None:
    """Send a button press and check that it is acknowledged, audited, explained and opens nothing."""
    user, before = payload["user"]["id"], len(await at.audited())
    delivered = await at.send(payload)
    await at.settled()

    assert delivered.status == 200
    entries = [(one.outcome, one.actor, one.detail["why"]) for one in await at.audited()]
    assert entries[before:] == [("refused", user, why)]
    assert "was refused and recorded" in words_of([one["blocks"] for one in at.slack.ephemerals(user)])
    assert at.slack.views(user) == []
    assert at.writes() == []


async def test_replayed_button_press_opens_no_second_modal(at, curable):
    answer = await paste(at, curable)
    await at.dialog(at.bo, answer)
    (press,) = [one.payload for one in at.deliveries if one.payload.get("type") == "block_actions"]
    assert (await at.send(press)).status == 200
    await at.settled()

    assert len([call for call in at.calls if call.method == "views.open"]) == 1


async def test_replayed_request_is_rejected(at, curable):
    answer = await paste(at, curable)
    await at.dialog(at.bo, answer)
    (press,) = [one.payload for one in at.deliveries if one.payload.get("type") == "block_actions"]
    body = urlencode({"payload": json.dumps(press)}).encode()
    headers = at.slack.sign(body, time.time() - 400) | {"Content-Type": "application/x-www-form-urlencoded"}

    assert (await at.slack.send_raw(body, headers)).status == 401


# --- dialogs ---


def submission_payload(at: Workplace, view: dict[str, Any], user: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "view_submission",
        "api_app_id": at.slack.app_id,
        "team": {"id": at.slack.team_id},
        "user": {"id": user, "team_id": at.slack.team_id},
        "view": copy.deepcopy(view) | changes,
    }


async def test_submission_of_a_modal_the_user_never_saw_is_rejected(at, curable):
    answer = await paste(at, curable)
    view = await at.dialog(at.bo, answer)
    another = "the dialog was not shown to this user for the plan"
    expected = []
    for user, changes, why in (
        (at.alex, {}, another),
        (at.bo, {"id": "V0MADEUP"}, another),
        (at.bo, {"private_metadata": "made-up"}, "there is no such plan"),
        (at.bo, {"private_metadata": ""}, "there is no such plan"),
    ):
        delivered = await at.send(submission_payload(at, view, user, **changes))
        assert delivered.body["response_action"] == "update"
        assert "was refused and recorded" in words_of(delivered.body["view"]["blocks"])
        expected.append(("refused", user, why))
    await at.settled()

    assert [(one.outcome, one.actor, one.detail["why"]) for one in await at.audited()] == expected
    assert at.writes() == []


async def test_submission_before_the_preview_is_rejected(at, curable):
    answer = await paste(at, curable)
    plan = pressable(answer, Press.REMEDY)["value"]
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "confirm",
        "private_metadata": plan,
        "state": {"values": {}},
    }
    delivered = await at.send(submission_payload(at, view, at.bo))
    await at.settled()

    assert delivered.body["response_action"] == "update"
    assert at.writes() == []


async def test_feedback_from_another_channel_changes_nothing(at, curable):
    answer = await paste(at, curable)
    menu = next(button for button in buttons_of(answer["blocks"]) if button["type"] == "overflow")
    payload = press_payload(at, answer, at.bo, team={"id": "T0FOREIGN00"})
    payload["actions"] = [
        {"type": "overflow", "action_id": menu["action_id"], "selected_option": each, "action_ts": "1.2"}
        for each in menu["options"]
        if each["value"].startswith("mute")
    ]
    await at.send(payload)
    await at.settled()

    assert await at.app.store.mutes.list(at.channel, at.clock()) == ()
    assert [one.outcome for one in await at.audited()] == ["refused"]


# --- where an answer cannot be given ---


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"error": "not_in_channel"}, "#{}: I am not a member of that channel: invite me first"),
        ({"error": "is_archived"}, "archived"),
        ({"error": "missing_scope", "needed": "chat:write", "provided": "commands"}, "chat:write"),
    ],
    ids=["not in the channel", "archived", "missing scope"],
)
async def test_undeliverable_answer_is_reported_once_to_somebody_who_can_act(at, broken, fault, told):
    for _ in range(2):
        # A slow answer has a placeholder, which fails too.
        at.slack.fail("chat.postMessage", times=2, given={"channel": at.channel}, **fault)
        await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        await at.settled()
        at.slack.clear_faults()

    direct = at.slack.open_im(at.alex)
    said = [words_of(one["blocks"]) for one in at.ours(direct)]
    assert len(said) == 1
    assert told.format(at.slack.state.workspace.channel(at.channel).name) in said[0]


BINARY = bytes(range(256)) * 40


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (SharedFile(name="all.log", content=b"x", claimed_size=50 << 20), "too large"),
        (SharedFile(name="core.log", content=BINARY), "not text"),
    ],
    ids=["too large", "binary"],
)
async def test_unreadable_file_is_mentioned_once_where_it_was_shared(at, file, told):
    first = await at.slack.say(at.alex, at.channel, "", files=[file])
    await at.slack.wait_for(lambda: at.answers(first))
    await at.slack.say(at.bo, at.channel, "", files=[file])
    await at.settled()

    assert len(at.ours()) == 1
    assert told in words_of(at.answers(first)[0]["blocks"])


async def test_question_about_an_unreadable_file_is_answered_each_time(at):
    file = SharedFile(name="core.log", content=BINARY)
    for user in (at.alex, at.bo):
        ts = await at.slack.say(user, at.channel, f"<@{at.slack.bot_user_id}>", files=[file])
        assert "not text" in words_of((await at.answer(ts))["blocks"])


async def test_login_page_is_not_taken_for_a_log_and_the_scope_is_named(at, broken):
    at.slack.state.files_hidden = True
    file = SharedFile(name="error.log", content=broken.text.encode())
    ts = await at.slack.say(at.alex, at.channel, "", files=[file])
    await at.slack.wait_for(lambda: at.answers(ts))

    assert "files:read" in words_of(at.answers(ts)[0]["blocks"])
