"""A second person, labels, people's own rights, impatience: what is asked before a confirmed remedy is carried out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy import Policy, load_policy
from bot.remedies.names import action_names
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


async def pasted(at: Workplace, broken: Broken, channel: str = "") -> dict[str, Any]:
    channel = channel or at.channel
    return await at.answer(await at.slack.say(at.alex, channel, broken.text), channel)


def shown(at: Workplace, answer: dict[str, Any]) -> str:
    return "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))


async def asked(at: Workplace, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer once a second person is waited for."""
    await at.slack.wait_for(lambda: "waiting for a second person" in shown(at, answer))
    return at.slack.message(at.channel, answer["ts"])


async def test_what_takes_two_is_asked_for_by_one_and_done_when_another_approves(tmp_path, engine, pulls_again):
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, **TWO)) as at:
        answer = await pasted(at, pulls_again)
        dialog = await at.dialog(at.alex, answer)
        assert dialog["submit"]["text"] == "Request approval"
        assert "nothing is applied before" in words_of(dialog["blocks"])
        await at.submit(at.alex, dialog["id"])

        waiting = await asked(at, answer)
        await at.settled()
        assert f"by @{at.alex}" in "\n".join(lines_of(waiting))
        assert pressable(waiting, Press.REMEDY)["text"]["text"].startswith("Approve: ")
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
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in shown(at, answer))
        await at.settled()

        assert f"by @{at.alex} · approved by @{at.bo}" in shown(at, answer)
        assert at.writes() == [("DELETE", f"{PODS}/{POD}")]
        entries = [one for one in await at.audited() if one.action == "restart-pod"]
        told = [(one.outcome, one.actor, one.detail.get("requested_by")) for one in entries]
        assert told[0] == ("approval asked", at.alex, None)
        assert told[-3:] == [(each, at.bo, at.alex) for each in ("claimed", "applied", "fixed")]


async def test_of_two_who_confirm_at_once_neither_approves_what_they_have_not_seen_asked_for(
    tmp_path, engine, pulls_again
):
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, **TWO)) as at:
        answer = await pasted(at, pulls_again)
        views = [(user, (await at.dialog(user, answer))["id"]) for user in (at.alex, at.bo)]

        await asyncio.gather(*(at.submit(user, view) for user, view in views))
        await asked(at, answer)
        await at.settled()

        assert at.writes() == []
        asking = [one for one in await at.audited() if one.outcome == "approval asked"]
        assert len(asking) == 1
        late = at.bo if asking[0].actor == at.alex else at.alex
        assert (
            "another member has already requested this"
            in words_of([one["blocks"] for one in at.slack.ephemerals(late)]).lower()
        )


async def test_approval_can_be_kept_to_a_user_group(tmp_path, engine, pulls_again):
    only = [{**TWO["approval"][0], "groups": ["@leads"]}]
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, approval=only)) as at:
        at.slack.set_group("leads", members=[at.alex])
        answer = await pasted(at, pulls_again)
        await at.confirm(at.alex, answer)
        waiting = await asked(at, answer)
        assert (await at.dialog(at.bo, waiting))["submit"] is None

        # Asked again by somebody else, the lead may.
        other = at.slack.add_channel("other")
        again = await pasted(at, pulls_again, other)
        await at.submit(at.bo, (await at.dialog(at.bo, again, other))["id"])
        await at.slack.wait_for(
            lambda: "waiting for a second person" in "\n".join(lines_of(at.slack.message(other, again["ts"])))
        )
        lead = await at.dialog(at.alex, at.slack.message(other, again["ts"]), other)
        assert lead["submit"]["text"] == "Approve and apply"
        assert at.writes() == []


async def test_what_did_not_help_is_not_done_over_and_over(tmp_path, engine, still_unreachable):
    limits = {"target": {"writes": 1, "minutes": 15}, "user": {"writes": 20, "minutes": 15}}
    policy = policy_of(tmp_path, limits=limits)
    async with workplace(tmp_path, engine, still_unreachable.world, policy=policy) as at:
        other = at.slack.add_channel("other")
        answer = await pasted(at, still_unreachable)
        again = await pasted(at, still_unreachable, other)
        open_before = await at.dialog(at.bo, again, other)
        restart = [one["value"] for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(Press.REMEDY)]
        assert restart
        await at.confirm(at.alex, answer)
        await at.slack.wait_for(lambda: "NOT FIXED" in shown(at, answer))
        written = at.writes()
        assert written == [("DELETE", f"{PODS}/{POD}")]

        # A dialog that was open by then does no more than one that is opened now, nor for another pod of the same.
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
            assert "were tried on the same object within 15 minutes (restart-pod: not fixed)" in says
        assert at.writes() == written

        at.clock.advance(timedelta(minutes=16))
        assert (await at.dialog(at.bo, late, third))["submit"] is not None


async def test_auditors_are_told_of_every_remedy_in_a_channel_of_their_own(tmp_path, engine, pulls_again):
    policy = policy_of(tmp_path, acting=[{**EVERYWHERE, "users": ["U0000000002"], "actions": ["*"]}])
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy, audit_channel="C0AUDIT00") as at:
        at.slack.add_channel("audit", id="C0AUDIT00")
        answer = await pasted(at, pulls_again)
        await at.confirm(at.bo, answer)
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in shown(at, answer))
        await at.settled()

        [line] = at.ours("C0AUDIT00")
        said = lines_of(line)
        assert f"FIXED: the cause is gone · Pod front/{POD} · simulated · by @{at.bo}" in said[0]
        assert answer["ts"].replace(".", "") in json.dumps(line["blocks"])  # the way to the answer


# --- labels of the object ---


def label(at: Workplace, **labels: str) -> None:
    """Somebody labels the pod."""
    pod = json.loads(json.dumps(at.cluster.store.get(table=("", "pods"), namespace="front", name=POD)))
    pod["metadata"]["labels"] |= labels
    at.cluster.store.put(table=("", "pods"), namespace="front", name=POD, obj=pod)


async def test_an_entry_for_labels_lets_act_on_what_bears_them_when_it_is_pressed_and_when_it_is_confirmed(
    tmp_path, engine, pulls_again
):
    labelled = [{**EVERYWHERE, "users": ["*"], "actions": ["*"], "labels": {"team": "checkout"}}]
    policy = policy_of(tmp_path, acting=labelled)
    async with workplace(tmp_path, engine, pulls_again.world, policy=policy) as at:
        answer = await pasted(at, pulls_again)
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


async def test_where_people_act_under_their_own_name_the_api_server_decides_for_each_of_them(
    tmp_path, engine, pulls_again
):
    own_names = [{"clusters": ["*"], "domains": ["example.com"], "groups": {"*": ["on-call"]}}]
    async with workplace(
        tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, impersonation=own_names)
    ) as at:
        at.cluster.forbid(verb="delete", resource="pods", user="bo@example.com")
        answer = await pasted(at, pulls_again)

        refused = await at.dialog(at.bo, answer)
        assert refused["submit"] is None
        assert "bo@example.com" in words_of(refused["blocks"])
        assert "delete" in words_of(refused["blocks"])

        await at.confirm(at.alex, answer)
        await at.slack.wait_for(lambda: "FIXED: the cause is gone" in shown(at, answer))
        await at.settled()
        [deleted] = [one for one in at.cluster.requests if one.writes and one.method == "DELETE"]
        assert (deleted.acts_as, deleted.acting_groups) == ("alex@example.com", ("on-call",))
        # What is read, and the event that tells of it, is read and written by Casebook itself.
        others = {one.acts_as for one in at.cluster.requests if one.method == "GET" or one.path.endswith("/events")}
        assert others == {""}


async def test_whoever_has_no_address_that_counts_acts_nowhere_under_their_own_name(tmp_path, engine, pulls_again):
    own_names = [{"clusters": ["*"], "domains": ["corp.example"]}]
    async with workplace(
        tmp_path, engine, pulls_again.world, policy=policy_of(tmp_path, impersonation=own_names)
    ) as at:
        refused = await at.dialog(at.alex, await pasted(at, pulls_again))

        assert refused["submit"] is None
        assert "is not listed under" in words_of(refused["blocks"])
        assert at.writes() == []
