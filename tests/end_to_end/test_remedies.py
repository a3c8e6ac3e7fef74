"""Test a remedy from the paste to its verification: button, modal, write and the updated answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.workplace import Broken, Workplace, broken_case, buttons_of, lines_of, pressable, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

POD = "checkout-6f4d8b7c5-kz9wp"
_NAMESPACE = re.compile(r"(?<![A-Za-z0-9-])(front|monitoring)(?![A-Za-z0-9-])")


def own(at: Workplace, text: str) -> str:
    """Return a text with the names of this room's namespaces."""
    return _NAMESPACE.sub(rf"\1-{at.channel.lower()}", text)


@pytest.fixture
def pulls_again(engine: Engine) -> Broken:
    return broken_case(
        engine, "image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off"
    )


@pytest.fixture
def still_unreachable(engine: Engine) -> Broken:
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


@pytest.fixture
def healed(engine: Engine) -> Broken:
    return broken_case(engine, "apiservice-unavailable", "the pods behind it hang, and a restart heals them")


@pytest.fixture
def hang_again(engine: Engine) -> Broken:
    return broken_case(engine, "apiservice-unavailable", "the pods behind it hang, and hang again after a restart")


async def paste(at: Workplace, broken: Broken) -> dict[str, Any]:
    """Break a copy of the objects in a namespace of this room, paste its error and return the answer."""
    at.cluster.load(json.loads(own(at, json.dumps(broken.world))))
    return await at.answer(await at.slack.say(at.alex, at.channel, own(at, broken.text)))


async def wait_for_result(at: Workplace, answer: dict[str, Any]) -> str:
    """Wait for the remedy's result and return the answer's text."""

    def end() -> str:
        says = "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))
        return says if any(word in says for word in ("FIXED:", "NOT FIXED", "refused,", "WORSE", "UNKNOWN")) else ""

    return await at.slack.wait_for(end)


async def test_pod_from_a_paste_is_restarted_and_verified(at, pulls_again):
    answer = await paste(at, pulls_again)
    dialog = await at.dialog(at.bo, answer)

    # The preview comes before any write: the object, the change, its effects.
    opened = next(call for call in at.calls if call.method == "views.open")
    assert "⏳" in words_of(opened.arguments["view"]["blocks"])
    shown = "\n".join(lines_of(dialog))
    assert own(at, f"Pod front/{POD}") in shown
    assert f"-pod: {POD}" in shown.replace("    ", "")
    assert "What happens" in shown
    assert dialog["submit"]["text"] == "Restart pod"
    assert at.writes() == []

    await at.submit(at.bo, dialog["id"])
    says = await wait_for_result(at, answer)
    await at.settled()

    assert at.writes() == [("DELETE", own(at, f"/api/v1/namespaces/front/pods/{POD}"))]
    assert "FIXED: the cause is gone" in says
    assert f"@{at.bo}" in says
    # What was wrong, what was done, and the state now; nothing is left to do.
    assert says.startswith(own(at, "✅ FIXED\nWas: front/checkout"))
    assert "\n> Now: " in says
    assert "What to do" not in says
    assert "Next: " not in says
    # The answer says once what was done, by whom, with which result: the thread does not repeat it.
    assert [one["ts"] for one in at.ours()] == [answer["ts"]]
    (told,) = [line for line in says.splitlines() if "FIXED: the cause is gone" in line]
    assert told.startswith("✅ Pull again now")
    assert f"by @{at.bo}" in told
    assert at.slack.views(at.bo) == []
    assert [(one.outcome, one.actor, one.target) for one in await at.audited()] == [
        (outcome, at.bo, own(at, f"Pod front/{POD}")) for outcome in ("claimed", "applied", "fixed")
    ]


async def test_rollout_restart_is_verified_by_its_dependent(at, healed):
    answer = await paste(at, healed)
    dialog = await at.dialog(at.alex, answer)
    assert "+    annotations:" in words_of(dialog["blocks"]) or "restartedAt" in words_of(dialog["blocks"])
    await at.submit(at.alex, dialog["id"])

    says = await wait_for_result(at, answer)

    assert "FIXED: the cause is gone" in says
    assert at.writes() == [("PATCH", own(at, "/apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter"))]


@pytest.mark.parametrize("which", ["still_unreachable", "hang_again"])
async def test_successful_write_with_a_persisting_fault_is_reported_not_fixed(at, request, which):
    broken = request.getfixturevalue(which)
    answer = await paste(at, broken)
    await at.confirm(at.bo, answer)

    says = await wait_for_result(at, answer)
    await at.settled()

    assert "applied, but NOT FIXED" in says
    assert "\n🔴 CONFIRMED · " in says
    assert len(at.writes()) == 1
    assert [one.outcome for one in await at.audited()] == ["claimed", "applied", "not fixed"]


async def test_problem_fixed_before_the_press_changes_nothing(at, pulls_again):
    answer = await paste(at, pulls_again)
    heal(at)

    refused = await at.dialog(at.bo, answer)

    assert "already fixed" in words_of(refused["blocks"]).lower()
    assert refused["submit"] is None
    assert at.writes() == []
    assert (await at.audited())[-1].outcome == "refused: already fixed"


async def test_problem_fixed_while_the_modal_is_open_changes_nothing(at, pulls_again):
    answer = await paste(at, pulls_again)
    dialog = await at.dialog(at.bo, answer)
    heal(at)
    await at.submit(at.bo, dialog["id"])

    says = await wait_for_result(at, answer)
    await at.settled()

    assert "refused, nothing was changed" in says
    assert "lready fixed" in says
    assert at.writes() == []
    assert [one.outcome for one in await at.audited()] == ["claimed", "refused: already fixed"]


def made_anew(at: Workplace) -> None:
    def change(pod: dict[str, Any]) -> None:
        pod["metadata"]["uid"] = "another-uid"

    edit_pod(at, change)


def deleted(at: Workplace) -> None:
    at.cluster.store.remove(table=("", "pods"), namespace=own(at, "front"), name=POD)


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [(made_anew, "another object now"), (deleted, "no longer exists")],
    ids=["made anew", "deleted"],
)
async def test_replaced_object_is_not_changed(at, pulls_again, meanwhile: Callable[[Workplace], None], why: str):
    answer = await paste(at, pulls_again)
    dialog = await at.dialog(at.bo, answer)
    meanwhile(at)
    await at.submit(at.bo, dialog["id"])

    says = await wait_for_result(at, answer)

    assert "refused, nothing was changed" in says
    assert why in says
    assert at.writes() == []


async def test_workload_changed_since_the_plan_is_not_changed(at, hang_again):
    answer = await paste(at, hang_again)
    dialog = await at.dialog(at.bo, answer)

    def change(deployment: dict[str, Any]) -> None:
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "adapter:v0.13.0"

    edit(at, ("apps", "deployments"), own(at, "monitoring"), "prometheus-adapter", change)
    await at.submit(at.bo, dialog["id"])

    says = await wait_for_result(at, answer)

    assert "refused, nothing was changed" in says
    assert "has changed since this was offered" in says
    assert at.writes() == []


async def test_repeated_submission_applies_once(at, still_unreachable):
    answer = await paste(at, still_unreachable)
    dialog = await at.dialog(at.bo, answer)
    await asyncio.gather(at.submit(at.bo, dialog["id"]), at.submit(at.bo, dialog["id"]))
    await wait_for_result(at, answer)
    await at.settled()

    assert len(at.writes()) == 1
    assert [one.outcome for one in await at.audited()] == ["claimed", "applied", "not fixed"]


async def test_of_two_concurrent_confirmations_one_applies_and_the_other_is_told(at, pulls_again):
    answer = await paste(at, pulls_again)
    dialogs = {user: await at.dialog(user, answer) for user in (at.alex, at.bo)}
    await asyncio.gather(*(at.submit(user, dialog["id"]) for user, dialog in dialogs.items()))
    await wait_for_result(at, answer)
    await at.settled()

    assert len(at.writes()) == 1
    outcomes = {one.outcome: one.actor for one in await at.audited()}
    did, late = outcomes["claimed"], outcomes["refused: conflict"]
    assert {did, late} == {at.alex, at.bo}
    assert "already pressed" in words_of([one["blocks"] for one in at.slack.ephemerals(late)])
    assert f"@{did}" in "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))


async def test_used_button_disappears_and_its_replay_opens_no_second_modal(at, still_unreachable):
    answer = await paste(at, still_unreachable)
    used = pressable(answer, Press.REMEDY)["value"]
    await at.confirm(at.bo, answer)
    await wait_for_result(at, answer)
    await at.settled()

    assert used not in {one.get("value") for one in buttons_of(at.slack.message(at.channel, answer["ts"])["blocks"])}
    press = next(one for one in at.deliveries if one.payload.get("type") == "block_actions")
    await at.send(press.payload)
    await at.settled()

    assert all("submit" not in call.arguments["view"] for call in dialogs_updated(at)[1:])
    assert len(at.writes()) == 1


def dialogs_updated(at: Workplace) -> list[Any]:
    return [call for call in at.calls if call.method == "views.update"]


def heal(at: Workplace) -> None:
    """Let the registry answer, so that the kubelet's retry succeeds."""

    def change(pod: dict[str, Any]) -> None:
        status = pod["status"]
        status["phase"] = "Running"
        for condition in status["conditions"]:
            condition |= {"status": "True", "reason": "", "message": ""}
        running = {"running": {"startedAt": "2026-03-02T02:59:00Z"}}
        for container in status["containerStatuses"]:
            container |= {"ready": True, "started": True, "imageID": "sha256:1", "state": running}

    edit_pod(at, change)


def edit_pod(at: Workplace, change: Callable[[dict[str, Any]], None]) -> None:
    edit(at, ("", "pods"), own(at, "front"), POD, change)


def edit(
    at: Workplace, table: tuple[str, str], namespace: str, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """Change a stored object, as another user would."""
    edited = json.loads(json.dumps(at.cluster.store.get(table=table, namespace=namespace, name=name)))
    change(edited)
    at.cluster.store.put(table=table, namespace=namespace, name=name, obj=edited)
