"""Test the policy for reads and actions in answers, suggestions, details, buttons and modals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy import Policy, load_policy
from bot.remedies.actions import action_names
from responses.slack.presses import Press
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
ALEX, BO = "U0000000001", "U0000000002"


@pytest.fixture
def elsewhere(engine: Engine) -> Broken:
    """Return a broken case in the namespace `front`; `broken` is in `ledger`."""
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


def policy_of(tmp_path: Path, **sections: Any) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(sections))
    return load_policy(path, actions=action_names())


def ledger_only(tmp_path: Path) -> Policy:
    everywhere = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
    return policy_of(
        tmp_path,
        reading=[{"channels": [LEDGER], "clusters": ["*"], "namespaces": ["ledger"], "cluster_scoped": False}],
        remediation=[everywhere],
        acting=[{**everywhere, "users": ["*"], "actions": ["*"]}],
    )


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


# --- what may be seen ---


async def test_channel_of_one_namespace_reads_and_shows_no_other(tmp_path, engine, broken, elsewhere):
    vague = "Failed to pull image: dial tcp 10.20.0.9:443: i/o timeout, ErrImagePull"
    async with workplace(tmp_path, engine, broken.world, elsewhere.world, policy=ledger_only(tmp_path)) as at:
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
        assert of_front(at) == []
        assert Press.REMEDY.value not in json.dumps(at.ours(channel))


async def test_object_in_a_hidden_namespace_looks_like_a_missing_one(tmp_path, engine, broken, elsewhere):
    async with workplace(tmp_path, engine, broken.world, elsewhere.world, policy=ledger_only(tmp_path)) as at:
        channel = at.slack.add_channel("team-ledger", id=LEDGER)
        there = await command(at, channel, "pod front/checkout-6f4d8b7c5-kz9wp")
        absent = await command(at, channel, "pod nowhere/checkout-6f4d8b7c5-kz9wp")

        assert there.replace("front", "nowhere") == absent
        assert "may not be shown here" in there
        assert of_front(at) == []


async def test_channel_gets_full_answers_about_its_own_namespace(tmp_path, engine, broken, elsewhere):
    async with workplace(tmp_path, engine, broken.world, elsewhere.world, policy=ledger_only(tmp_path)) as at:
        channel = at.slack.add_channel("team-ledger", id=LEDGER)

        assert "\n🔴 CONFIRMED · " in await command(at, channel, "pod ledger/db-tikv-0")
        assert "\nPod ledger/db-tikv-0" in await command(at, channel, "pod ledger/db-tikv-9")


async def test_unlisted_channel_gets_text_only_answers(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=ledger_only(tmp_path)) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        said = words_of((await at.answer(ts))["blocks"])

        assert "POSSIBLE" in said
        assert "The policy does not allow cluster data in this channel" in said
        assert at.cluster.requests == []


async def test_forbidden_channel_ignores_pastes_and_explains_to_questions(tmp_path, engine, broken):
    policy = policy_of(
        tmp_path, reading=[{"channels": [LEDGER], "clusters": ["*"], "namespaces": ["*"]}], others="nothing"
    )
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        await at.slack.say(at.alex, at.channel, broken.text)
        await at.settled()
        assert at.ours() == []

        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        assert "the policy does not allow answers" in words_of((await at.answer(ts))["blocks"])
        assert at.cluster.requests == []


async def test_guests_strangers_and_shared_channels_get_text_only_answers(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=Policy.default()) as at:
        shared = at.slack.add_channel("with-a-partner", external=True)
        quiet = at.slack.add_channel("quiet")
        stranger = at.slack.add_user("stranger", foreign=True)
        for user, channel in ((at.guest, at.channel), (at.alex, shared), (stranger, quiet)):
            ts = await at.slack.say(user, channel, broken.text)
            answer = await at.answer(ts, channel)
            said = words_of(answer["blocks"])
            assert "POSSIBLE" in said
            assert "based on the pasted text only" in said
            assert buttons_of(answer["blocks"]) == []
        assert "based on the pasted text only" in await command(at, at.channel, "pod ledger/db-tikv-0", at.guest)

        assert at.cluster.requests == []


async def test_guest_cannot_open_details_or_mute(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=Policy.default()) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
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


# --- what may be done ---


def acting(tmp_path: Path, **grant: Any) -> Policy:
    return policy_of(
        tmp_path,
        remediation=[{"clusters": ["*"], "namespaces": ["front"]}],
        acting=[{"clusters": ["*"], "namespaces": ["*"], "actions": ["restart-pod"], **grant}],
    )


async def paste(at: Workplace, broken: Broken) -> dict[str, Any]:
    return await at.answer(await at.slack.say(at.alex, at.channel, broken.text))


async def test_without_a_policy_no_button_is_shown_and_no_action_allowed(tmp_path, engine, elsewhere):
    async with workplace(tmp_path, engine, elsewhere.world, policy=Policy.default()) as at:
        answer = await paste(at, elsewhere)
        assert not [one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(Press.REMEDY)]

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
        assert at.writes() == []


@pytest.mark.parametrize(
    "sections",
    [
        {"remediation": [{"clusters": ["*"], "namespaces": ["ledger"]}]},
        {"remediation": [{"clusters": ["prod-*"], "namespaces": ["*"]}]},
        {"acting": [{"users": ["*"], "clusters": ["*"], "namespaces": ["*"], "actions": ["rollout-restart"]}]},
        {"acting": [{"channels": [LEDGER], "clusters": ["*"], "namespaces": ["*"], "actions": ["*"]}]},
        {"acting": [{"users": ["*"], "clusters": ["*"], "namespaces": ["ledger"], "actions": ["*"]}]},
    ],
    ids=["another namespace", "another cluster", "another action", "another channel", "not granted there"],
)
async def test_button_is_shown_only_where_somebody_may_press_it(tmp_path, engine, elsewhere, sections):
    usual = {
        "remediation": [{"clusters": ["*"], "namespaces": ["*"]}],
        "acting": [{"users": ["*"], "clusters": ["*"], "namespaces": ["*"], "actions": ["*"]}],
    }
    async with workplace(tmp_path, engine, elsewhere.world, policy=policy_of(tmp_path, **usual | sections)) as at:
        answer = await paste(at, elsewhere)

        assert not [one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(Press.REMEDY)]


async def test_forbidden_button_press_is_explained_in_the_modal(tmp_path, engine, elsewhere):
    async with workplace(tmp_path, engine, elsewhere.world, policy=acting(tmp_path, users=[ALEX])) as at:
        assert (at.alex, at.bo) == (ALEX, BO)
        answer = await paste(at, elsewhere)
        refused = await at.dialog(at.bo, answer)

        assert "policy does not allow you to run this action here" in words_of(refused["blocks"])
        assert refused["submit"] is None
        assert [(one.outcome, one.actor, one.action) for one in await at.audited()] == [
            ("not allowed", at.bo, "restart-pod")
        ]
        assert at.writes() == []

        allowed = await at.dialog(at.alex, answer)
        assert allowed["submit"]["text"] == "Restart pod"


async def test_guest_cannot_press_a_button_shown_to_others(tmp_path, engine, elsewhere):
    async with workplace(tmp_path, engine, elsewhere.world, policy=acting(tmp_path, users=["*"])) as at:
        answer = await paste(at, elsewhere)
        refused = await at.dialog(at.guest, answer)

        assert "Guests cannot press buttons that change a cluster" in words_of(refused["blocks"])
        assert POD_NAME not in words_of(refused["blocks"])
        assert at.writes() == []


POD_NAME = "checkout-6f4d8b7c5-kz9wp"


async def test_remediation_reads_only_what_its_channel_may_see(tmp_path, engine, broken, elsewhere):
    everywhere = {"clusters": ["*"], "namespaces": ["*"]}
    policy = policy_of(
        tmp_path,
        reading=[{"clusters": ["*"], "namespaces": ["front"], "cluster_scoped": False}],
        remediation=[everywhere],
        acting=[{**everywhere, "users": ["*"], "actions": ["*"]}],
    )
    async with workplace(tmp_path, engine, broken.world, elsewhere.world, policy=policy) as at:
        answer = await paste(at, elsewhere)
        await at.confirm(at.bo, answer)
        await at.slack.wait_for(lambda: "NOT FIXED" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"]))
        await at.settled()

        # Besides the namespace only API discovery and our own permissions are requested.
        read = {one.path for one in at.cluster.requests if one.method == "GET" and "/namespaces/front" not in one.path}
        assert {path for path in read if len(path.strip("/").split("/")) > 3} == set()
        assert not [path for path in read if path.rpartition("/")[2] in ("pods", "events", "nodes", "namespaces")]
        assert at.writes() == [("DELETE", f"/api/v1/namespaces/front/pods/{POD_NAME}")]


async def test_member_gets_a_full_answer_after_a_guests_paste(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        first = await at.answer(await at.slack.say(at.guest, at.channel, broken.text))
        assert "POSSIBLE" in words_of(first)

        own = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        assert "CONFIRMED" in words_of(own)
