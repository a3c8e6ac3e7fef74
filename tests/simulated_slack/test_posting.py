import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from tests.simulated_slack.refusals import refusal
from tests.slack_administration import invite_bot, remove_bot, revoke_token, set_archived

HEADER = {"type": "header", "text": {"type": "plain_text", "text": "Root cause"}}


def section(text: str) -> dict:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


async def test_a_post_appears_in_the_channel_as_the_bot(slack: SimulatedSlack, client: AsyncWebClient, incidents: str):
    answer = await client.chat_postMessage(channel=incidents, text="hello", blocks=[section("hello")])

    message = slack.message(incidents, answer["ts"])
    assert (message["text"], message["bot_id"], message["user"]) == ("hello", slack.bot_id, slack.bot_user_id)
    assert message["blocks"][0]["text"]["text"] == "hello"
    assert message["blocks"][0]["block_id"]
    assert answer["message"]["ts"] == answer["ts"]


async def test_a_post_may_name_a_channel_or_a_user(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    channel = slack.add_channel("general")

    assert (await client.chat_postMessage(channel="#general", text="hello"))["channel"] == channel
    direct = (await client.chat_postMessage(channel=ana, text="hello"))["channel"]
    assert direct.startswith("D")
    assert direct == slack.open_im(ana)


async def test_a_post_records_that_formatting_is_off(slack: SimulatedSlack, client: AsyncWebClient, incidents: str):
    literal = (await client.chat_postMessage(channel=incidents, text="*.log", mrkdwn=False))["ts"]
    usual = (await client.chat_postMessage(channel=incidents, text="*bold*", mrkdwn=True))["ts"]

    assert slack.message(incidents, literal)["mrkdwn"] is False
    assert "mrkdwn" not in slack.message(incidents, usual)
    await client.chat_update(channel=incidents, ts=literal, text="*.txt")
    assert slack.message(incidents, literal)["mrkdwn"] is False


async def test_a_reply_is_in_its_thread_and_counted_at_the_parent(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str
):
    ts = await slack.say(ana, incidents, "it is broken")
    reply = await client.chat_postMessage(channel=incidents, text="looking", thread_ts=ts)

    assert [each["ts"] for each in slack.messages(incidents, thread_ts=ts)] == [reply["ts"]]
    assert slack.message(incidents, ts)["reply_count"] == 1
    assert slack.message(incidents, reply["ts"])["parent_user_id"] == ana


@pytest.mark.parametrize("thread_ts", ["now", "1790000000", "1790000000.x"])
async def test_a_thread_ts_must_be_a_timestamp(client: AsyncWebClient, incidents: str, thread_ts: str):
    call = client.chat_postMessage(channel=incidents, text="x", thread_ts=thread_ts)
    assert (await refusal(call))["error"] == "invalid_thread_ts"


async def test_replies_to_a_deleted_message_are_refused(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str
):
    ts = await slack.say(ana, incidents, "never mind")
    await slack.remove(ana, incidents, ts)

    call = client.chat_postMessage(channel=incidents, text="looking", thread_ts=ts)
    assert (await refusal(call))["error"] == "thread_not_found"


async def test_posting_where_the_bot_may_not_write_is_refused(slack: SimulatedSlack, client: AsyncWebClient):
    elsewhere = slack.add_channel("elsewhere", bot=False)
    secret = slack.add_channel("secret", private=True, bot=False)
    old = slack.add_channel("old", archived=True)

    assert (await refusal(client.chat_postMessage(channel=elsewhere, text="x")))["error"] == "not_in_channel"
    assert (await refusal(client.chat_postMessage(channel=secret, text="x")))["error"] == "channel_not_found"
    assert (await refusal(client.chat_postMessage(channel="C999", text="x")))["error"] == "channel_not_found"
    assert (await refusal(client.chat_postMessage(channel=old, text="x")))["error"] == "is_archived"

    invite_bot(slack, elsewhere)
    set_archived(slack, old, archived=False)
    assert (await client.chat_postMessage(channel=elsewhere, text="x"))["ok"]
    assert (await client.chat_postMessage(channel=old, text="x"))["ok"]
    remove_bot(slack, elsewhere)
    assert (await refusal(client.chat_postMessage(channel=elsewhere, text="x")))["error"] == "not_in_channel"


async def test_a_post_without_content_is_refused(client: AsyncWebClient, incidents: str):
    assert (await refusal(client.api_call("chat.postMessage", json={"channel": incidents})))["error"] == "no_text"


async def test_blocks_that_break_a_limit_are_refused_with_the_reason(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    answer = await refusal(client.chat_postMessage(channel=incidents, text="x", blocks=[section("x" * 3001)]))

    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"]
    assert slack.messages(incidents) == []


async def test_blocks_must_be_a_list_of_objects(client: AsyncWebClient, incidents: str):
    call = client.api_call("chat.postMessage", json={"channel": incidents, "text": "x", "blocks": "{"})
    assert (await refusal(call))["error"] == "invalid_blocks_format"
    call = client.api_call("chat.postMessage", json={"channel": incidents, "text": "x", "blocks": {"type": "divider"}})
    assert (await refusal(call))["error"] == "invalid_blocks_format"


async def test_at_most_thirteen_thousand_visible_characters_are_allowed(client: AsyncWebClient, incidents: str):
    # Headers cost extra: four of them here, 410 more than their characters.
    blocks = [section("x" * 2800) for _ in range(4)] + [section("x" * 1400)] + [HEADER] * 4

    answer = await refusal(client.chat_postMessage(channel=incidents, text="x", blocks=blocks))

    assert answer["error"] == "msg_blocks_too_long"


@pytest.mark.parametrize(("length", "parts"), [(4_040, [4_040]), (4_041, [4_000, 41]), (9_000, [4_000, 4_000, 1_000])])
async def test_a_long_text_without_blocks_is_split(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, length: int, parts: list[int]
):
    answer = await client.chat_postMessage(channel=incidents, text="x" * length)

    assert [len(each["text"]) for each in slack.messages(incidents)] == parts
    assert answer["ts"] == slack.messages(incidents)[0]["ts"]


async def test_text_over_forty_thousand_characters_is_truncated_with_a_warning(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    answer = await client.chat_postMessage(channel=incidents, text="x" * 40_001)

    assert answer["warning"] == "message_truncated"
    assert sum(len(each["text"]) for each in slack.messages(incidents)) == 40_000


async def test_an_update_of_the_text_keeps_the_blocks(slack: SimulatedSlack, client: AsyncWebClient, incidents: str):
    ts = (await client.chat_postMessage(channel=incidents, text="looking", blocks=[section("looking")]))["ts"]

    await client.chat_update(channel=incidents, ts=ts, text="found")
    message = slack.message(incidents, ts)
    assert (message["text"], message["blocks"][0]["text"]["text"]) == ("found", "looking")
    assert message["edited"]["user"] == slack.bot_user_id

    await client.chat_update(channel=incidents, ts=ts, text="found", blocks=[])
    assert "blocks" not in slack.message(incidents, ts)


async def test_updates_of_deleted_foreign_or_too_long_messages_are_refused(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str
):
    theirs = await slack.say(ana, incidents, "mine")
    own = (await client.chat_postMessage(channel=incidents, text="own"))["ts"]

    async def error(ts: str, text: str) -> str:
        return str((await refusal(client.chat_update(channel=incidents, ts=ts, text=text)))["error"])

    assert await error("1.000000", "x") == "message_not_found"
    assert await error(theirs, "x") == "cant_update_message"
    assert await error(own, "x" * 4_001) == "msg_too_long"
    assert await error(own, "长" * 1_334) == "msg_too_long"
    assert (await client.chat_update(channel=incidents, ts=own, text="长" * 1_333))["ok"]


async def test_the_bot_deletes_its_own_messages_only(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str
):
    theirs = await slack.say(ana, incidents, "mine")
    own = (await client.chat_postMessage(channel=incidents, text="own"))["ts"]

    await client.chat_delete(channel=incidents, ts=own)

    assert [each["ts"] for each in slack.messages(incidents)] == [theirs]
    assert (await refusal(client.chat_delete(channel=incidents, ts=own)))["error"] == "message_not_found"
    assert (await refusal(client.chat_delete(channel=incidents, ts=theirs)))["error"] == "cant_delete_message"


async def test_one_user_sees_an_ephemeral_message(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    ben = slack.add_user("ben")
    channel = slack.add_channel("small", members=(ana,))

    answer = await client.chat_postEphemeral(channel=channel, user=ana, text="only you")

    assert [each["text"] for each in slack.ephemerals(ana)] == ["only you"]
    assert slack.ephemerals(ana)[0]["ts"] == answer["message_ts"]
    assert slack.ephemerals(ben) == slack.messages(channel) == []
    call = client.chat_postEphemeral(channel=channel, user=ben, text="only you")
    assert (await refusal(call))["error"] == "user_not_in_channel"
    # It is not a channel message, so it cannot be updated.
    call = client.chat_update(channel=channel, ts=answer["message_ts"], text="other")
    assert (await refusal(call))["error"] == "message_not_found"


async def test_a_permalink_names_the_thread(slack: SimulatedSlack, client: AsyncWebClient, incidents: str):
    ts = (await client.chat_postMessage(channel=incidents, text="a"))["ts"]
    reply = (await client.chat_postMessage(channel=incidents, text="b", thread_ts=ts))["ts"]

    top = await client.chat_getPermalink(channel=incidents, message_ts=ts)
    under = await client.chat_getPermalink(channel=incidents, message_ts=reply)

    assert top["permalink"] == f"{slack.url}/archives/{incidents}/p{ts.replace('.', '')}"
    assert under["permalink"].endswith(f"?thread_ts={ts}&cid={incidents}")
    call = client.chat_getPermalink(channel=incidents, message_ts="1.000000")
    assert (await refusal(call))["error"] == "message_not_found"


@pytest.mark.parametrize("shape", ["query", "form", "json", "post with query"])
async def test_arguments_are_read_from_query_form_and_json(slack: SimulatedSlack, incidents: str, shape: str):
    blocks = [section("hello")]
    plain = {"channel": incidents, "text": "hello", "blocks": json.dumps(blocks)}
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    url = f"{slack.api_url}chat.postMessage"
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "query": ("GET", {"params": plain, "headers": bearer}),
        "form": ("POST", {"data": plain | {"token": slack.bot_token}}),
        "json": ("POST", {"json": plain | {"blocks": blocks}, "headers": bearer}),
        "post with query": ("POST", {"params": plain, "headers": bearer}),
    }
    method, given = requests[shape]

    async with aiohttp.ClientSession() as session, session.request(method, url, **given) as response:
        answer = await response.json()

    assert answer["ok"], answer
    assert slack.message(incidents, answer["ts"])["blocks"][0]["text"]["text"] == "hello"
    assert "token" not in slack.calls[-1].arguments


async def test_invalid_tokens_are_refused(slack: SimulatedSlack, incidents: str):
    async def error(token: str | None, method: str = "auth.test") -> str:
        client = AsyncWebClient(token, base_url=slack.api_url, retry_handlers=[])
        return str((await refusal(client.api_call(method)))["error"])

    assert await error(None) == "not_authed"
    assert await error("xoxb-wrong") == "invalid_auth"
    assert await error(slack.app_token) == "not_allowed_token_type"
    assert await error(slack.bot_token, "apps.connections.open") == "not_allowed_token_type"
    assert await error(slack.bot_token, "no.such.method") == "unknown_method"
    revoke_token(slack)
    assert await error(slack.bot_token) == "token_revoked"


async def test_a_socket_address_needs_the_app_token_in_the_header(slack: SimulatedSlack):
    async with aiohttp.ClientSession() as session:
        url = f"{slack.api_url}apps.connections.open"
        async with session.post(url, data={"token": slack.app_token}) as response:
            assert (await response.json())["error"] == "not_authed"
        async with session.post(url, headers={"Authorization": f"Bearer {slack.app_token}"}) as response:
            assert (await response.json())["url"].startswith("ws://127.0.0.1:")


async def test_a_call_is_recorded_with_its_arguments_and_result(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    await client.chat_postMessage(channel=incidents, text="hello", unfurl_links=False)
    await refusal(client.chat_postMessage(channel="C999", text="hello"))

    good, bad = slack.calls
    assert (good.method, good.ok, good.status, good.error) == ("chat.postMessage", True, 200, "")
    assert good.arguments["unfurl_links"] is False
    assert (bad.ok, bad.error) == (False, "channel_not_found")
