"""Check pins and reactions of users and the app, canvases, and pages of a long channel."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import CHANNEL_EVENTS, ImpossibleActionError, SimulatedSlack
from tests.channel_changes import channels_of
from tests.simulated_slack.conftest import Receiver
from tests.simulated_slack.refusals import error, refusal
from tests.slack_administration import restrict_history


@pytest.fixture
async def world(simulate) -> tuple[SimulatedSlack, Receiver, AsyncWebClient, str, str]:
    """Provide an app that receives mark events, its client, ana, and a channel."""
    slack, receiver = await simulate(events=CHANNEL_EVENTS)
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    return slack, receiver, client, slack.add_user("ana"), slack.add_channel("inc-42")


async def test_a_user_pins_and_unpins_a_message(world):
    slack, receiver, client, ana, channel = world
    ts = await slack.say(ana, channel, "rolling back")

    await slack.marks.pin(ana, channel, ts)
    assert (await client.conversations_history(channel=channel))["pin_count"] == 1
    await slack.marks.unpin(ana, channel, ts)

    added, removed = receiver.events
    assert (added["type"], added["user"], added["channel_id"], added["item_user"]) == ("pin_added", ana, channel, ana)
    assert (added["pin_count"], added["pinned_info"]["pinned_by"]) == (1, ana)
    item = added["item"]
    assert (item["type"], item["channel"], item["created_by"]) == ("message", channel, ana)
    assert (item["message"]["ts"], item["message"]["text"]) == (ts, "rolling back")
    assert item["message"]["pinned_to"] == [channel]
    assert item["message"]["permalink"] == (await client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
    assert (removed["type"], removed["has_pins"], removed["pin_count"]) == ("pin_removed", False, 0)
    assert "pinned_to" not in slack.message(channel, ts)


async def test_the_app_pins_once_and_unpins_once(world):
    slack, receiver, client, _, channel = world
    ts = (await client.chat_postMessage(channel=channel, text="summary"))["ts"]

    await client.pins_add(channel=channel, timestamp=ts)
    assert await error(client.pins_add(channel=channel, timestamp=ts)) == "already_pinned"
    await client.pins_remove(channel=channel, timestamp=ts)
    assert await error(client.pins_remove(channel=channel, timestamp=ts)) == "no_pin"
    await slack.wait_for(lambda: len(receiver.received) == 2)

    assert {each["user"] for each in receiver.events} == {slack.bot_user_id}


async def test_impossible_pins_are_refused(world):
    slack, _, client, ana, channel = world
    elsewhere = slack.add_channel("elsewhere", bot=False)
    bo = slack.add_user("bo")
    closed = slack.add_channel("closed", members=(ana,))
    await channels_of(slack).join(bo, closed)
    (notice,) = slack.messages(closed)

    assert await error(client.pins_add(channel=channel, timestamp="1.000000")) == "message_not_found"
    assert await error(client.pins_add(channel=channel, timestamp="soon")) == "bad_timestamp"
    assert await error(client.pins_add(channel=channel)) == "no_item_specified"
    assert await error(client.pins_add(channel="C0NOWHERE", timestamp="1.000000")) == "channel_not_found"
    assert await error(client.pins_add(channel=elsewhere, timestamp="1.000000")) == "not_in_channel"
    assert await error(client.pins_add(channel=closed, timestamp=notice["ts"])) == "not_pinnable"
    slack.deliver_to(None)
    for number in range(100):
        await slack.marks.pin(ana, channel, await slack.say(ana, channel, str(number)))
    ts = await slack.say(ana, channel, "one more")
    assert await error(client.pins_add(channel=channel, timestamp=ts)) == "too_many_pins"
    with pytest.raises(ImpossibleActionError, match="ana cannot do that: too_many_pins"):
        await slack.marks.pin(ana, channel, ts)


async def test_deleting_a_message_removes_its_pin(world):
    slack, _, client, ana, channel = world
    first, second = await slack.say(ana, channel, "a"), await slack.say(ana, channel, "b")
    await slack.say(ana, channel, "still", thread_ts=second)
    for ts in (first, second):
        await slack.marks.pin(ana, channel, ts)
        await slack.remove(ana, channel, ts)

    assert (await client.conversations_history(channel=channel))["pin_count"] == 0


async def test_users_add_and_remove_reactions(world):
    slack, receiver, client, ana, channel = world
    bo = slack.add_user("bo")
    ts = await slack.say(ana, channel, "rolling back")

    await slack.marks.react(bo, channel, ts, "pushpin")
    await slack.marks.react(ana, channel, ts, "pushpin")
    assert slack.message(channel, ts)["reactions"] == [{"name": "pushpin", "users": [bo, ana], "count": 2}]
    for user in (bo, ana):
        await slack.marks.unreact(user, channel, ts, "pushpin")
    await client.reactions_add(channel=channel, timestamp=ts, name=":eyes:")
    await slack.wait_for(lambda: len(receiver.received) == 5)

    events = sorted(receiver.events, key=lambda each: each["event_ts"])
    assert events[0] == {
        "type": "reaction_added", "user": bo, "reaction": "pushpin", "item_user": ana,
        "item": {"type": "message", "channel": channel, "ts": ts}, "event_ts": events[0]["event_ts"],
    }  # fmt: skip
    assert [(each["type"], each["user"]) for each in events[1:]] == [
        ("reaction_added", ana), ("reaction_removed", bo), ("reaction_removed", ana),
        ("reaction_added", slack.bot_user_id),
    ]  # fmt: skip
    assert slack.message(channel, ts)["reactions"] == [{"name": "eyes", "users": [slack.bot_user_id], "count": 1}]
    with pytest.raises(ImpossibleActionError, match="bo cannot do that: no_reaction"):
        await slack.marks.unreact(bo, channel, ts, "pushpin")


async def test_a_webhook_message_has_no_item_user(world):
    slack, receiver, _, ana, channel = world
    ts = await slack.say(slack.add_user("alertmanager"), channel, "KubePodCrashLooping", bot=True)

    await slack.marks.react(ana, channel, ts, "eyes")

    assert "item_user" not in receiver.events[0]


async def test_marks_need_membership_and_an_open_channel(world):
    slack, _, _, ana, channel = world
    ts = await slack.say(ana, channel, "hello")
    secret = slack.add_channel("secret", private=True)

    with pytest.raises(ImpossibleActionError, match="ana is not in secret"):
        await slack.marks.pin(ana, secret, "1.000000")
    await channels_of(slack).archive(ana, channel)
    with pytest.raises(ImpossibleActionError, match="#inc-42 is archived"):
        await slack.marks.react(ana, channel, ts, "eyes")


# Canvases.


def markdown(text: str) -> dict:
    return {"type": "markdown", "markdown": text}


async def test_a_channel_has_one_canvas_edited_as_a_whole(world):
    slack, _, client, _, channel = world

    made = await client.conversations_canvases_create(
        channel_id=channel, title="Inc 42", document_content=markdown("a")
    )
    change = {"operation": "replace", "document_content": markdown("b")}
    await client.canvases_edit(canvas_id=made["canvas_id"], changes=[change])
    await client.canvases_edit(canvas_id=made["canvas_id"], changes=[change | {"operation": "insert_at_end"}])

    canvas = slack.canvases.of(channel)
    assert canvas is not None
    assert (canvas.id, canvas.title, canvas.markdown) == (made["canvas_id"], "Inc 42", "b\nb")
    shown = (await client.conversations_info(channel=channel))["channel"]
    assert shown["properties"]["canvas"]["file_id"] == made["canvas_id"]
    assert (await client.files_info(file=made["canvas_id"]))["file"]["user"] == slack.bot_user_id
    again = client.conversations_canvases_create(channel_id=channel, document_content=markdown("c"))
    assert await error(again) == "channel_canvas_already_exists"


async def test_invalid_canvas_changes_are_refused(world):
    slack, _, client, ana, channel = world
    create = client.conversations_canvases_create
    assert await error(create(channel_id=channel, document_content={"type": "html"})) == "invalid_arguments"
    canvas = (await create(channel_id=channel, document_content=markdown("a")))["canvas_id"]
    change = {"operation": "replace", "document_content": markdown("b")}

    assert await error(client.canvases_edit(canvas_id=canvas, changes=[change, change])) == "invalid_arguments"
    for wrong in ({"operation": "rename"}, {"section_id": "s"}):
        assert await error(client.canvases_edit(canvas_id=canvas, changes=[change | wrong])) == "canvas_editing_failed"
    full = slack.add_channel("full")
    theirs = slack.canvases.create(channel=full, user=ana, markdown="x" * 1024 * 1024)
    change["operation"] = "insert_at_end"
    assert await error(client.canvases_edit(canvas_id=theirs.id, changes=[change])) == "canvas_editing_failed"
    await channels_of(slack).remove(ana, channel)
    assert await error(client.canvases_edit(canvas_id=canvas, changes=[change])) == "canvas_not_found"
    await slack.channel_actions.invite(ana, channel)
    slack.canvases.delete(canvas)
    assert await error(client.canvases_edit(canvas_id=canvas, changes=[change])) == "canvas_not_found"
    assert "properties" not in (await client.conversations_info(channel=channel))["channel"]
    with pytest.raises(ImpossibleActionError, match="no canvas"):
        slack.canvases.delete(canvas)
    slack.fail("conversations.canvases.create", error="team_tier_cannot_create_channel_canvases")
    refused = await error(create(channel_id=channel, document_content=markdown("a")))
    assert refused == "team_tier_cannot_create_channel_canvases"


# Long channels, and apps with fewer rights.


async def test_new_messages_do_not_shift_pages(world):
    slack, _, client, ana, channel = world
    said = [await slack.say(ana, channel, str(number)) for number in range(6)]

    first = await client.conversations_history(channel=channel, limit=2)
    await slack.say(ana, channel, "meanwhile")
    await slack.remove(ana, channel, said[3])
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel=channel, limit=2, cursor=cursor)

    assert (first["has_more"], second["has_more"]) == (True, True)
    assert [each["ts"] for page in (first, second) for each in page["messages"]] == [said[5], said[4], said[2], said[1]]


async def test_a_thread_is_paged(world):
    slack, _, client, ana, channel = world
    said = [await slack.say(ana, channel, "it is broken")]
    said += [await slack.say(ana, channel, str(number), thread_ts=said[0]) for number in range(4)]

    pages = [
        [each["ts"] for each in page["messages"]]
        async for page in await client.conversations_replies(channel=channel, ts=said[0], limit=2)
    ]

    assert pages == [said[:2], said[2:4], said[4:]]


async def test_an_app_from_outside_the_marketplace_reads_fifteen_messages_a_minute(simulate, clock):
    slack, _ = await simulate()
    restrict_history(slack)
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    ana, channel = slack.add_user("ana"), slack.add_channel("inc-42")
    said = [await slack.say(ana, channel, str(number)) for number in range(20)]

    first = await client.conversations_history(channel=channel, limit=200)
    refused = await refusal(client.conversations_history(channel=channel))
    clock.advance(60)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel=channel, limit=200, cursor=cursor)

    assert [each["ts"] for page in (first, second) for each in page["messages"]] == said[::-1]
    assert (len(first["messages"]), first["has_more"], second["has_more"]) == (15, True, False)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert (await client.conversations_info(channel=channel))["ok"]


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("pins:write", "pins.add", {"timestamp": "1.0"}),
        ("canvases:write", "conversations.canvases.create", {}),
        ("channels:join", "conversations.join", {}),
        ("channels:history", "conversations.history", {}),
        ("channels:history", "conversations.replies", {"ts": "1.0"}),
        ("reactions:write", "reactions.add", {"timestamp": "1.0", "name": "eyes"}),
    ],
)
async def test_a_missing_scope_is_named(world, scope: str, method: str, arguments: dict):
    slack, _, client, _, channel = world
    slack.state.scopes.discard(scope)

    refused = await refusal(client.api_call(method, json={"channel": channel, "channel_id": channel, **arguments}))

    assert (refused["error"], refused["needed"]) == ("missing_scope", scope)
    assert refused["provided"]
    assert (await client.conversations_info(channel=channel))["ok"]
