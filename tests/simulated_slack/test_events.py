import asyncio
import hashlib
import hmac

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ImpossibleActionError, SharedFile, SimulatedSlack
from tests.slack_administration import verify_url


async def test_a_message_event_is_signed_and_wrapped_as_slack_does(
    slack: SimulatedSlack, receiver, clock, incidents: str, ana: str
):
    ts = await slack.say(ana, incidents, "it is broken")

    (request,) = receiver.received
    basis = f"v0:{int(clock())}:".encode() + request.body
    signature = "v0=" + hmac.new(slack.signing_secret.encode(), basis, hashlib.sha256).hexdigest()
    assert request.headers["x-slack-signature"] == signature
    assert request.headers["x-slack-request-timestamp"] == str(int(clock()))
    assert "x-slack-retry-num" not in request.headers
    envelope = request.json
    assert envelope["type"] == "event_callback"
    assert (envelope["team_id"], envelope["api_app_id"]) == (slack.team_id, slack.app_id)
    assert envelope["authorizations"][0]["user_id"] == slack.bot_user_id
    assert envelope["event_id"].startswith("Ev")
    assert envelope["is_ext_shared_channel"] is False
    event = envelope["event"]
    assert (event["type"], event["user"], event["channel"], event["ts"]) == ("message", ana, incidents, ts)
    assert (event["channel_type"], event["event_ts"]) == ("channel", ts)


async def test_a_mention_is_two_events_with_two_ids(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, f"<@{slack.bot_user_id}> help")

    assert sorted(event["type"] for event in receiver.events) == ["app_mention", "message"]
    assert {event["ts"] for event in receiver.events} == {ts}
    assert len({request.json["event_id"] for request in receiver.received}) == 2


async def test_a_direct_message_is_not_a_mention(slack: SimulatedSlack, receiver, ana: str):
    await slack.say(ana, slack.open_im(ana), f"<@{slack.bot_user_id}> help")

    (event,) = receiver.events
    assert (event["type"], event["channel_type"]) == ("message", "im")


async def test_a_private_channel_is_a_group(slack: SimulatedSlack, receiver, ana: str):
    private = slack.add_channel("private", private=True, members=(ana,))

    await slack.say(ana, private, "hello")

    assert receiver.events[0]["channel_type"] == "group"


async def test_channels_without_the_bot_send_no_events(slack: SimulatedSlack, receiver, ana: str):
    elsewhere = slack.add_channel("elsewhere", bot=False)

    await slack.say(ana, elsewhere, f"<@{slack.bot_user_id}> help")

    assert receiver.received == []
    assert slack.messages(elsewhere)


async def test_foreign_users_and_shared_channels_are_marked(slack: SimulatedSlack, receiver):
    eve = slack.add_user("eve", foreign=True)
    shared = slack.add_channel("shared", external=True)

    await slack.say(eve, shared, "hello")

    assert receiver.received[0].json["is_ext_shared_channel"] is True
    assert receiver.events[0]["user_team"] != slack.team_id


async def test_another_integration_posts_as_a_bot(slack: SimulatedSlack, receiver, incidents: str):
    alerts = slack.add_user("alertmanager")

    await slack.say(alerts, incidents, "KubePodCrashLooping", bot=True)

    (event,) = receiver.events
    assert (event["subtype"], event["username"]) == ("bot_message", "alertmanager")
    assert event["bot_id"] not in ("", slack.bot_id)
    assert "user" not in event

    await slack.say(alerts, incidents, f"<@{slack.bot_user_id}> KubePodCrashLooping", bot=True)
    assert sorted(event["type"] for event in receiver.events[1:]) == ["app_mention", "message"]


async def test_the_bot_receives_events_of_its_own_messages(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str
):
    metadata = {"event_type": "answer", "event_payload": {"request": "r1"}}
    ts = (await client.chat_postMessage(channel=incidents, text="hello", metadata=metadata))["ts"]
    await client.chat_update(channel=incidents, ts=ts, text="hello again")
    await client.chat_delete(channel=incidents, ts=ts)
    await slack.wait_for(lambda: len(slack.deliveries) == 3)

    posted, changed, deleted = sorted(receiver.events, key=lambda event: event["event_ts"])
    assert (posted["bot_id"], posted["user"]) == (slack.bot_id, slack.bot_user_id)
    assert "metadata" not in posted
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "hello again")
    assert changed["previous_message"]["text"] == "hello"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_an_edit_event_has_both_texts(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is borken")
    await slack.edit(ana, incidents, ts, "it is broken")

    event = receiver.events[1]
    assert (event["subtype"], event["hidden"]) == ("message_changed", True)
    assert (event["message"]["text"], event["previous_message"]["text"]) == ("it is broken", "it is borken")
    assert event["message"]["ts"] == ts != event["ts"]
    assert event["message"]["edited"]["user"] == ana


async def test_a_deleted_message_without_replies_is_removed(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")
    await slack.remove(ana, incidents, ts)

    event = receiver.events[1]
    assert (event["subtype"], event["deleted_ts"]) == ("message_deleted", ts)
    assert event["previous_message"]["text"] == "it is broken"
    assert slack.messages(incidents) == []


async def test_a_deleted_message_with_replies_is_a_tombstone_until_the_last_reply_is_deleted(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
):
    ts = await slack.say(ana, incidents, "it is broken")
    reply = (await client.chat_postMessage(channel=incidents, text="looking", thread_ts=ts))["ts"]

    await slack.remove(ana, incidents, ts)
    tomb = next(event for event in receiver.events if event.get("subtype") == "message_changed")
    assert tomb["message"]["subtype"] == "tombstone"
    assert tomb["previous_message"]["text"] == "it is broken"
    assert slack.message(incidents, ts)["text"] == "This message was deleted."

    await client.chat_delete(channel=incidents, ts=reply)
    assert slack.messages(incidents) == []


async def test_users_cannot_edit_or_delete_others_messages(slack: SimulatedSlack, incidents: str, ana: str):
    ben = slack.add_user("ben")
    ts = await slack.say(ana, incidents, "mine")

    with pytest.raises(ImpossibleActionError, match=r"ben did not write message .*: 'mine'"):
        await slack.edit(ben, incidents, ts, "yours")
    with pytest.raises(ImpossibleActionError, match="ben did not write"):
        await slack.remove(ben, incidents, ts)


async def test_a_paste_as_a_file_is_a_file_share(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    snippet = SharedFile(name="paste.txt", content=b"Back-off restarting", snippet=True)
    connect = SharedFile(name="other.log", content=b"x", only_listed=True)

    await slack.say(ana, incidents, "see this", files=[snippet, ("pod.log", "line"), connect])

    (event,) = receiver.events
    assert event["subtype"] == "file_share"
    first, second, third = event["files"]
    assert (first["mode"], first["preview"], first["mimetype"]) == ("snippet", "Back-off restarting", "text/plain")
    assert (second["mode"], second["name"], second["size"]) == ("hosted", "pod.log", 4)
    assert third["file_access"] == "check_file_info"
    assert "url_private" not in third


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_a_refused_event_is_retried_three_times_with_the_same_id(
    slack: SimulatedSlack, receiver, incidents: str, ana: str, status: int
):
    for _ in range(4):
        receiver.answer(status=status)

    await slack.say(ana, incidents, "hello")
    await slack.wait_for(lambda: len(slack.deliveries) == 4)

    numbers = [request.headers.get("x-slack-retry-num") for request in receiver.received]
    reasons = [request.headers.get("x-slack-retry-reason") for request in receiver.received]
    assert numbers == [None, "1", "2", "3"]
    assert reasons == [None, *["http_error"] * 3]
    assert len({request.body for request in receiver.received}) == 1
    assert [each.attempt for each in slack.deliveries] == [0, 1, 2, 3]


async def test_an_acknowledged_event_is_not_retried(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(status=500)
    await slack.say(ana, incidents, "hello")
    await slack.wait_for(lambda: len(slack.deliveries) == 2)
    await slack.say(ana, incidents, "more")

    assert [each.status for each in slack.deliveries] == [500, 200, 200]


async def test_an_app_may_forbid_retries(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    receiver.answer(status=500, headers={"X-Slack-No-Retry": "1"})
    await slack.say(ana, incidents, "hello")
    await slack.say(ana, incidents, "more")

    assert [(each.attempt, each.status) for each in slack.deliveries] == [(0, 500), (0, 200)]


async def test_a_late_response_counts_as_no_response(simulate):
    slack, receiver = await simulate(answer_within=0.05, retry_pauses=(0.01,))
    receiver.hold = asyncio.Event()

    await slack.say(slack.add_user("ana"), slack.add_channel("incidents"), "hello")
    receiver.hold.set()
    await slack.wait_for(lambda: len(slack.deliveries) == 2)

    late, again = slack.deliveries
    assert (late.status, late.reason) == (0, "http_timeout")
    assert again.status == 200
    assert receiver.received[1].headers["x-slack-retry-reason"] == "http_timeout"


async def test_an_app_that_was_down_gets_the_event_once_it_is_back(
    slack: SimulatedSlack, receiver, incidents: str, ana: str
):
    slack.deliver_to("http://127.0.0.1:1/")
    slack.retry_pauses = (0.01, 60)
    await slack.say(ana, incidents, "hello")
    await slack.wait_for(lambda: len(slack.deliveries) == 2)
    assert [each.reason for each in slack.deliveries] == ["connection_failed", "connection_failed"]

    slack.deliver_to(receiver.url)
    delivered = await slack.redeliver(slack.deliveries[0].event_id, reason="connection_failed")

    assert delivered.status == 200
    assert receiver.received[0].headers["x-slack-retry-num"] == "2"
    assert receiver.received[0].headers["x-slack-retry-reason"] == "connection_failed"


async def test_an_event_can_be_delivered_twice(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    await slack.say(ana, incidents, "hello")
    await slack.redeliver(slack.deliveries[0].event_id)

    first, second = receiver.received
    assert first.body == second.body
    assert second.headers["x-slack-retry-num"] == "1"
    with pytest.raises(ImpossibleActionError, match="no event 'Ev1' was delivered"):
        await slack.redeliver("Ev1")


async def test_a_forged_payload_is_sent_unchanged(slack: SimulatedSlack, receiver):
    receiver.answer(status=401, body="invalid signature")

    delivered = await slack.send_raw(b"{}", {"X-Slack-Signature": "v0=forged", "Content-Type": "application/json"})

    assert (delivered.status, delivered.body, delivered.ok) == (401, "invalid signature", False)
    assert receiver.received[0].body == b"{}"
    assert receiver.received[0].headers["x-slack-signature"] == "v0=forged"


async def test_the_request_url_gets_the_verification_challenge(slack: SimulatedSlack, receiver):
    await verify_url(slack)

    sent = receiver.received[0].json
    assert (sent["type"], bool(sent["challenge"])) == ("url_verification", True)


async def test_only_subscribed_events_are_sent(simulate):
    slack, receiver = await simulate(events=("app_mention", "file_shared"))
    ana, incidents = slack.add_user("ana"), slack.add_channel("incidents")

    await slack.say(ana, incidents, "hello")
    await slack.say(ana, incidents, "", files=[("pod.log", "line")])

    (event,) = receiver.events
    assert (event["type"], event["channel_id"]) == ("file_shared", incidents)
    assert event["file_id"] == slack.files()[0]["id"]


async def test_users_can_talk_without_an_app(slack: SimulatedSlack, incidents: str, ana: str):
    await slack.say(ana, incidents, "anybody?")
    delivered = await slack.slash(ana, incidents, "help")

    assert slack.messages(incidents)[0]["text"] == "anybody?"
    assert (delivered.status, delivered.ok) == (0, False)
    assert slack.deliveries == []
