"""Test how the symptom is looked at: by the entry's rule, by the health of the object in question, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.remedies.contract import State, Verification
from intents.domain import ObjectRef
from tests.remedies.scene import HEALED, Enter, Scene

DRAINO = ("draino-statefulset-not-drained", "a broker stays on a node that draino holds for drained")
ADAPTER = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")


async def walk(scene: Scene, then: Callable[[], None] = lambda: None) -> Verification:
    """Press the first button, let something happen in the cluster, and verify."""
    plan = await scene.plan()
    applied = await scene.applied(plan, await scene.preview(plan))
    then()
    return (await scene.verify(plan, applied)).verification


async def test_a_setting_that_no_entry_explains_is_never_a_fix(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.made("label", ADAPTER, set={"team": "metrics"})
        applied = await scene.applied(plan, await scene.preview(plan))
        heal(scene)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.LATER
        assert "Nothing that Casebook reads shows whether it helped" in verification.says.en


async def test_a_symptom_that_may_not_be_read_is_not_verified(enter: Enter) -> None:
    async with enter(DRAINO) as scene:

        def forbid() -> None:
            scene.cluster.forbid(verb="list", resource="pods")

        verification = await walk(scene, forbid)

        assert verification.state is State.WAITING


async def test_a_rule_that_holds_shows_the_fix_and_says_so(enter: Enter) -> None:
    async with enter(DRAINO) as scene:

        def evict() -> None:
            scene.cluster.store.remove(table=("", "pods"), namespace="streams", name="broker-0")

        verification = await walk(scene, evict)

        assert verification.state is State.FIXED
        assert "No pod of a StatefulSet is left" in verification.says.en
        assert "StatefulSet 的 Pod" in verification.says.zh


async def test_a_plan_of_the_version_before_is_no_fix_either(enter: Enter) -> None:
    async with enter(DRAINO) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        verification = (await scene.verify(replace(plan, later=None), applied)).verification

        assert verification.state is State.CHANGED
        assert "streams/broker-0 is still on pool-b-7" in verification.says.en


def heal(scene: Scene) -> None:
    """Let the API server find the API available."""

    def change(obj: dict[str, Any]) -> None:
        obj["status"]["conditions"] = [{"type": "Available", "status": "True"}]

    table = ("apiregistration.k8s.io", "apiservices")
    for one in scene.cluster.store.objects(table=table):
        edited = json.loads(json.dumps(one))
        change(edited)
        scene.cluster.store.put(table=table, namespace="", name=one["metadata"]["name"], obj=edited)
