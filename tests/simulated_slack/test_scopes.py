"""Check that missing scopes refuse methods and stop events, per kind of conversation."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack


@pytest.mark.parametrize(("kind", "needed"), [("channel", "channels"), ("group", "groups"), ("im", "im")])
@pytest.mark.parametrize(("method", "what"), [("conversations.info", "read"), ("conversations.history", "history")])
async def test_reading_a_conversation_needs_the_scope_of_its_kind(
    slack: SimulatedSlack, client: AsyncWebClient, kind: str, needed: str, method: str, what: str
):
    user = slack.add_user("ana")
    places = {
        "channel": slack.add_channel("open"),
        "group": slack.add_channel("secret", private=True, members=[user]),
        "im": slack.open_im(user),
    }
    slack.state.scopes.discard(f"{needed}:{what}")

    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, params={"channel": places.pop(kind)})
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", f"{needed}:{what}")
    for place in places.values():
        response = await client.api_call(method, params={"channel": place})
        assert f"{needed}:{what}" not in response.headers["X-OAuth-Scopes"].split(",")
        assert "chat:write" in response.headers["X-OAuth-Scopes"].split(",")


async def test_messages_are_delivered_for_subscribed_and_granted_kinds(simulate):
    slack, receiver = await simulate(events=("message.channels", "message.im"))
    user = slack.add_user("ana")
    channel = slack.add_channel("open")
    direct = slack.open_im(user)
    slack.state.scopes.discard("im:history")

    await slack.say(user, channel, "heard")
    await slack.say(user, direct, "not granted")
    await slack.say(user, slack.add_channel("secret", private=True, members=[user]), "not subscribed to")

    assert [each.json["event"]["text"] for each in receiver.received] == ["heard"]
