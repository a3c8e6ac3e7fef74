"""Taken back: what stood there before stands there again, unless somebody has touched it since."""

from __future__ import annotations

import copy
from typing import Any

from bot.remedies.contract import Plan, Reason, Refusal, State
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.remedies.scene import HEALED, Enter, Scene, through_journal

ADAPTER = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")


def written(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an object that people write."""
    return copy.deepcopy(obj["spec"])


async def scaled(scene: Scene) -> tuple[Plan, Plan]:
    """Return a plan that was applied, and the one that takes it back."""
    plan = await scene.made("scale", ADAPTER, replicas=5)
    applied = await scene.applied(plan, await scene.preview(plan))
    undo = plan_to_undo(plan, through_journal(applied), now=plan.created)
    assert undo is not None
    return plan, through_journal(undo)


async def test_it_is_as_it_was(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        before = written(scene.deployment())
        _, undo = await scaled(scene)
        assert await scene.check(undo) is None
        preview = await scene.preview(undo)
        applied = await scene.applied(undo, preview)

        assert "-  replicas: 5" in preview.diff
        assert written(scene.deployment()) == before
        assert (await scene.verify(undo, applied)).verification.state is State.DONE


async def test_what_was_touched_since_is_left_alone(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        _, undo = await scaled(scene)
        scene.change("Deployment", "monitoring", "prometheus-adapter", lambda one: one["spec"].update(replicas=7))
        writes = scene.writes()

        refusal = await scene.refused_preview(undo)

        assert refusal.reason is Reason.CHANGED
        assert scene.writes() == writes
        assert scene.deployment()["spec"]["replicas"] == 7


async def test_what_changes_after_its_preview_is_left_alone_too(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        _, undo = await scaled(scene)
        preview = await scene.preview(undo)
        scene.change("Deployment", "monitoring", "prometheus-adapter", lambda one: one["spec"].update(paused=True))

        refusal = await scene.apply(undo, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.deployment()["spec"]["replicas"] == 5


async def test_status_churn_does_not_matter(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        _, undo = await scaled(scene)
        scene.change("Deployment", "monitoring", "prometheus-adapter", lambda one: one["status"].update(replicas=9))

        await scene.applied(undo, await scene.preview(undo))

        assert scene.deployment()["spec"]["replicas"] != 5


async def test_it_is_offered_once_and_not_of_itself(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan, undo = await scaled(scene)
        preview = await scene.preview(undo)
        back = await scene.applied(undo, preview)

        assert plan_to_undo(undo, back, now=plan.created) is None
        assert (await scene.applied(undo, preview)).already


async def test_a_restart_cannot_be_taken_back(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        assert plan_to_undo(plan, applied, now=plan.created) is None


async def test_what_looks_like_a_placeholder_and_was_there_before_is_put_back(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        noted = {"template": "{row.name} of {input.team}"}
        scene.change(
            "Deployment", "monitoring", "prometheus-adapter", lambda one: one["metadata"].update(annotations=noted)
        )
        plan = await scene.made("annotate", ADAPTER, set={"template": "none"})
        undo = plan_to_undo(plan, await scene.applied(plan, await scene.preview(plan)), now=plan.created)
        assert undo is not None

        await scene.applied(undo, await scene.preview(undo))

        assert scene.deployment()["metadata"]["annotations"]["template"] == noted["template"]
