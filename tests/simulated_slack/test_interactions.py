from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.slack import ImpossibleActionError, SimulatedSlack

RESTART = {"type": "button", "action_id": "restart", "text": {"type": "plain_text", "text": "Restart"}, "value": "p1"}
OTHER = RESTART | {"action_id": "restart-2", "value": "p2"}
MORE = {
    "type": "overflow",
    "action_id": "more",
    "options": [
        {"text": {"type": "plain_text", "text": "Mute"}, "value": "mute"},
        {"text": {"type": "plain_text", "text": "Not it"}, "value": "not-it"},
    ],
}
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "block_id": "head", "text": {"type": "plain_text", "text": "Fix?"}, "accessory": MORE},
    {"type": "actions", "block_id": "buttons", "elements": [RESTART, OTHER]},
]


@pytest.fixture
async def answer(client: AsyncWebClient, incidents: str, ana: str, slack: SimulatedSlack, receiver) -> str:
    """Post a message with buttons as the bot, and forget the deliveries so far."""
    ts = str((await client.chat_postMessage(channel=incidents, text="Fix?", blocks=BLOCKS))["ts"])
    await slack.wait_for(lambda: slack.deliveries)
    receiver.received.clear()
    return ts


async def test_a_command_is_a_signed_form(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(body="working on it")

    delivered = await slack.slash(ana, incidents, "pod shop/web-0")

    form = receiver.received[0].form
    assert receiver.received[0].headers["x-slack-signature"].startswith("v0=")
    assert (form["command"], form["text"]) == ("/diagnose", "pod shop/web-0")
    assert (form["user_id"], form["channel_id"], form["channel_name"]) == (ana, incidents, "incidents")
    assert form["trigger_id"]
    assert form["response_url"].startswith(slack.url)
    assert (delivered.status, delivered.body) == (200, "working on it")
    assert [each["text"] for each in slack.ephemerals(ana)] == ["working on it"]


async def test_a_command_in_a_direct_message_says_so(slack: SimulatedSlack, receiver, ana: str):
    await slack.slash(ana, slack.open_im(ana), "help")

    assert receiver.received[0].form["channel_name"] == "directmessage"


async def test_a_command_response_may_be_public_or_empty(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(body={"response_type": "in_channel", "text": "for all"})
    await slack.slash(ana, incidents, "help")
    receiver.answer()
    await slack.slash(ana, incidents, "help")

    assert [each["text"] for each in slack.messages(incidents)] == ["for all"]
    assert slack.ephemerals() == []


async def test_an_invalid_response_to_a_command_is_an_error(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(body={"text": "x", "blocks": [{"type": "sektion"}]})

    with pytest.raises(ImpossibleActionError, match="Slack rejects the app's response to the command: invalid_blocks"):
        await slack.slash(ana, incidents, "help")


async def test_a_command_is_not_retried(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(status=500)

    assert (await slack.slash(ana, incidents, "help")).status == 500
    await slack.say(ana, incidents, "hello")

    assert [(each.kind, each.status) for each in slack.deliveries] == [("slash_commands", 500), ("events_api", 200)]


async def test_a_shortcut_payload_has_the_message(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")

    await slack.shortcut(ana, incidents, ts, callback_id="diagnose_this")

    payload = receiver.received[-1].json
    assert (payload["type"], payload["callback_id"]) == ("message_action", "diagnose_this")
    assert (payload["message"]["text"], payload["message_ts"]) == ("it is broken", ts)
    assert payload["user"]["id"] == ana
    assert payload["response_url"]
    assert payload["trigger_id"]


async def test_a_press_payload_has_the_button_the_message_and_its_place(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, answer: str
):
    await slack.click(ana, incidents, answer, "restart")

    payload = receiver.received[0].json
    (action,) = payload["actions"]
    assert (payload["type"], payload["user"]["id"], payload["channel"]["id"]) == ("block_actions", ana, incidents)
    assert payload["container"] == {
        "type": "message",
        "message_ts": answer,
        "channel_id": incidents,
        "is_ephemeral": False,
    }
    assert payload["message"]["text"] == "Fix?"
    assert (action["action_id"], action["block_id"], action["value"]) == ("restart", "buttons", "p1")
    assert action["action_ts"] != answer
    assert payload["response_url"]
    assert payload["trigger_id"]


async def test_an_option_of_an_overflow_menu_is_chosen_by_its_value(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, answer: str
):
    await slack.click(ana, incidents, answer, "more", value="not-it")

    assert receiver.received[0].json["actions"][0]["selected_option"]["value"] == "not-it"
    with pytest.raises(ImpossibleActionError, match="more offers no 'delete': it offers mute, not-it"):
        await slack.click(ana, incidents, answer, "more", value="delete")


@pytest.mark.parametrize("given", [{"value": "p9"}, {"block_id": "head"}])
async def test_only_elements_of_the_message_can_be_pressed(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, answer: str, given: dict[str, str]
):
    with pytest.raises(ImpossibleActionError, match="no 'restart' with"):
        await slack.click(ana, incidents, answer, "restart", **given)
    with pytest.raises(ImpossibleActionError, match="no message"):
        await slack.click(ana, incidents, "1.000000", "restart")
    assert receiver.received == []


async def test_an_unanswered_press_is_not_retried(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, answer: str
):
    receiver.answer(status=500)

    assert (await slack.click(ana, incidents, answer, "restart")).status == 500
    await slack.click(ana, incidents, answer, "restart-2")

    assert [each.json["actions"][0]["action_id"] for each in receiver.received] == ["restart", "restart-2"]


async def test_only_its_reader_can_press_an_ephemeral_message(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
):
    ben = slack.add_user("ben")
    ts = (await client.chat_postEphemeral(channel=incidents, user=ana, text="Fix?", blocks=BLOCKS))["message_ts"]

    await slack.click(ana, incidents, ts, "restart")

    payload = receiver.received[0].json
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    with pytest.raises(ImpossibleActionError, match="no message"):
        await slack.click(ben, incidents, ts, "restart")


async def test_non_members_cannot_act_in_a_channel(slack: SimulatedSlack, ana: str):
    private = slack.add_channel("private", private=True)

    with pytest.raises(ImpossibleActionError, match="ana is not in private"):
        await slack.say(ana, private, "hello")
    with pytest.raises(ImpossibleActionError, match="unknown user 'U1'"):
        await slack.slash("U1", private, "help")
    with pytest.raises(ImpossibleActionError, match="unknown channel 'C1'"):
        await slack.slash(ana, "C1", "help")


class TestResponseUrl:
    @pytest.fixture
    async def press(self, slack: SimulatedSlack, receiver, incidents: str, ana: str, answer: str) -> AsyncWebhookClient:
        """Return the response URL of a press on the bot's message."""
        await slack.click(ana, incidents, answer, "restart")
        return AsyncWebhookClient(receiver.received[0].json["response_url"])

    async def test_it_posts_ephemerally_by_default(
        self, slack: SimulatedSlack, incidents: str, ana: str, press: AsyncWebhookClient, answer: str
    ):
        assert (await press.send(text="only you")).status_code == 200
        await press.send(text="all", response_type="in_channel")

        assert [each["text"] for each in slack.ephemerals(ana)] == ["only you"]
        assert [each["text"] for each in slack.messages(incidents)] == ["Fix?", "all"]

    async def test_it_replaces_and_deletes_the_message(
        self, slack: SimulatedSlack, incidents: str, press: AsyncWebhookClient, answer: str
    ):
        await press.send(text="done", replace_original=True)
        message = slack.message(incidents, answer)
        assert message["text"] == "done"
        assert "blocks" not in message

        await press.send(delete_original=True)
        assert slack.messages(incidents) == []

    async def test_it_can_turn_formatting_off(
        self, slack: SimulatedSlack, incidents: str, ana: str, press: AsyncWebhookClient, answer: str
    ):
        await press.send_dict({"text": "*.log", "mrkdwn": False})
        await press.send_dict({"text": "*.txt", "mrkdwn": False, "replace_original": True})
        assert slack.ephemerals(ana)[0]["mrkdwn"] is False
        assert slack.message(incidents, answer)["mrkdwn"] is False

        await press.send_dict({"text": "*bold*", "replace_original": True})
        assert "mrkdwn" not in slack.message(incidents, answer)

    async def test_it_replaces_and_deletes_an_ephemeral_message(
        self, slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
    ):
        ts = (await client.chat_postEphemeral(channel=incidents, user=ana, text="Fix?", blocks=BLOCKS))["message_ts"]
        await slack.click(ana, incidents, ts, "restart")
        press = AsyncWebhookClient(receiver.received[0].json["response_url"])

        await press.send(text="done", replace_original=True)
        assert [(each["text"], "blocks" in each) for each in slack.ephemerals(ana)] == [("done", False)]

        await press.send(delete_original=True)
        assert slack.ephemerals(ana) == []

    async def test_it_does_not_change_others_messages(self, slack: SimulatedSlack, receiver, incidents: str, ana: str):
        ts = await slack.say(ana, incidents, "mine")
        await slack.shortcut(ana, incidents, ts, callback_id="diagnose_this")
        press = AsyncWebhookClient(receiver.received[-1].json["response_url"])

        await press.send(text="yours", replace_original=True)
        await press.send(delete_original=True)

        assert [each["text"] for each in slack.messages(incidents)] == ["mine"]

    async def test_it_works_five_times(self, slack: SimulatedSlack, ana: str, press: AsyncWebhookClient):
        statuses = [(await press.send(text="x")).status_code for _ in range(6)]

        assert statuses == [200] * 5 + [404]
        assert len(slack.ephemerals(ana)) == 5

    async def test_it_works_for_half_an_hour(self, clock, press: AsyncWebhookClient):
        clock.advance(30 * 60)
        assert (await press.send(text="x")).status_code == 200
        clock.advance(1)
        refused = await press.send(text="x")
        assert (refused.status_code, "expired_url" in refused.body) == (404, True)

    async def test_it_rejects_what_slack_rejects(self, slack: SimulatedSlack, press: AsyncWebhookClient):
        refused = await press.send(text="x", blocks=[{"type": "sektion"}])
        assert (refused.status_code, "invalid_blocks" in refused.body) == (400, True)
        unknown = await AsyncWebhookClient(f"{slack.url}/actions/1/2").send(text="x")
        assert unknown.status_code == 404
