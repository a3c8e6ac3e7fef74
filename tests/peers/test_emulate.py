"""Test the bot's Slack client against emulate, a stateful Slack Web API written by others."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import scopes
from bot.slack.client import Slack
from bot.slack.errors import ChannelGone, MessageGone, MissingScope
from bot.slack.posts import PostedMessage
from responses.slack.message import Message, Snippet
from tests.peers import payloads
from tests.peers.shim import Shim

GENERAL: Final = "C000000001"
ADMIN: Final = "U000000001"
BOT: Final = {"type": "bot", "bot_id": "B0CASEBOOK", "bot_user_id": "U0CASEBOOK", "user_id": "U0CASEBOOK"}
# The scopes of the manifest. Tests inspect the state with another token.
SCOPES: Final = [scope.name for scope in scopes.SCOPES]
LOOKING: Final = [*SCOPES, "pins:read"]
SEED: Final = {
    "slack": {
        "strict_scopes": True,
        "users": [{"name": "dev", "real_name": "Dev"}],
        "channels": [{"name": "incidents"}],
        "oauth_apps": [
            {
                "client_id": "1.2", "client_secret": "s", "app_id": "A1", "name": "Casebook", "bot_name": "casebook",
                "redirect_uris": [], "scopes": SCOPES, "bot_id": BOT["bot_id"], "bot_user_id": BOT["bot_user_id"],
            }
        ],
        "tokens": [
            {"token": "xoxb-full", "app_id": "A1", "scopes": SCOPES, **BOT},
            {"token": "xoxb-looking", "app_id": "A1", "scopes": LOOKING, **BOT},
            {"token": "xoxb-reads", "app_id": "A1", "scopes": ["channels:read", "users:read"], **BOT},
        ],
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def emulator(peers: Path, node: Path) -> Iterator[str]:
    """Return the address of this module's own emulator."""
    command = [str(node), "emulate.mjs", json.dumps(SEED)]
    with subprocess.Popen(command, cwd=peers, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
async def shim(emulator: str) -> AsyncIterator[Shim]:
    async with Shim(behind=emulator) as shim:
        yield shim


@pytest.fixture
async def slack(shim: Shim) -> AsyncIterator[Slack]:
    async with Slack(AsyncWebClient(token="xoxb-full", base_url=f"{shim.url}/api/")) as slack:
        yield slack


async def _ask(shim: Shim, method: str, **arguments: Any) -> dict[str, Any]:
    """Return emulate's response to a call that does not go through our client."""
    async with (
        ClientSession() as session,
        session.post(
            f"{shim.behind}/api/{method}", json=arguments, headers={"Authorization": "Bearer xoxb-looking"}
        ) as answer,
    ):
        said: dict[str, Any] = await answer.json()
    assert said["ok"], said
    return said


async def _message(shim: Shim, ts: str) -> dict[str, Any] | None:
    said = await _ask(shim, "conversations.history", channel=GENERAL, limit=200)
    return next((message for message in said["messages"] if message["ts"] == ts), None)


ANSWER: Final = Message(text="checkout is down", blocks=(payloads.HEADER, payloads.RICH, payloads.ACTIONS))


async def test_a_post_keeps_its_blocks_and_an_update_replaces_it(slack: Slack, shim: Shim) -> None:
    sent = await slack.post(channel=GENERAL, message=ANSWER)
    posted = await _message(shim, sent.ts)
    assert posted is not None
    assert (posted["text"], posted["blocks"]) == (ANSWER.text, list(ANSWER.blocks))

    changed = Message(text="fixed", blocks=(payloads.HEADER,))
    await slack.update(channel=GENERAL, ts=sent.ts, message=changed, final=True)

    updated = await _message(shim, sent.ts)
    assert updated is not None
    assert (updated["text"], updated["blocks"]) == ("fixed", [payloads.HEADER])


async def test_deleting_a_message_twice_is_harmless(slack: Slack, shim: Shim) -> None:
    sent = await slack.post(channel=GENERAL, message=ANSWER)

    await slack.delete(channel=GENERAL, ts=sent.ts)
    await slack.delete(channel=GENERAL, ts=sent.ts)

    assert await _message(shim, sent.ts) is None
    with pytest.raises(MessageGone):
        await slack.update(channel=GENERAL, ts=sent.ts, message=ANSWER, final=True)


async def test_a_reply_is_found_by_its_own_key_only(slack: Slack) -> None:
    parent = await slack.post(channel=GENERAL, message=ANSWER)
    reply = await slack.post(channel=GENERAL, message=ANSWER, thread_ts=parent.ts, key="request-1:placeholder")

    async def again(key: str) -> PostedMessage:
        return await slack.post(channel=GENERAL, message=ANSWER, thread_ts=parent.ts, key=key, sought=True)

    assert (await again("request-1:placeholder")).ts == reply.ts
    assert (await again("request-2:placeholder")).ts != reply.ts


async def test_a_retried_post_is_posted_once(slack: Slack, shim: Shim) -> None:
    parent = await slack.post(channel=GENERAL, message=ANSWER)
    first = await slack.post(channel=GENERAL, message=ANSWER, thread_ts=parent.ts, key="request-3:placeholder")

    again = await slack.post(
        channel=GENERAL, message=ANSWER, thread_ts=parent.ts, key="request-3:placeholder", sought=True
    )

    assert again.ts == first.ts
    replies = await _ask(shim, "conversations.replies", channel=GENERAL, ts=parent.ts)
    assert [reply["ts"] for reply in replies["messages"]] == [parent.ts, first.ts]


async def test_a_snippet_is_posted_and_read_back_unchanged(slack: Slack, shim: Shim) -> None:
    content = "E0101 leader election lost\n日志\n" * 50

    await slack.uploads.upload(channel=GENERAL, snippet=Snippet(name="etcd.log", title="etcd", content=content))

    listed = await _ask(shim, "files.list", channel=GENERAL)
    file = next(file for file in listed["files"] if file["name"] == "etcd.log")
    file["url_private"] = file["url_private"].replace(shim.behind, shim.url)
    file["url_private_download"] = file.get("url_private_download", "").replace(shim.behind, shim.url)
    read = await slack.files.read(file)
    assert (read.text, read.refusal) == (content, None)


async def test_users_and_channels_are_looked_up_by_id(slack: Slack) -> None:
    person = await slack.person(ADMIN)
    assert (person.id, person.name, person.guest, person.foreign, person.unknown) == (
        ADMIN, "admin", False, False, False,
    )  # fmt: skip
    place = await slack.place(GENERAL)
    assert (place.id, place.name, place.external, place.direct, place.unknown) == (
        GENERAL, "general", False, False, False,
    )  # fmt: skip


async def test_the_token_identifies_the_bot(slack: Slack) -> None:
    identity = await slack.identify()

    assert (identity.team, identity.user, identity.bot_id) == ("T000000001", BOT["bot_user_id"], BOT["bot_id"])


async def test_an_ephemeral_message_and_a_permalink_reach_slack(slack: Slack) -> None:
    sent = await slack.post(channel=GENERAL, message=ANSWER)

    await slack.post_ephemeral(channel=GENERAL, user=ADMIN, message=ANSWER)
    address = await slack.permalink(channel=GENERAL, ts=sent.ts)

    assert GENERAL in address


async def test_a_dialog_opens_once_per_trigger_and_is_updated(slack: Slack, shim: Shim) -> None:
    trigger = (await _ask(shim, "views.generateTriggerId", user_id=ADMIN))["trigger_id"]

    view = await slack.open_view(trigger, payloads.modal(payloads.SECTION))
    await slack.update_view(view, payloads.modal(payloads.HEADER))

    assert view


async def test_a_message_is_pinned_once_and_unpinned_once(slack: Slack, shim: Shim) -> None:
    await slack.join(GENERAL)
    sent = await slack.post(channel=GENERAL, message=ANSWER)

    async def pinned() -> list[str]:
        return [item["message"]["ts"] for item in (await _ask(shim, "pins.list", channel=GENERAL))["items"]]

    for _ in range(2):
        await slack.pins.add(channel=GENERAL, ts=sent.ts)
        assert await pinned() == [sent.ts]
    for _ in range(2):
        await slack.pins.remove(channel=GENERAL, ts=sent.ts)
        assert await pinned() == []
    with pytest.raises(MessageGone):
        await slack.pins.add(channel=GENERAL, ts="1.000000")


async def test_a_channel_is_joined_and_read_page_by_page(slack: Slack, shim: Shim) -> None:
    listed = await _ask(shim, "conversations.list")
    channel = next(each["id"] for each in listed["channels"] if each["name"] == "incidents")
    for _ in range(2):
        await slack.join(channel)
    # Not through our client, which would take a second for each.
    said = [await _ask(shim, "chat.postMessage", channel=channel, text=str(number)) for number in range(5)]
    sent = [str(each["ts"]) for each in said]
    for number in range(3):
        await _ask(shim, "chat.postMessage", channel=channel, text=f"reply {number}", thread_ts=sent[0])

    first = await slack.history.channel(channel, limit=3)
    second = await slack.history.channel(channel, limit=3, cursor=first.cursor)
    thread = await slack.history.thread(channel, sent[0])

    assert [each["ts"] for page in (first, second) for each in page.messages] == sent[::-1]
    assert (first.more, second.more) == (True, False)
    assert [each["text"] for each in thread.messages] == ["0", "reply 0", "reply 1", "reply 2"]
    with pytest.raises(ChannelGone):
        await slack.history.channel("C0NOWHERE0")


async def test_a_missing_channel_raises_our_own_error(slack: Slack) -> None:
    with pytest.raises(ChannelGone):
        await slack.post(channel="C0NOWHERE0", message=ANSWER)


async def test_a_missing_scope_is_named(shim: Shim) -> None:
    async with Slack(AsyncWebClient(token="xoxb-reads", base_url=f"{shim.url}/api/")) as slack:
        with pytest.raises(MissingScope) as caught:
            await slack.post(channel=GENERAL, message=ANSWER)

    assert caught.value.needed == "chat:write"
    assert "channels:read" in caught.value.provided
    assert "chat:write" in caught.value.says.en
