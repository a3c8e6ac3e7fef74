import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ImpossibleActionError, SimulatedSlack
from tests.simulated_slack.refusals import error
from tests.slack_administration import deactivate, set_group

METADATA = {"event_type": "casebook_answer", "event_payload": {"request": "r1", "step": "placeholder"}}


@pytest.fixture
async def thread(slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str) -> list[str]:
    """Provide a parent of ana, two replies of the bot, then another message of the channel."""
    parent = await slack.say(ana, incidents, "it is broken")
    replies = [
        (await client.chat_postMessage(channel=incidents, text=text, thread_ts=parent, metadata=METADATA))["ts"]
        for text in ("one", "two")
    ]
    return [parent, *replies, await slack.say(ana, incidents, "lunch?")]


async def test_a_thread_starts_with_its_parent(client: AsyncWebClient, incidents: str, thread: list[str]):
    read = await client.conversations_replies(channel=incidents, ts=thread[0])

    assert [each["ts"] for each in read["messages"]] == thread[:3]
    assert read["has_more"] is False


async def test_metadata_is_returned_on_request(client: AsyncWebClient, incidents: str, thread: list[str]):
    plain = await client.conversations_replies(channel=incidents, ts=thread[0])
    full = await client.conversations_replies(channel=incidents, ts=thread[0], include_all_metadata=True)

    assert not any("metadata" in each for each in plain["messages"])
    assert [each.get("metadata") for each in full["messages"]] == [None, METADATA, METADATA]


async def test_metadata_survives_updates_until_removed(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, thread: list[str]
):
    await client.chat_update(channel=incidents, ts=thread[1], text="found")
    assert slack.message(incidents, thread[1])["metadata"] == METADATA
    await client.chat_update(channel=incidents, ts=thread[1], text="found", metadata={})
    assert "metadata" not in slack.message(incidents, thread[1])


@pytest.mark.parametrize("metadata", [[], {"event_type": "x"}, {"event_payload": {}}])
async def test_metadata_has_a_type_and_a_payload(client: AsyncWebClient, incidents: str, metadata):
    call = client.api_call("chat.postMessage", json={"channel": incidents, "text": "x", "metadata": metadata})
    assert (await error(call)).startswith("invalid_metadata")


async def test_a_history_is_the_channel_without_its_threads_newest_first(
    client: AsyncWebClient, incidents: str, thread: list[str]
):
    read = await client.conversations_history(channel=incidents)

    assert [each["ts"] for each in read["messages"]] == [thread[3], thread[0]]
    assert read["messages"][1]["reply_count"] == 2


async def test_long_lists_are_paged(slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str):
    said = [await slack.say(ana, incidents, str(number)) for number in range(5)]

    pages = [
        [each["ts"] for each in page["messages"]]
        async for page in await client.conversations_history(channel=incidents, limit=2)
    ]

    assert pages == [said[4:2:-1], said[2:0:-1], said[:1]]
    assert await error(client.conversations_history(channel=incidents, cursor="wrong")) == "invalid_cursor"
    assert await error(client.conversations_history(channel=incidents, limit=0)) == "invalid_limit"


@pytest.mark.parametrize(("inclusive", "expected"), [(False, ["2"]), (True, ["3", "2", "1"])])
async def test_a_window_excludes_its_ends_unless_inclusive(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str, inclusive: bool, expected: list[str]
):
    said = [await slack.say(ana, incidents, str(number)) for number in range(5)]

    read = await client.conversations_history(
        channel=incidents, oldest=said[1], latest=said[3], inclusive=inclusive
    )  # fmt: skip

    assert [each["text"] for each in read["messages"]] == expected


async def test_the_bot_cannot_read_channels_it_cannot_see(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    elsewhere = slack.add_channel("elsewhere", bot=False)
    private = slack.add_channel("private", private=True, bot=False)

    assert await error(client.conversations_history(channel=elsewhere)) == "not_in_channel"
    assert await error(client.conversations_history(channel=private)) == "channel_not_found"
    assert await error(client.conversations_replies(channel=incidents, ts="1.000000")) == "thread_not_found"
    assert (await client.conversations_info(channel=elsewhere))["channel"]["is_member"] is False
    assert await error(client.conversations_info(channel=private)) == "channel_not_found"


async def test_conversations_info_describes_a_channel(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    shared = slack.add_channel("shared", external=True)
    direct = slack.open_im(ana)

    channel = (await client.conversations_info(channel=shared, include_num_members=True))["channel"]
    assert (channel["name"], channel["is_ext_shared"], channel["is_private"]) == ("shared", True, False)
    assert channel["num_members"] == 2
    channel = (await client.conversations_info(channel=direct))["channel"]
    assert (channel["is_im"], channel["user"]) == (True, ana)


async def test_the_bot_joins_channels(slack: SimulatedSlack, client: AsyncWebClient):
    open_to_all = slack.add_channel("open", bot=False)

    await client.conversations_join(channel=open_to_all)

    assert (await client.conversations_info(channel=open_to_all))["channel"]["is_member"]


async def test_users_info_describes_a_user(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    guest, foreigner = slack.add_user("gil", guest=True), slack.add_user("eve", foreign=True)

    user = (await client.users_info(user=ana, include_locale=True))["user"]
    assert (user["name"], user["locale"], user["is_restricted"]) == ("ana", "zh-CN", False)
    assert "locale" not in (await client.users_info(user=ana))["user"]
    assert (await client.users_info(user=guest))["user"]["is_restricted"] is True
    user = (await client.users_info(user=foreigner))["user"]
    assert user["is_stranger"] is True
    assert user["team_id"] != slack.team_id
    assert await error(client.users_info(user="U999")) == "user_not_found"


async def test_an_email_needs_its_scope_and_says_whether_it_is_confirmed(
    slack: SimulatedSlack, client: AsyncWebClient, ana: str
):
    claimed = slack.add_user("eve", email="root@example.com", confirmed=False)

    users = [(await client.users_info(user=each))["user"] for each in (ana, claimed, slack.bot_user_id)]
    assert [each["profile"].get("email") for each in users] == ["ana@example.com", "root@example.com", None]
    assert [each.get("is_email_confirmed") for each in users] == [True, False, None]
    slack.state.scopes.discard("users:read.email")
    user = (await client.users_info(user=ana))["user"]
    assert "email" not in user["profile"]


async def test_a_deactivated_user_is_marked_as_deleted(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    deactivate(slack, ana)

    assert (await client.users_info(user=ana))["user"]["deleted"] is True


async def test_user_groups_are_listed_with_members_on_request(slack: SimulatedSlack, client: AsyncWebClient, ana: str):
    on_call = set_group(slack, "oncall", members=[ana])
    old = set_group(slack, "old", disabled=True)
    theirs = set_group(slack, "partners", external=True)

    (group, other) = (await client.usergroups_list())["usergroups"]
    assert (group["id"], group["handle"], group["user_count"], "users" in group) == (on_call, "oncall", 1, False)
    assert (other["id"], other["is_external"]) == (theirs, True)
    full = await client.usergroups_list(include_users=True, include_disabled=True)
    assert [(each["id"], each["users"], bool(each["date_delete"])) for each in full["usergroups"]] == [
        (on_call, [ana], False),
        (old, [], True),
        (theirs, [], False),
    ]
    assert set_group(slack, "oncall") == on_call
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == []
    with pytest.raises(ImpossibleActionError, match="unknown user"):
        set_group(slack, "oncall", members=["U999"])


async def test_auth_test_names_the_bot(slack: SimulatedSlack, client: AsyncWebClient):
    known = await client.auth_test()

    assert (known["user_id"], known["bot_id"], known["team_id"]) == (slack.bot_user_id, slack.bot_id, slack.team_id)


async def test_a_reaction_or_pin_exists_once(slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")

    await client.reactions_add(channel=incidents, timestamp=ts, name="eyes")
    await client.pins_add(channel=incidents, timestamp=ts)

    assert slack.message(incidents, ts)["reactions"] == [{"name": "eyes", "users": [slack.bot_user_id], "count": 1}]
    assert slack.message(incidents, ts)["pinned_to"] == [incidents]
    assert await error(client.reactions_add(channel=incidents, timestamp=ts, name="eyes")) == "already_reacted"
    assert await error(client.pins_add(channel=incidents, timestamp=ts)) == "already_pinned"


async def test_ids_are_unique(slack: SimulatedSlack):
    assert slack.add_user("zoe", id="U777") == "U777"
    assert slack.add_channel("zoo", id="C777") == "C777"
    with pytest.raises(ImpossibleActionError, match="user U777 already exists: zoe"):
        slack.add_user("zac", id="U777")
    with pytest.raises(ImpossibleActionError, match="channel C777 already exists: zoo"):
        slack.add_channel("zac", id="C777")


async def test_reads_return_copies(slack: SimulatedSlack, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")

    slack.message(incidents, ts)["blocks"].clear()
    slack.messages(incidents)[0]["text"] = "other"

    assert slack.message(incidents, ts)["blocks"]
    assert slack.message(incidents, ts)["text"] == "it is broken"
