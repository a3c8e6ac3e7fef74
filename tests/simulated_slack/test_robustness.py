"""Send malformed input: every call gets a response, so an app's bug does not look like the simulator's."""

from typing import Any

import aiohttp
import pytest

from bot.playground.slack import ImpossibleActionError, SimulatedSlack
from bot.playground.slack.methods import METHODS

NAMES = (
    "channel", "channel_id", "text", "ts", "thread_ts", "blocks", "attachments", "metadata", "user", "users", "view",
    "view_id", "trigger_id", "files", "file", "limit", "cursor", "oldest", "length", "filename", "timestamp", "name",
    "message_ts", "email", "title", "link", "type", "types", "changes", "canvas_id", "document_content",
)  # fmt: skip
JUNK: tuple[Any, ...] = (None, 0, -1, 1.5, True, "", "x", "\x00", "{", [], [1], [[]], [{}], {}, {"a": 1}, {"type": []})


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_every_method_answers_malformed_input(slack: SimulatedSlack, incidents: str, ana: str, method: str):
    token = slack.app_token if METHODS[method].app_level else slack.bot_token
    headers = {"Authorization": f"Bearer {token}"}
    ts = await slack.say(ana, incidents, "hello")
    known = {"channel": incidents, "ts": ts, "user": ana, "text": "hello"}

    async with aiohttp.ClientSession(base_url=slack.api_url, headers=headers) as session:
        for junk in JUNK:
            for fixed in ({}, known):
                arguments = dict.fromkeys(NAMES, junk) | fixed
                async with session.post(method, json=arguments) as response:
                    assert response.status == 200, (junk, await response.text())
                    assert isinstance((await response.json())["ok"], bool)


@pytest.mark.parametrize(
    ("body", "error"), [(b"{", "invalid_json"), (b"\xff", "invalid_json"), (b"[]", "json_not_object")]
)
async def test_a_body_that_is_not_an_object_is_refused(slack: SimulatedSlack, body: bytes, error: str):
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}

    url = f"{slack.api_url}auth.test"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=body) as response:
        assert (await response.json())["error"] == error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"text": 1, "blocks": 1}', b'{"thread_ts": []}', b"\xff"])
async def test_malformed_input_at_a_response_url_is_refused(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, body: bytes
):
    await slack.slash(ana, incidents, "help")
    url = receiver.received[0].form["response_url"]

    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        assert response.status == 400
    assert slack.ephemerals() == slack.messages(incidents) == []


async def test_users_cannot_reply_to_a_reply(slack: SimulatedSlack, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")
    reply = await slack.say(ana, incidents, "still", thread_ts=ts)

    with pytest.raises(ImpossibleActionError, match=f"message {reply} is a reply: its thread is {ts}"):
        await slack.say(ana, incidents, "and now", thread_ts=reply)
    with pytest.raises(ImpossibleActionError, match=r"no message 1\.000000 in incidents"):
        await slack.say(ana, incidents, "and now", thread_ts="1.000000")


async def test_an_archived_channel_accepts_no_messages(slack: SimulatedSlack, ana: str):
    old = slack.add_channel("old", archived=True)

    with pytest.raises(ImpossibleActionError, match="#old is archived"):
        await slack.say(ana, old, "hello")


async def test_a_thread_of_thousands_is_posted_quickly(slack: SimulatedSlack, incidents: str, ana: str):
    # Each post is counted at its parent; a scan of the channel for each one would take minutes.
    ts = await slack.say(ana, incidents, "it is broken")
    for number in range(3_000):
        await slack.say(ana, incidents, str(number), thread_ts=ts)

    assert slack.message(incidents, ts)["reply_count"] == 3_000


async def test_secrets_are_new_for_each_instance_unless_given(slack: SimulatedSlack):
    other = SimulatedSlack(signing_secret="given")

    assert other.signing_secret == "given"
    assert len({slack.bot_token, slack.app_token, other.bot_token, other.app_token}) == 4
    assert SimulatedSlack().signing_secret != slack.signing_secret


async def test_it_restarts_with_its_state(simulate):
    slack, receiver = await simulate()
    ana, incidents = slack.add_user("ana"), slack.add_channel("incidents")
    await slack.say(ana, incidents, "before")
    await slack.stop()
    await slack.say(ana, incidents, "while it is away")
    await slack.start()
    await slack.say(ana, incidents, "after")

    assert [event["text"] for event in receiver.events] == ["before", "after"]
    assert len(slack.messages(incidents)) == 3
