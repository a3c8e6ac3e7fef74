"""Test the policy for reads and actions in answers, suggestions, details, buttons and modals."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy import Policy, load_policy
from bot.remedies.actions import action_names
from responses.slack.presses import Press
from tests.end_to_end import test_requests_in_words as in_words
from tests.end_to_end.test_names_as_meant import mentioned
from tests.end_to_end.workplace import (
    Broken,
    Workplace,
    broken_case,
    buttons_of,
    is_final,
    lines_of,
    pressable,
    words_of,
    workplace,
)

LEDGER = "C0LEDGER0"
HIDDEN = ("checkout", "kz9wp", "front")
POD_NAME = "checkout-6f4d8b7c5-kz9wp"
ALEX, BO = "U0000000001", "U0000000002"
EVERYWHERE: dict[str, Any] = {"clusters": ["*"], "namespaces": ["*"]}


@pytest.fixture
def elsewhere(engine: Engine) -> Broken:
    """Return a broken case in the namespace `front`; `broken` is in `ledger`."""
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


def policy_of(tmp_path: Path, **sections: Any) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(sections))
    return load_policy(path, actions=action_names())


def of_front(at: Workplace) -> list[str]:
    """Return the requests about the namespace `front` or about all namespaces."""
    lists = ("/api/v1/pods", "/api/v1/events", "/api/v1/nodes", "/apis/apps/v1/deployments")
    return [one.path for one in at.cluster.requests if "/front" in one.path or one.path.startswith(lists)]


async def command(at: Workplace, channel: str, text: str, user: str = "") -> str:
    """Send a command and return its answer's text."""
    before = len([one for one in at.ours(channel) if is_final(one)])
    await at.slack.slash(user or at.alex, channel, text)
    await at.slack.wait_for(lambda: len([one for one in at.ours(channel) if is_final(one)]) > before)
    return "\n".join(lines_of(at.ours(channel)[-1]))


async def paste(at: Workplace, broken: Broken, *, channel: str = "", user: str = "") -> dict[str, Any]:
    """Paste the error and return its only answer."""
    channel = channel or at.channel
    ts = await at.slack.say(user or at.alex, channel, broken.text)
    await at.answer(ts, channel)
    await at.settled()
    (answer,) = at.answers(ts, channel)
    return answer


def remedies(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(Press.REMEDY)]


# --- what may be seen ---


async def test_channel_of_one_namespace_reads_and_shows_no_other(tmp_path, engine, broken, elsewhere):
    policy = policy_of(
        tmp_path,
        reading=[{"channels": [LEDGER], "clusters": ["*"], "namespaces": ["ledger"], "cluster_scoped": False}],
        remediation=[{**EVERYWHERE, "cluster_scoped": True}],
        acting=[{**EVERYWHERE, "cluster_scoped": True, "users": ["*"], "actions": ["*"]}],
    )
    vague = "Failed to pull image: dial tcp 10.20.0.9:443: i/o timeout, ErrImagePull"
    async with workplace(tmp_path, engine, broken.world, elsewhere.world, policy=policy) as at:
        # A channel that the policy does not list.
        said = words_of((await paste(at, broken))["blocks"])
        assert "POSSIBLE" in said
        assert "The policy does not allow cluster data in this channel" in said
        assert at.cluster.requests == []

        channel = at.slack.add_channel("team-ledger", id=LEDGER)
        ts = await at.slack.say(at.alex, channel, f"<@{at.slack.bot_user_id}> {vague}")
        answer = await at.answer(ts, channel)
        told = [words_of(answer["blocks"])]
        if any(button["action_id"] == Press.DETAILS.value for button in buttons_of(answer["blocks"])):
            await at.slack.click(at.bo, channel, answer["ts"], Press.DETAILS.value)
            views = await at.slack.wait_for(lambda: at.slack.views(at.bo))
            told.append(words_of(views[-1]["blocks"]))
        told += [
            await command(at, channel, asked)
            for asked in ("pod ledger/checkout-6f4d8b7c5-kz9w", "pod kz9wp-checkout-6f4d8b7c5", "deploy checkout")
        ]
        for said in told:
            named = said.replace("ledger/checkout-6f4d8b7c5-kz9w", "").replace("kz9wp-checkout-6f4d8b7c5", "")
            assert not [word for word in HIDDEN if word in named.replace("Deployment checkout", "")], named

        # An object in a hidden namespace looks like a missing one.
        there = await command(at, channel, f"pod front/{POD_NAME}")
        absent = await command(at, channel, f"pod nowhere/{POD_NAME}")
        assert there.replace("front", "nowhere") == absent
        assert "may not be shown here" in there
        assert of_front(at) == []
        assert Press.REMEDY.value not in json.dumps(at.ours(channel))

        # The channel's own namespace is shown in full.
        assert "\n🔴 CONFIRMED · " in await command(at, channel, "pod ledger/db-tikv-0")
        assert "\nPod ledger/db-tikv-0" in await command(at, channel, "pod ledger/db-tikv-9")


async def test_where_others_get_nothing_pastes_are_ignored_and_questions_explained(tmp_path, engine, broken):
    reading = [{**EVERYWHERE, "channels": ["#of-alex"], "users": [ALEX]}]
    policy = policy_of(tmp_path, reading=reading, others="nothing")
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        await at.slack.say(at.alex, at.channel, broken.text)
        await at.settled()
        assert at.ours() == []
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        assert "the policy does not allow answers" in words_of((await at.answer(ts))["blocks"])
        assert at.cluster.requests == []

        # The pastes of a member without permission are no repetitions for the others.
        channel = at.slack.add_channel("of-alex")
        for _ in range(2):
            await at.slack.say(at.bo, channel, broken.text)
            await at.settled()
            at.clock.advance(timedelta(minutes=20))
        assert at.ours(channel) == []
        assert words_of((await paste(at, broken, channel=channel))["blocks"]).count("CONFIRMED") == 1


async def test_without_a_policy_guests_and_strangers_see_text_only_and_nobody_acts(tmp_path, engine, broken, elsewhere):
    worlds = (broken.world, elsewhere.world, in_words.WORLD)
    async with workplace(tmp_path, engine, *worlds, policy=Policy.default()) as at:
        shared = at.slack.add_channel("with-a-partner", external=True)
        quiet = at.slack.add_channel("quiet")
        stranger = at.slack.add_user("stranger", foreign=True)
        for user, channel in ((at.guest, at.channel), (at.alex, shared), (stranger, quiet)):
            answer = await paste(at, broken, channel=channel, user=user)
            said = words_of(answer["blocks"])
            assert "POSSIBLE" in said, channel
            assert "based on the pasted text only" in said, channel
            assert buttons_of(answer["blocks"]) == [], channel
        assert "based on the pasted text only" in await command(at, at.channel, "pod ledger/db-tikv-0", at.guest)
        assert at.cluster.requests == []

        await guest_cannot_open_details_or_mute(at.room(), broken)
        await no_button_is_shown_and_no_action_allowed(at.room(), elsewhere)
        answer = await mentioned(at, "restart deployment thumbs/web")
        assert remedies(answer) == []
        assert "No button for “Restart all pods”" in words_of(answer["blocks"])
        assert at.writes() == []


async def guest_cannot_open_details_or_mute(at: Workplace, broken: Broken) -> None:
    answer = await paste(at, broken)
    await at.slack.click(at.guest, at.channel, answer["ts"], Press.DETAILS.value)
    views = await at.slack.wait_for(lambda: at.slack.views(at.guest))

    assert "db-tikv-0" not in words_of(views[-1]["blocks"])
    assert "Guests get answers based on the pasted text only" in words_of(views[-1]["blocks"])

    menu = next(button for button in buttons_of(answer["blocks"]) if button["type"] == "overflow")
    mute = next(option for option in menu["options"] if option["value"].startswith("mute"))
    await at.slack.click(at.guest, at.channel, answer["ts"], menu["action_id"], value=mute["value"])
    await at.settled()
    assert await at.app.store.mutes.list(at.channel, at.clock()) == ()
    # A refusal names the rule of what was pressed, in the answer's thread.
    (refused,) = at.slack.ephemerals(at.guest)
    assert "You may not mark or mute this answer" in words_of(refused["blocks"])
    assert refused["thread_ts"] == answer["thread_ts"]


async def no_button_is_shown_and_no_action_allowed(at: Workplace, elsewhere: Broken) -> None:
    answer = await paste(at, elsewhere)
    assert remedies(answer) == []

    details = pressable(answer, Press.DETAILS)
    press = {
        "type": "block_actions",
        "api_app_id": at.slack.app_id,
        "team": {"id": at.slack.team_id},
        "user": {"id": at.bo},
        "trigger_id": "1.2.simulated",
        "container": {"type": "message", "message_ts": answer["ts"], "channel_id": at.channel},
        "actions": [{"action_id": "remedy:0", "value": details["value"], "action_ts": "1700000000.000100"}],
    }
    await at.send(press)
    await at.settled()

    assert [(one.outcome, one.actor) for one in await at.audited()] == [("refused", at.bo)]
    assert at.slack.views(at.bo) == []


async def test_people_of_one_channel_get_the_answers_of_their_audience(tmp_path, engine, broken, elsewhere):
    """A repetition is one only for people who may see the same; a remedy reads no more than its channel may see."""
    policy = policy_of(
        tmp_path,
        reading=[
            {**EVERYWHERE, "channels": ["#of-front"], "namespaces": ["front"], "cluster_scoped": False},
            {**EVERYWHERE, "channels": ["#of-thumbs"], "namespaces": ["thumbs"]},
            {**EVERYWHERE, "channels": ["#alex-sees", "#both-see"], "users": [ALEX]},
            {**EVERYWHERE, "channels": ["#both-see"], "users": [BO], "namespaces": ["front"]},
        ],
        remediation=[EVERYWHERE],
        acting=[{**EVERYWHERE, "users": ["*"], "actions": ["*"]}],
    )
    worlds = (broken.world, elsewhere.world, in_words.WORLD)
    async with workplace(tmp_path, engine, *worlds, policy=policy) as at:
        assert (at.alex, at.bo) == (ALEX, BO)
        at.channel = at.slack.add_channel("of-front")
        answer = await paste(at, elsewhere)
        await at.confirm(at.bo, answer)
        await at.slack.wait_for(lambda: "NOT FIXED" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"]))
        await at.settled()
        # Besides the namespace only API discovery and our own permissions are requested.
        read = {one.path for one in at.cluster.requests if one.method == "GET" and "/namespaces/front" not in one.path}
        assert {path for path in read if len(path.strip("/").split("/")) > 3} == set()
        assert not [path for path in read if path.rpartition("/")[2] in ("pods", "events", "nodes", "namespaces")]
        assert at.writes() == [("DELETE", f"/api/v1/namespaces/front/pods/{POD_NAME}")]

        at.channel = at.slack.add_channel("of-thumbs")
        for text in in_words.HELP:
            helped = words_of((await mentioned(at, text))["blocks"])
            assert "cart" not in helped, text
            assert "thumbs/web" in helped, text

        at.channel = at.slack.add_channel("alex-sees")
        text_only = await paste(at, broken, user=at.bo)
        assert "CONFIRMED" not in words_of(text_only["blocks"])
        assert "CONFIRMED" in words_of((await paste(at, broken))["blocks"])
        # A second person of the same audience is linked to their audience's answer.
        carol = at.slack.add_user("carol")
        await at.slack.say(carol, at.channel, broken.text)
        await at.settled()
        assert len(at.ours()) == 2
        assert text_only["thread_ts"] in str(at.slack.ephemerals(carol)[0]["blocks"])

        at.channel = at.slack.add_channel("both-see")
        await paste(at, broken)
        await paste(at, broken, user=at.bo)
        assert at.slack.ephemerals(at.bo) == []


# --- what may be done ---


@pytest.mark.parametrize(
    "where", [{"namespaces": ["ledger"]}, {"clusters": ["prod-*"]}], ids=["another namespace", "another cluster"]
)
async def test_button_is_shown_only_where_remedies_are_offered(tmp_path, engine, elsewhere, where):
    policy = policy_of(
        tmp_path,
        remediation=[{**EVERYWHERE, **where}],
        acting=[{**EVERYWHERE, "users": ["*"], "actions": ["*"]}],
    )
    async with workplace(tmp_path, engine, elsewhere.world, policy=policy) as at:
        assert remedies(await paste(at, elsewhere)) == []


async def test_button_is_shown_only_where_somebody_may_press_it(tmp_path, engine, elsewhere):
    granted: dict[str, dict[str, Any]] = {
        "other-action": {"actions": ["rollout-restart"]},
        "other-namespace": {"namespaces": ["ledger"], "actions": ["*"]},
        "of-alex": {"users": [ALEX]},
        "of-all": {},
    }
    usual = {**EVERYWHERE, "users": ["*"], "actions": ["restart-pod"]}
    policy = policy_of(
        tmp_path,
        remediation=[{"clusters": ["*"], "namespaces": ["front"]}],
        acting=[{**usual, **grant, "channels": [f"#{name}"]} for name, grant in granted.items()],
    )
    async with workplace(tmp_path, engine, elsewhere.world, policy=policy) as at:
        assert (at.alex, at.bo) == (ALEX, BO)
        for name in ("other-action", "other-namespace", "of-nobody"):
            answer = await paste(at, elsewhere, channel=at.slack.add_channel(name))
            assert remedies(answer) == [], name

        # A forbidden press is explained in the modal.
        channel = at.slack.add_channel("of-alex")
        answer = await paste(at, elsewhere, channel=channel)
        refused = await at.dialog(at.bo, answer, channel)
        assert "policy does not allow you to run this action here" in words_of(refused["blocks"])
        assert refused["submit"] is None
        assert [(one.outcome, one.actor, one.action) for one in await at.audited()] == [
            ("not allowed", at.bo, "restart-pod")
        ]
        allowed = await at.dialog(at.alex, answer, channel)
        assert allowed["submit"]["text"] == "Restart pod"

        channel = at.slack.add_channel("of-all")
        refused = await at.dialog(at.guest, await paste(at, elsewhere, channel=channel), channel)
        assert "Guests cannot press buttons that change a cluster" in words_of(refused["blocks"])
        assert POD_NAME not in words_of(refused["blocks"])
        assert at.writes() == []
