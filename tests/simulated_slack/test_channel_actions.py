"""Check channel actions: which events the app receives, and what it may still do afterwards."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import CHANNEL_EVENTS, ImpossibleActionError, SimulatedSlack
from tests.channel_changes import channels_of
from tests.simulated_slack.conftest import Receiver
from tests.simulated_slack.refusals import error


@pytest.fixture
async def world(simulate) -> tuple[SimulatedSlack, Receiver, str]:
    """Provide an app that receives every event, and the user ana."""
    slack, receiver = await simulate(events=("message", *CHANNEL_EVENTS))
    return slack, receiver, slack.add_user("ana")


def events_of(receiver: Receiver, kind: str) -> list[dict]:
    return [each for each in receiver.events if each["type"] == kind]


def kinds(receiver: Receiver) -> list[str]:
    """Return the types of the received events, in order."""
    return [each.get("subtype") or each["type"] for each in sorted(receiver.events, key=lambda each: each["event_ts"])]


async def test_the_app_is_told_of_new_public_channels_but_not_private_ones(world):
    slack, receiver, ana = world

    made = await channels_of(slack).create(ana, "inc-42-checkout")
    await channels_of(slack).create(ana, "inc-43-secret", private=True)

    (event,) = receiver.events
    assert event["type"] == "channel_created"
    assert event["channel"] | {"id": made, "name": "inc-42-checkout", "creator": ana} == event["channel"]
    assert await error(_client(slack).conversations_history(channel=made)) == "not_in_channel"
    with pytest.raises(ImpossibleActionError, match="#inc-42-checkout already exists"):
        await channels_of(slack).create(ana, "inc-42-checkout")


@pytest.mark.parametrize("private", [False, True])
async def test_an_invitation_event_names_the_inviter(world, private: bool):
    slack, receiver, ana = world
    channel = await channels_of(slack).create(ana, "inc-42", private=private)

    await slack.channel_actions.invite(ana, channel)

    (event,) = events_of(receiver, "member_joined_channel")
    assert event == {
        "type": "member_joined_channel", "user": slack.bot_user_id, "channel": channel, "channel_type": "C",
        "team": slack.team_id, "inviter": ana, "event_ts": event["event_ts"],
    }  # fmt: skip
    (notice,) = events_of(receiver, "message")
    assert (notice["subtype"], notice["user"], notice["inviter"]) == ("channel_join", slack.bot_user_id, ana)
    with pytest.raises(ImpossibleActionError, match="casebook is already in inc-42"):
        await slack.channel_actions.invite(ana, channel)


async def test_users_join_and_leave(world):
    slack, receiver, ana = world
    bo = slack.add_user("bo")
    channel = slack.add_channel("inc-42", members=(ana,))

    await channels_of(slack).join(bo, channel)
    await channels_of(slack).leave(bo, channel)

    assert kinds(receiver) == ["channel_join", "member_joined_channel", "channel_leave", "member_left_channel"]
    (joined,), (left,) = events_of(receiver, "member_joined_channel"), events_of(receiver, "member_left_channel")
    assert "inviter" not in joined
    assert (left["user"], left["channel"]) == (bo, channel)
    with pytest.raises(ImpossibleActionError, match="bo is not in inc-42"):
        await channels_of(slack).leave(bo, channel)


async def test_leaving_a_channel_of_everyone_removes_only_that_user(world):
    slack, _, ana = world
    slack.add_user("bo")
    channel = slack.add_channel("general")

    await channels_of(slack).leave(ana, channel)

    workspace = slack.state.workspace
    members = workspace.member_ids(workspace.channel(channel))
    assert len(members) == 2
    assert ana not in members


@pytest.mark.parametrize("private", [False, True])
async def test_a_removed_app_gets_one_event_and_a_slackbot_message(world, private: bool):
    slack, receiver, ana = world
    channel = slack.add_channel("inc-42", members=(ana,), private=private)

    await channels_of(slack).remove(ana, channel)
    await slack.say(ana, channel, "is it gone?")

    (left,) = events_of(receiver, "group_left" if private else "channel_left")
    assert (left["channel"], left["actor_id"]) == (channel, ana)
    (message,) = events_of(receiver, "message")
    assert (message["user"], message["channel_type"]) == ("USLACKBOT", "im")
    assert f"<@{ana}>" in message["text"]
    assert "member_left_channel" not in kinds(receiver)
    code = "channel_not_found" if private else "not_in_channel"
    assert await error(_client(slack).chat_postMessage(channel=channel, text="hello")) == code


@pytest.mark.parametrize("private", [False, True])
async def test_a_channel_is_renamed(world, private: bool):
    slack, receiver, ana = world
    channel = slack.add_channel("checkout", members=(ana,), private=private)

    await channels_of(slack).rename(ana, channel, "inc-42-checkout")

    (event,) = events_of(receiver, "group_rename" if private else "channel_rename")
    assert (event["channel"]["id"], event["channel"]["name"]) == (channel, "inc-42-checkout")
    (notice,) = events_of(receiver, "message")
    assert (notice["subtype"], notice["old_name"], notice["name"]) == ("channel_name", "checkout", "inc-42-checkout")
    assert (await _client(slack).conversations_info(channel=channel))["channel"]["name"] == "inc-42-checkout"


async def test_the_app_gets_renames_of_channels_it_is_not_in(world):
    slack, receiver, ana = world
    channel = slack.add_channel("checkout", bot=False)

    await channels_of(slack).rename(ana, channel, "inc-42-checkout")

    assert kinds(receiver) == ["channel_rename"]


@pytest.mark.parametrize("private", [False, True])
async def test_archiving_closes_the_channel_and_removes_apps(world, private: bool):
    slack, receiver, ana = world
    client = _client(slack)
    channel = slack.add_channel("inc-42", members=(ana,), private=private)
    ts = (await client.chat_postMessage(channel=channel, text="summary"))["ts"]

    await channels_of(slack).archive(ana, channel)

    (event,) = events_of(receiver, "group_archive" if private else "channel_archive")
    assert (event["channel"], event["user"]) == (channel, ana)
    calls = {
        "chat.postMessage": client.chat_postMessage(channel=channel, text="x"),
        "chat.update": client.chat_update(channel=channel, ts=ts, text="x"),
        "chat.postEphemeral": client.chat_postEphemeral(channel=channel, user=ana, text="x"),
        "pins.add": client.pins_add(channel=channel, timestamp=ts),
        "reactions.add": client.reactions_add(channel=channel, timestamp=ts, name="eyes"),
        "conversations.join": client.conversations_join(channel=channel),
        "conversations.canvases.create": client.conversations_canvases_create(channel_id=channel, document_content={}),
    }
    refused = {name: await error(call) for name, call in calls.items()}
    assert refused == dict.fromkeys(calls, "channel_not_found" if private else "is_archived")
    read = await error(client.conversations_history(channel=channel))
    assert read == ("channel_not_found" if private else "not_in_channel")
    with pytest.raises(ImpossibleActionError, match="#inc-42 is archived"):
        await channels_of(slack).rename(ana, channel, "other")


async def test_unarchiving_does_not_bring_the_app_back(world):
    slack, receiver, ana = world
    channel = slack.add_channel("inc-42")
    await channels_of(slack).archive(ana, channel)

    await channels_of(slack).unarchive(ana, channel)

    (event,) = events_of(receiver, "channel_unarchive")
    assert (event["channel"], event["user"]) == (channel, ana)
    assert await error(_client(slack).conversations_history(channel=channel)) == "not_in_channel"
    await slack.channel_actions.invite(ana, channel)
    assert (await _client(slack).chat_postMessage(channel=channel, text="hello"))["ok"]


async def test_the_app_joins_a_public_channel(world):
    slack, receiver, ana = world
    channel = await channels_of(slack).create(ana, "inc-42")
    client = _client(slack)

    await client.conversations_join(channel=channel)
    again = await client.conversations_join(channel=channel)
    await slack.wait_for(lambda: events_of(receiver, "member_joined_channel"))

    (event,) = events_of(receiver, "member_joined_channel")
    assert event["user"] == slack.bot_user_id
    assert "inviter" not in event
    assert again["warning"] == "already_in_channel"
    private = await channels_of(slack).create(ana, "inc-43", private=True)
    assert await error(client.conversations_join(channel=private)) == "channel_not_found"


async def test_actions_without_membership_are_impossible(world):
    slack, receiver, ana = world
    private = slack.add_channel("inc-42", private=True)

    with pytest.raises(ImpossibleActionError, match="a member has to invite ana"):
        await channels_of(slack).join(ana, private)
    for act in (channels_of(slack).archive, slack.channel_actions.invite, channels_of(slack).remove):
        with pytest.raises(ImpossibleActionError, match="ana is not in inc-42"):
            await act(ana, private)
    with pytest.raises(ImpossibleActionError, match="is not archived"):
        await channels_of(slack).unarchive(ana, private)
    assert receiver.received == []


async def test_an_admin_may_delete_the_apps_messages(world):
    slack, receiver, ana = world
    channel = slack.add_channel("inc-42")
    ts = (await _client(slack).chat_postMessage(channel=channel, text="summary"))["ts"]

    with pytest.raises(ImpossibleActionError, match="ana did not write"):
        await slack.remove(ana, channel, ts)
    await slack.remove(ana, channel, ts, admin=True)

    assert slack.messages(channel) == []
    (event,) = [each for each in receiver.events if each.get("subtype") == "message_deleted"]
    assert event["deleted_ts"] == ts
    assert await error(_client(slack).chat_update(channel=channel, ts=ts, text="x")) == "message_not_found"


def _client(slack: SimulatedSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
