"""`/diagnose namespace` and `/diagnose cluster`: one line per root cause, and a button that leads to its diagnosis."""

from __future__ import annotations

from typing import Any

import pytest

from responses.slack.presses import Press
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import Workplace, Worlds, buttons_of, is_final, lines_of, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    return [SCENE]


MISSING = 'configmap "app-config" not found'
# Three Deployments need the same ConfigMap; a fourth crashes in another namespace; the rest is well.
SCENE: dict[str, Any] = {
    "scene": {
        **{
            f"Deployment/till/{name}": {
                "containers": {"app": {"image": "app:1", "envFrom": [{"configMapRef": {"name": "app-config"}}]}},
                "pods": [f"{name}-7d9f8b6c54-{suffix}" for suffix in ("bbbbb", "ccccc")],
            }
            for name in ("front", "middle", "back")
        },
        "Service/till/front": {"ports": {"http": 80}},
        "Deployment/till/calm": {"replicas": 2, "containers": {"app": "app:1"}},
        "Deployment/shed/tool": {"containers": {"app": "app:2"}, "pods": ["tool-7d9f8b6c54-ddddd"]},
    },
    "faults": {
        **{
            f"Pod/till/{name}-7d9f8b6c54-{suffix}": {"waiting": "CreateContainerConfigError", "message": MISSING}
            for name in ("front", "middle", "back")
            for suffix in ("bbbbb", "ccccc")
        },
        "Pod/shed/tool-7d9f8b6c54-ddddd": {"exited": 3, "restarts": 8, "waiting": "CrashLoopBackOff"},
    },
}


async def overview_of(at: Workplace, command: str) -> dict[str, Any]:
    """Return the message that answers a command."""
    known = {message["ts"] for message in at.slack.messages(at.channel)}
    assert not (await at.slack.slash(at.alex, at.channel, command)).body

    def answers() -> list[dict[str, Any]]:
        return [one for one in at.slack.messages(at.channel) if one["ts"] not in known and is_final(one)]

    return (await at.slack.wait_for(answers))[0]


def diagnose_buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in buttons_of(message["blocks"]) if one["action_id"].startswith(str(Press.DIAGNOSE))]


async def test_namespace_with_one_missing_configmap_has_one_finding(at):
    message = await overview_of(at, "namespace till")

    lines = lines_of(message)
    assert "1 problem in namespace till" in lines[0]
    assert "app-config" in lines[1]
    assert "CONFIRMED" in lines[1]
    assert "1 Service without a ready endpoint" in lines[2]
    assert "3 workloads below their replicas" in lines[2]
    assert "6 pods" in lines[2]
    assert not any("shed" in line for line in lines)


async def test_button_of_a_finding_is_answered_in_its_thread(at):
    message = await overview_of(at, "cluster")
    assert "2 problems in cluster" in lines_of(message)[0]
    first, second = diagnose_buttons(message)

    await at.slack.click(at.bo, at.channel, message["ts"], second["action_id"])

    answer = await at.answer(message["ts"])
    assert "shed/tool-7d9f8b6c54-ddddd" in lines_of(answer)[0]
    assert first["value"] != second["value"]
    assert at.writes() == []


async def test_healthy_and_unknown_namespaces_are_told(at):
    healthy = await overview_of(at, "ns shop")
    assert "Nothing unhealthy found in namespace shop" in lines_of(healthy)[0]
    assert not diagnose_buttons(healthy)

    unknown = await overview_of(at, "namespace tll")
    assert "Namespace till" in lines_of(unknown)


async def test_question_in_words_is_understood(at):
    for text, says in (
        ("what is wrong in namespace shed?", "1 problem in namespace shed"),
        ("命名空间 shed 有什么问题", "命名空间 shed"),
    ):
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {text}")
        assert says in lines_of(await at.answer(ts))[0]


async def counted(at: Workplace) -> float:
    return (await scraped(at)).of("casebook_diagnosis_seconds_count", intent="overview")


async def test_what_is_muted_is_left_out_and_counted(at):
    said = await at.slack.slash(at.alex, at.channel, "mute namespace shed 30d it is torn down on Friday")
    assert "Namespace shed" in str(said.body)
    await at.slack.slash(at.alex, at.channel, "mute config-reference-missing 1d")
    listed = str((await at.slack.slash(at.alex, at.channel, "muted")).body["blocks"])
    assert "it is torn down on Friday" in listed
    assert at.alex in listed

    before = await counted(at)
    everything = lines_of(await overview_of(at, "cluster"))
    assert "Nothing else unhealthy" in everything[0]
    assert any("2 findings left out" in line for line in everything)

    # Who asks about one object gets the whole answer, and reads that it is known.
    answer = words_of((await overview_of(at, "pod shed/tool-7d9f8b6c54-ddddd"))["blocks"])
    assert "tool" in answer
    assert "it is torn down on Friday" in answer

    await at.slack.slash(at.alex, at.channel, "unmute Namespace shed")
    again = lines_of(await overview_of(at, "cluster"))
    assert "1 problem in" in again[0]
    assert any("1 finding left out" in line for line in again)
    assert await counted(at) == before + 2


async def test_paste_about_a_muted_object_gets_no_answer(at):
    crash = "Back-off restarting failed container app in pod {}_till(0d5fe3ae-4a43-4d43-8a8c-a1fd3a1d1a01)"
    await at.slack.slash(at.alex, at.channel, "mute pod till/front-7d9f8b6c54-bbbbb")
    await at.slack.say(at.bo, at.channel, crash.format("front-7d9f8b6c54-bbbbb"))
    await at.settled()
    assert at.ours() == []

    ts = await at.slack.say(at.alex, at.channel, crash.format("back-7d9f8b6c54-ccccc"))
    assert "back-7d9f8b6c54-ccccc" in words_of((await at.answer(ts))["blocks"])


async def test_mute_of_an_unknown_incident_names_the_closest(at):
    said = await at.slack.slash(at.alex, at.channel, "mute config-refrence-missing 1d")
    assert "mute config-reference-missing" in str(said.body)
    assert "Nothing is muted" in str((await at.slack.slash(at.alex, at.channel, "muted")).body)
