"""Test the checks before a confirmed remedy runs: approval, labels, the user's own rights, rate limits."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
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
    lines_of,
    pressable,
    words_of,
    workplace,
)
from tests.slack_administration import set_group

PODS = "/api/v1/namespaces/front/pods"
POD = "checkout-6f4d8b7c5-kz9wp"
EVERYWHERE: dict[str, Any] = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
ANYBODY: dict[str, Any] = {
    "remediation": [EVERYWHERE],
    "acting": [{**EVERYWHERE, "users": ["*"], "actions": ["*"]}],
}
TWO: dict[str, Any] = {"approval": [{**EVERYWHERE, "risks": ["low", "disruptive", "data-loss"]}]}


@pytest.fixture
def pulls_again(engine: Engine) -> Broken:
    return broken_case(
        engine, "image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off"
    )


@pytest.fixture
def still_unreachable(engine: Engine) -> Broken:
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


def policy_of(tmp_path: Path, **sections: Any) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(ANYBODY | sections))
    return load_policy(path, actions=action_names())


async def paste(at: Workplace, broken: Broken, channel: str = "") -> dict[str, Any]:
    channel = channel or at.channel
    return await at.answer(await at.slack.say(at.alex, channel, broken.text), channel)


def text_of(at: Workplace, answer: dict[str, Any]) -> str:
    return "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))


async def wait_for_approval_request(at: Workplace, answer: dict[str, Any]) -> dict[str, Any]:
    """Wait until the answer awaits an approval and return it."""
    await at.slack.wait_for(lambda: "waiting for a second person" in text_of(at, answer))
    return at.slack.message(at.channel, answer["ts"])


async def test_action_with_approval_runs_after_a_second_person_approves(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, **TWO)) as at:
        answer = await paste(at, pulls_again)
        dialog = await at.dialog(at.alex, answer)
        assert dialog["submit"]["text"] == "Request approval"
        assert "nothing is applied before" in words_of(dialog["blocks"])
        await at.submit(at.alex, dialog["id"])

        waiting = await wait_for_approval_request(at, answer)
        await at.settled()
        assert f"by @{at.alex}" in "\n".join(lines_of(waiting))
        assert pressable(waiting, Press.REMEDY)["text"]["text"].startswith("Approve")
        assert f"@{at.alex}" in "\n".join(lines_of(at.ours()[-1]))  # the thread is told, not only the edited answer
        assert at.writes() == []

        own = await at.dialog(at.alex, waiting)
        assert "another member must approve it" in words_of(own["blocks"])
        assert own["submit"] is None
        guest = await at.dialog(at.guest, waiting)
        assert guest["submit"] is None

        second = await at.dialog(at.bo, waiting)
        assert second["submit"]["text"] == "Approve and apply"
        assert f"Requested by @{at.alex}" in "\n".join(lines_of(second))
        assert f"-pod: {POD}" in "\n".join(lines_of(second)).replace("    ", "")
        await at.submit(at.bo, second["id"])
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in text_of(at, answer))
        await at.settled()

        assert f"by @{at.alex} · approved by @{at.bo}" in text_of(at, answer)
        assert at.writes() == [("DELETE", f"{PODS}/{POD}")]
        entries = [one for one in await at.audited() if one.action == "restart-pod"]
        told = [(one.outcome, one.actor, one.detail.get("requested_by")) for one in entries]
        assert told[0] == ("approval asked", at.alex, None)
        assert told[-3:] == [(each, at.bo, at.alex) for each in ("claimed", "applied", "fixed")]


async def test_two_concurrent_requests_do_not_approve_each_other(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, **TWO)) as at:
        answer = await paste(at, pulls_again)
        views = [(user, (await at.dialog(user, answer))["id"]) for user in (at.alex, at.bo)]

        await asyncio.gather(*(at.submit(user, view) for user, view in views))
        await wait_for_approval_request(at, answer)
        await at.settled()

        assert at.writes() == []
        asking = [one for one in await at.audited() if one.outcome == "approval asked"]
        assert len(asking) == 1
        late = at.bo if asking[0].actor == at.alex else at.alex
        assert (
            "another member has already requested this"
            in words_of([one["blocks"] for one in at.slack.ephemerals(late)]).lower()
        )


async def test_approval_can_be_limited_to_a_user_group(tmp_path, engine, pulls_again):
    only = [{**TWO["approval"][0], "groups": ["@leads"]}]
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, approval=only)) as at:
        set_group(at.slack, "leads", members=[at.alex])
        answer = await paste(at, pulls_again)
        await at.confirm(at.alex, answer)
        waiting = await wait_for_approval_request(at, answer)
        assert (await at.dialog(at.bo, waiting))["submit"] is None

        # The lead may approve a request of somebody else.
        other = at.slack.add_channel("other")
        again = await paste(at, pulls_again, other)
        await at.submit(at.bo, (await at.dialog(at.bo, again, other))["id"])
        await at.slack.wait_for(
            lambda: "waiting for a second person" in "\n".join(lines_of(at.slack.message(other, again["ts"])))
        )
        lead = await at.dialog(at.alex, at.slack.message(other, again["ts"]), other)
        assert lead["submit"]["text"] == "Approve and apply"
        assert at.writes() == []


async def test_ineffective_action_is_rate_limited(tmp_path, engine, still_unreachable):
    limits = {"target": {"writes": 1, "minutes": 15}, "user": {"writes": 20, "minutes": 15}}
    policy = policy_of(tmp_path, limits=limits)
    async with workplace(tmp_path, engine, still_unreachable.world, policy=policy) as at:
        other = at.slack.add_channel("other")
        answer = await paste(at, still_unreachable)
        again = await paste(at, still_unreachable, other)
        open_before = await at.dialog(at.bo, again, other)
        restart = [one["value"] for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(Press.REMEDY)]
        assert restart
        await at.confirm(at.alex, answer)
        await at.slack.wait_for(lambda: "NOT FIXED" in text_of(at, answer))
        written = at.writes()
        assert written == [("DELETE", f"{PODS}/{POD}")]

        # A modal opened earlier has no more effect than a new one, nor has one for another pod of the workload.
        await at.submit(at.bo, open_before["id"])
        await at.settled()
        third = at.slack.add_channel("third")
        failing = [
            each["metadata"]["name"]
            for each in at.cluster.store.objects(table=("", "pods"), namespace="front")
            if any("waiting" in one["state"] for one in each["status"].get("containerStatuses", ()))
        ]
        pod = next(name for name in failing if name != POD)
        await at.slack.slash(at.bo, third, f"pod front/{pod}")
        late = (await at.slack.wait_for(lambda: [one for one in at.ours(third) if buttons_of(one["blocks"])]))[0]
        refused = await at.dialog(at.bo, late, third)

        for says in (words_of([one["blocks"] for one in at.slack.ephemerals(at.bo)]), words_of(refused["blocks"])):
            assert "were tried on the same object within 15 minutes (Restart pod: not fixed)" in says
        assert at.writes() == written

        at.clock.advance(timedelta(minutes=16))
        assert (await at.dialog(at.bo, late, third))["submit"] is not None


async def test_every_action_is_posted_to_the_audit_channel(tmp_path, engine, pulls_again):
    policy = policy_of(tmp_path, acting=[{**EVERYWHERE, "users": ["U0000000002"], "actions": ["*"]}])
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy, audit_channel="C0AUDIT00") as at:
        at.slack.add_channel("audit", id="C0AUDIT00")
        answer = await paste(at, pulls_again)
        await at.confirm(at.bo, answer)
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in text_of(at, answer))
        await at.settled()

        [line] = at.ours("C0AUDIT00")
        said = lines_of(line)
        assert f"FIXED: the cause is gone · Pod front/{POD} · simulated · by @{at.bo}" in said[0]
        assert answer["ts"].replace(".", "") in json.dumps(line["blocks"])  # the link to the answer


# --- labels of the object ---


def label(at: Workplace, **labels: str) -> None:
    """Label the pod, as another user would."""
    pod = json.loads(json.dumps(at.cluster.store.get(table=("", "pods"), namespace="front", name=POD)))
    pod["metadata"]["labels"] |= labels
    at.cluster.store.put(table=("", "pods"), namespace="front", name=POD, obj=pod)


async def test_policy_labels_are_checked_at_button_press_and_at_confirmation(tmp_path, engine, pulls_again):
    labelled = [{**EVERYWHERE, "users": ["*"], "actions": ["*"], "labels": {"team": "checkout"}}]
    policy = policy_of(tmp_path, acting=labelled)
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy) as at:
        answer = await paste(at, pulls_again)
        refused = await at.dialog(at.alex, answer)
        assert refused["submit"] is None
        assert "team" in words_of(refused["blocks"])

        label(at, team="checkout")
        dialog = await at.dialog(at.alex, answer)
        assert dialog["submit"]["text"] == "Restart pod"

        label(at, team="other")
        await at.submit(at.alex, dialog["id"])
        await at.settled()
        assert at.writes() == []
        assert "team" in words_of([one["blocks"] for one in at.slack.ephemerals(at.alex)])


# --- people's own rights in the cluster ---


async def test_impersonation_lets_the_api_server_authorise_each_user(tmp_path, engine, pulls_again):
    own_names = [{"clusters": ["*"], "domains": ["example.com"], "groups": {"*": ["on-call"]}}]
    async with workplace(
        tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, impersonation=own_names)
    ) as at:
        at.cluster.forbid(verb="delete", resource="pods", user="bo@example.com")
        answer = await paste(at, pulls_again)

        refused = await at.dialog(at.bo, answer)
        assert refused["submit"] is None
        assert "bo@example.com" in words_of(refused["blocks"])
        assert "delete" in words_of(refused["blocks"])

        await at.confirm(at.alex, answer)
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in text_of(at, answer))
        await at.settled()
        [deleted] = [one for one in at.cluster.requests if one.writes and one.method == "DELETE"]
        assert (deleted.acts_as, deleted.acting_groups) == ("alex@example.com", ("on-call",))
        # Reads and the Event about the action use Casebook's own identity.
        others = {one.acts_as for one in at.cluster.requests if one.method == "GET" or one.path.endswith("/events")}
        assert others == {""}


async def test_user_without_a_valid_email_address_cannot_be_impersonated(tmp_path, engine, pulls_again):
    own_names = [{"clusters": ["*"], "domains": ["corp.example"]}]
    async with workplace(
        tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, impersonation=own_names)
    ) as at:
        refused = await at.dialog(at.alex, await paste(at, pulls_again))

        assert refused["submit"] is None
        assert "is not listed in" in words_of(refused["blocks"])
        assert at.writes() == []
