"""Test that private messages about something in a thread stay in that thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, words_of, workplace

REPORT = "checkout is down, customers cannot pay"


@pytest.fixture
async def at(tmp_path, engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path, engine, summary_slot_s=0.1) as there:
        yield there


async def thread_in(at: Workplace, name: str) -> tuple[str, str, str]:
    """Create an incident channel with a thread; return the channel, the thread and its reply."""
    channel = at.slack.add_channel(name)
    root = await at.slack.say(at.alex, channel, REPORT)
    reply = await at.slack.say(at.alex, channel, "the mirror is slow", thread_ts=root)
    await at.settled()
    return channel, root, reply


async def told(at: Workplace, user: str) -> dict[str, Any]:
    """Wait for the newest private message to a user."""
    await at.slack.wait_for(lambda: at.slack.ephemerals(user))
    await at.settled()
    return at.slack.ephemerals(user)[-1]


async def test_refused_reaction_is_explained_in_the_thread_of_its_message(at):
    channel, root, reply = await thread_in(at, "inc-1")
    await at.slack.marks.react(at.guest, channel, reply, "pushpin")

    refused = await told(at, at.guest)

    assert "cannot change the record" in words_of(refused["blocks"])
    assert refused["thread_ts"] == root


async def test_refused_reaction_to_a_message_in_the_channel_is_explained_there(at):
    channel, root, _ = await thread_in(at, "inc-2")
    await at.slack.marks.react(at.guest, channel, root, "pushpin")

    assert "thread_ts" not in await told(at, at.guest)


async def test_dialog_that_cannot_be_opened_is_explained_in_the_thread_of_its_button(at):
    channel, root, _ = await thread_in(at, "inc-5")
    await at.slack.say(at.bo, channel, f"<@{at.slack.bot_user_id}> incident resolve", thread_ts=root)
    offer = (await at.slack.wait_for(lambda: at.answers(root, channel)))[0]
    at.slack.fail("views.open", error="expired_trigger_id")
    await at.slack.click(at.bo, channel, offer["ts"], Press.RESOLVE.value)

    refused = await told(at, at.bo)

    assert refused["thread_ts"] == root
