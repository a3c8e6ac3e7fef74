"""Test every way to ask (command, mention, thread, direct message, shortcut, alert) and its acknowledgement."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.playground.slack import AppResponse, SharedFile
from bot.surfaces.slack.manifest import DIAGNOSE_THIS
from bot.surfaces.slack.surface import MESSAGE_EVENTS, REVOKED_EVENTS
from tests.channel_changes import channels_of
from tests.end_to_end.workplace import Workplace, Worlds, broken_of, buttons_of, is_final, lines_of, words_of
from tests.slack_administration import invite_bot, remove_bot, verify_url

pytestmark = pytest.mark.asyncio(loop_scope="module")

POD = "ledger/db-tikv-0"


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Worlds:
    return [broken_of(engine, each).world for each in ("run-as-nonroot-root-image", "statefulset-invalid-pod-spec")]


async def answer_in_channel(at: Workplace, channel: str = "") -> str:
    """Wait for the only answer in the channel and return its text."""
    finals = await at.slack.wait_for(lambda: [one for one in at.ours(channel) if is_final(one)])
    await at.settled()
    assert len(at.ours(channel)) == 1
    return "\n".join(lines_of(finals[0]))


async def answer_in_thread(at: Workplace, ts: str, channel: str = "") -> str:
    """Wait for the only answer in a thread and return its text."""
    answer = await at.answer(ts, channel)
    await at.settled()
    assert len(at.answers(ts, channel)) == 1
    return "\n".join(lines_of(answer))


def mention(at: Workplace, text: str = "") -> str:
    return f"<@{at.slack.bot_user_id}> {text}".strip()


# --- /diagnose ---


@pytest.mark.parametrize("command", [f"pod {POD}", "po db-tikv-0 -n ledger", "pod/db-tikv-0 in ledger"])
async def test_command_for_a_pod_is_answered_in_the_channel(at, command):
    acknowledged = await at.slack.slash(at.alex, at.channel, command)

    # Nothing private is left beside the answer in the channel.
    assert not acknowledged.body
    assert "\n🔴 CONFIRMED · " in await answer_in_channel(at)


async def test_command_for_a_workload_diagnoses_its_pods(at, engine):
    broken = broken_of(engine, "statefulset-invalid-pod-spec")
    stored = next(each for each in broken.world["objects"] if each["kind"] == "StatefulSet")["metadata"]
    await at.slack.slash(at.alex, at.channel, f"sts {stored['name']} -n {stored['namespace']}")

    said = await answer_in_channel(at)
    assert said.startswith(f"StatefulSet {stored['namespace']}/{stored['name']} cannot create pods: ")


async def test_slackbot_notice_of_removal_is_not_a_question(at):
    await channels_of(at.slack).remove(at.alex, at.channel)
    await at.settled()

    assert [delivery.type for delivery in at.deliveries] == ["message", "channel_left"]
    assert [call.method for call in at.calls if call.method.startswith("chat.")] == []


async def test_command_explains_an_error(at, broken):
    acknowledged = await at.slack.slash(at.alex, at.channel, f"explain {broken.text}")

    assert not acknowledged.body
    assert "\n🔴 CONFIRMED · " in await answer_in_channel(at)


async def test_command_without_a_diagnosis_is_answered_in_the_acknowledgement(at):
    expected = {
        "help": "/diagnose pod NAMESPACE/NAME",
        "帮助": "诊断某个对象",
        "hepl": "Did you mean /diagnose help",
        "explain": "Usage: /diagnose explain ERROR",
        "muted": "Nothing is muted",
        "unmute": "unmute",
    }
    told = {
        command: "\n".join(lines_of((await at.slack.slash(at.alex, at.channel, command)).body)) for command in expected
    }

    assert {command for command, says in expected.items() if says not in told[command]} == set()
    assert at.ours() == []


async def test_unknown_name_gets_similar_names(at):
    await at.slack.slash(at.alex, at.channel, "pod ledger/db-tikv-9")

    assert f"\nPod {POD}" in await answer_in_channel(at)

    other = at.slack.add_channel("other-kinds")
    await at.slack.slash(at.alex, other, "deploy ledger/db-tikv")

    assert "\nStatefulSet ledger/db-tikv" in await answer_in_channel(at, other)


async def test_command_in_a_channel_without_the_bot_is_answered_to_the_requester(at):
    remove_bot(at.slack, at.channel)
    await at.slack.slash(at.alex, at.channel, f"pod {POD}")
    shown = await at.slack.wait_for(lambda: [one for one in at.slack.ephemerals(at.alex) if is_final(one)])
    await at.settled()

    assert "CONFIRMED" in words_of(shown[-1]["blocks"])
    assert buttons_of(shown[-1]["blocks"]) == []
    assert at.ours() == []
    assert at.slack.ephemerals(at.bo) == []


# --- mentions and direct messages ---


async def test_mention_with_a_paste_is_answered_in_its_thread(at, broken):
    ts = await at.slack.say(at.alex, at.channel, mention(at, f"what is this?\n```{broken.text}```"))

    assert "\n🔴 CONFIRMED · " in await answer_in_thread(at, ts)


@pytest.mark.parametrize("words", [f"pod {POD}", f"why is pod {POD} broken?", f"看看 pod {POD}"])
async def test_mention_of_an_object_diagnoses_it(at, words):
    ts = await at.slack.say(at.alex, at.channel, mention(at, words))

    said = await answer_in_thread(at, ts)
    assert "CONFIRMED" in said or "已证实" in said


async def test_mention_with_unknown_text_says_it_is_unknown(at):
    unheard = "E1107 flux capacitor: dispersion below 1.21 GW on bus 88"
    ts = await at.slack.say(at.alex, at.channel, mention(at, unheard))

    said = await answer_in_thread(at, ts)
    assert "I DON'T KNOW THIS ONE" in said
    assert "flux capacitor" not in said, "what the thread begins with is not said again"


@pytest.mark.parametrize(
    ("words", "verdict"), [("", "CONFIRMED"), ("what is this?", "CONFIRMED"), ("看看这个", "已证实")]
)
async def test_mention_in_a_thread_asks_about_its_parent(at, broken, words, verdict):
    ts = await post_before_joining(at, broken.text)
    await at.slack.say(at.bo, at.channel, mention(at, words), thread_ts=ts)

    assert f"\n🔴 {verdict} · " in await answer_in_thread(at, ts)


async def test_mention_in_the_thread_of_a_file_asks_about_the_file(at, broken):
    ts = await post_before_joining(at, "", files=[SharedFile(name="error.log", content=broken.text.encode())])
    await at.slack.say(at.bo, at.channel, mention(at), thread_ts=ts)

    assert "\n🔴 CONFIRMED · " in await answer_in_thread(at, ts)


async def test_mention_with_its_own_question_ignores_the_parent(at):
    ts = await post_before_joining(at, "lunch at noon?")
    await at.slack.say(at.bo, at.channel, mention(at, "help"), thread_ts=ts)

    assert "/diagnose pod NAMESPACE/NAME" in await answer_in_thread(at, ts)
    assert not [call for call in at.calls if call.method == "conversations.replies"]


async def test_mention_in_a_thread_with_an_unreadable_parent_says_so(at, broken):
    ts = await post_before_joining(at, broken.text)
    at.slack.fail("conversations.replies", error="missing_scope", needed="channels:history", provided="chat:write")
    await at.slack.say(at.bo, at.channel, mention(at), thread_ts=ts)

    assert "channels:history" in await answer_in_thread(at, ts)


async def post_before_joining(at: Workplace, text: str, **options: Any) -> str:
    """Post a message from before the bot joined and return its ts."""
    remove_bot(at.slack, at.channel)
    ts = await at.slack.say(at.alex, at.channel, text, **options)
    invite_bot(at.slack, at.channel)
    return ts


async def test_direct_message_is_always_answered_in_its_thread(at, broken):
    direct = at.slack.open_im(at.alex)
    await at.slack.say(at.alex, direct, broken.text)
    assert "\n🔴 CONFIRMED · " in await answer_in_channel(at, direct)

    await at.slack.say(at.alex, direct, "hello")
    await at.slack.wait_for(lambda: len([one for one in at.ours(direct) if is_final(one)]) == 2)
    assert "/diagnose help" in "\n".join(lines_of(at.ours(direct)[1]))


# --- shortcut, alerts, language ---


async def test_shortcut_diagnoses_any_message_each_time(at, broken):
    ts = await post_before_joining(at, broken.text)
    acknowledged = await at.slack.shortcut(at.bo, at.channel, ts, callback_id=DIAGNOSE_THIS)
    assert acknowledged.status == 200
    assert "\n🔴 CONFIRMED · " in await answer_in_thread(at, ts)

    await at.slack.shortcut(at.alex, at.channel, ts, callback_id=DIAGNOSE_THIS)
    await at.slack.wait_for(lambda: len([one for one in at.answers(ts) if is_final(one)]) == 2)


async def test_shortcut_on_unknown_text_says_it_is_unknown(at):
    ts = await at.slack.say(at.alex, at.channel, "the coffee machine is out of beans")
    await at.slack.shortcut(at.bo, at.channel, ts, callback_id=DIAGNOSE_THIS)

    assert "I DON'T KNOW THIS ONE" in await answer_in_thread(at, ts)


async def test_alert_with_only_attachments_is_answered(at, broken):
    attachment = {
        "color": "danger",
        "title": "[FIRING:1] PodNotReady",
        "title_link": "https://alerts.example.com/1",
        "fields": [{"title": "message", "value": broken.text, "short": False}],
        "fallback": "[FIRING:1] PodNotReady",
    }
    alerts = at.slack.add_user("alertmanager")
    ts = await at.slack.say(alerts, at.channel, "", bot=True, attachments=[attachment])

    assert "\n🔴 CONFIRMED · " in await answer_in_thread(at, ts)


async def test_command_is_answered_in_the_requesters_language(at):
    lin = at.slack.add_user("lin", locale="zh-CN")
    await at.slack.slash(lin, at.channel, f"pod {POD}")

    assert "\n🔴 已证实 · " in await answer_in_channel(at)


# --- acknowledged, all of it ---


async def test_every_slack_request_is_acknowledged_in_time(at, broken):
    at.slack.latency = 0.3
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    await at.answer(ts)
    await at.slack.slash(at.alex, at.channel, f"pod {POD}")
    await at.slack.shortcut(at.bo, at.channel, ts, callback_id=DIAGNOSE_THIS)
    await at.settled()

    assert all(one.status == 200 and one.seconds < 3 for one in at.deliveries)


async def test_event_of_any_type_is_acknowledged(at):
    ours = {"channel": at.channel, "user": at.slack.bot_user_id, "ts": "1700000000.000100", "text": "fine"}
    kinds = (*MESSAGE_EVENTS, *REVOKED_EVENTS, "reaction_added", "something_new_of_slack")

    answered = {kind: (await deliver(at, ours | {"type": kind})).status for kind in kinds}

    assert answered == dict.fromkeys(kinds, 200)


async def test_rate_limit_event_is_acknowledged(at):
    told = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1_700_000_000, "api_app_id": "A1"}
    body = json.dumps(told).encode()
    answered = await at.slack.send_raw(body, at.slack.sign(body) | {"Content-Type": "application/json"})

    assert answered.status == 200


async def test_url_verification_is_answered(at):
    challenged = await verify_url(at.slack)
    assert (challenged.status, challenged.body["challenge"]) == (200, "simulated-challenge")

    body = b"ssl_check=1&token=simulated"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await at.slack.send_raw(body, headers)).status == 200


async def test_unknown_action_is_acknowledged(at):
    for payload in (
        {"type": "block_actions", "actions": [{"action_id": "of_another_age", "value": "x"}]},
        {"type": "view_submission", "view": {"id": "V1", "type": "modal", "callback_id": "of_another_age"}},
        {"type": "view_closed", "view": {"id": "V1", "type": "modal", "callback_id": "of_another_age"}},
    ):
        common = {"team": {"id": at.slack.team_id}, "user": {"id": at.alex}, "api_app_id": at.slack.app_id}
        assert (await at.send(payload | common)).status == 200


async def deliver(at: Workplace, event: dict[str, Any]) -> AppResponse:
    """Send any event as Slack would."""
    envelope = {
        "type": "event_callback",
        "team_id": at.slack.team_id,
        "api_app_id": at.slack.app_id,
        "event_id": f"Ev{time.monotonic_ns()}",
        "event_time": 1_700_000_000,
        "event": event,
    }
    body = json.dumps(envelope).encode()
    return await at.slack.send_raw(body, at.slack.sign(body) | {"Content-Type": "application/json"})
