"""Test that a remedy is called FIXED only if what was broken is well, from the paste to the message after it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, broken_case, buttons_of, lines_of, words_of, workplace
from tests.waiting import until

_DRAINO: Final = ("draino-statefulset-not-drained", "a broker stays on a node that draino holds for drained")
_KEPT_NODE: Final = (
    "autoscaler-node-not-removed",
    "an edge proxy on every node requests more than half of a small node",
)
_CROWDED: Final = ("pending-ha-scheduling", "each node that takes it has a replica")
_NO_TAG: Final = ("image-pull-failed", "there is no such tag")
_PULLS_AGAIN: Final = (
    "image-pull-failed",
    "the registry did not answer, and does again; a restart skips the back-off",
)
_ENDS: Final = ("FIXED", "shows later", "not yet better", "WORSE", "refused,", "could not be verified")
_SPARE: Final[Mapping[str, Any]] = {
    "objects": [
        {
            "kind": "Node",
            "metadata": {"name": "worker-d", "labels": {"kubernetes.io/hostname": "worker-d"}},
            "spec": {"unschedulable": True},
            "status": {
                "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
    ]
}


async def remedied(at: Workplace, text: str, button: str) -> str:
    """Paste a text, press and confirm a remedy, and return the answer's text with its result."""
    answer = await at.answer(await at.slack.say(at.alex, at.channel, text))
    await pressed(at, answer, button)

    def end() -> str:
        says = "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))
        return says if any(word in says for word in _ENDS) else ""

    return await at.slack.wait_for(end)


async def pressed(at: Workplace, answer: Mapping[str, Any], words: str) -> None:
    buttons = [each for each in buttons_of(answer["blocks"]) if each["type"] == "button"]
    button = next(each for each in buttons if each["text"]["text"].startswith(words))
    await at.slack.click(at.bo, at.channel, answer["ts"], button["action_id"], value=button["value"])
    dialog = await shown(at, Press.CONFIRM, Press.ANSWER)
    if dialog["callback_id"] == Press.ANSWER:
        await at.slack.submit(at.bo, dialog["id"])
        dialog = await shown(at, Press.CONFIRM)
    await at.submit(at.bo, dialog["id"])


async def shown(at: Workplace, *presses: Press) -> dict[str, Any]:
    def views() -> list[dict[str, Any]]:
        return [view for view in at.slack.views(at.bo) if view["callback_id"] in presses]

    return (await at.slack.wait_for(views))[-1]


async def test_a_flag_that_is_set_is_no_fix_while_the_pod_stays_on_the_node(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_DRAINO)
    async with workplace(tmp_path, engine, broken.world) as at:
        says = await remedied(at, broken.text, "Let draino evict")
        await at.settled()

        assert "🕓 Start draino with --evict-statefulset-pods: the change is in place; whether it helped" in says
        # When it will show, and what is seen now.
        assert "--drain-buffer (10 minutes): check pool-b-7 then" in says
        assert "Now: streams/broker-0 is still on pool-b-7" in says
        assert "FIXED" not in says
        # What the diagnosis said is the past, and its steps are done.
        assert says.startswith("🕓 CHANGE IN PLACE, whether it helped shows later\nWas: Draino drains pool-b-7")
        assert "Next: " not in says
        assert [one.outcome for one in await at.audited()] == ["claimed", "applied", "shows later"]


async def test_the_flag_is_a_fix_once_the_pod_has_left_the_node(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_DRAINO)
    async with workplace(tmp_path, engine, broken.world) as at:
        moving = asyncio.create_task(evict_once_written(at))
        says = await remedied(at, broken.text, "Let draino evict")
        await moving

        assert "FIXED: the cause is gone" in says
        assert "No pod of a StatefulSet is left on a node that draino has to drain" in says
        # Nothing is left to do below a fix.
        assert says.startswith("✅ FIXED\nWas: ")
        assert "What to do" not in says
        assert "Next: " not in says


async def evict_once_written(at: Workplace) -> None:
    """Evict the broker as draino would, as soon as its flag is written."""
    await until(at.writes)
    at.cluster.store.remove(table=("", "pods"), namespace="streams", name="broker-0")


async def test_a_node_that_is_removed_minutes_later_is_not_called_fixed_now(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_KEPT_NODE)
    async with workplace(tmp_path, engine, broken.world) as at:
        says = await remedied(at, broken.text, "Ignore DaemonSets")
        await at.settled()

        assert "the change is in place; whether it helped shows later" in says
        assert "unneeded for 10 minutes (--scale-down-unneeded-time): check then whether spot-3 is gone" in says
        assert "FIXED" not in says
        assert [one.outcome for one in await at.audited()] == ["claimed", "applied", "shows later"]


async def test_a_pod_that_still_waits_after_the_node_was_opened_is_named(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_CROWDED)
    async with workplace(tmp_path, engine, broken.world, _SPARE) as at:
        says = await remedied(at, broken.text, "Uncordon worker-d")
        await at.settled()

        assert "CHANGED, not yet better: the symptom is still there" in says
        assert "the cause is no longer found, but Pod " in says
        assert "Ready=" in says
        assert "⚠️ CHANGED, not yet better\nWas: " in says
        assert "FIXED" not in says
        assert [one.outcome for one in await at.audited()] == ["claimed", "applied", "changed"]
        # The thread's record says the same.
        assert "CHANGED, not yet better" in words_of(at.ours()[-1]["blocks"])


@pytest.mark.parametrize(
    ("case", "button"), [(_PULLS_AGAIN, "Pull again now"), (_NO_TAG, "Roll back workload")], ids=["restart", "rollback"]
)
async def test_ordinary_remedies_are_fixes_once_their_pods_are_ready(
    tmp_path: Path, engine: Engine, case: tuple[str, str], button: str
) -> None:
    broken = broken_case(engine, *case)
    async with workplace(tmp_path, engine, broken.world) as at:
        says = await remedied(at, broken.text, button)

        assert "FIXED: the cause is gone" in says
        assert "and the incident is no longer found" in says
        assert "What to do" not in says


_TRACE: Final = """\
INFO  listening on 8080
Traceback (most recent call last):
  File "/app/main.py", line 12, in <module>
    database = os.environ["DATABASE_URL"]
KeyError: 'DATABASE_URL'
"""
_EXITED: Final = {
    "exitCode": 1,
    "reason": "Error",
    "startedAt": "2026-03-02T02:59:55Z",
    "finishedAt": "2026-03-02T02:59:56Z",
    "containerID": "containerd://1",
}


def crashes(world: Mapping[str, Any]) -> dict[str, Any]:
    """Return the world in which the new pod pulls its image, starts and exits."""
    pod = "checkout-6f4d8b7c5-kz9wp"
    status = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "checkout",
                "image": "registry.acme.io/shop/checkout:4.1.0",
                "imageID": "sha256:1",
                "ready": False,
                "started": False,
                "restartCount": 1,
                "state": {
                    "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
                },
                "lastState": {"terminated": _EXITED},
            }
        ],
    }
    return {
        **world,
        "logs": [*world["logs"], {"pod": f"front/{pod}", "container": "checkout", "text": _TRACE}],
        "reactions": [{"when": "deleted", "object": f"Pod/front/{pod}", "becomes": {"status": status}}],
    }


async def test_a_remedy_that_did_not_help_tells_what_the_new_pod_does(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_PULLS_AGAIN)
    async with workplace(tmp_path, engine, crashes(broken.world)) as at:
        before = {pod["metadata"]["name"] for pod in at.cluster.store.objects(table=("", "pods"), namespace="front")}
        says = await remedied(at, broken.text, "Pull again now")

        pods = {pod["metadata"]["name"] for pod in at.cluster.store.objects(table=("", "pods"), namespace="front")}
        (new,) = pods - before
        assert "applied, but NOT FIXED" in says
        assert f"{new} now exits 1: “KeyError: 'DATABASE_URL'”" in says


async def test_plan_expires_after_half_an_hour(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, *_PULLS_AGAIN)
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        dialog = await at.dialog(at.bo, answer)
        at.clock.advance(timedelta(minutes=31))

        late = await at.dialog(at.alex, answer)
        await at.submit(at.bo, dialog["id"])
        await at.settled()

        assert "expired" in words_of(late["blocks"])
        assert "expired" in words_of([one["blocks"] for one in at.slack.ephemerals(at.bo)])
        assert at.writes() == []
        assert {(one.actor, one.outcome) for one in await at.audited()} == {
            (at.alex, "refused: expired"),
            (at.bo, "refused: expired"),
        }
