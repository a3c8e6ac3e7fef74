"""Changes of one container of a workload: image, resources, flags. What is shown is what is written, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason, Refusal
from bot.remedies.undo import plan_to_undo
from tests.remedies.container_scene import IMAGE, SIDECAR, containers, refused, told
from tests.remedies.scene import HEALED, Enter
from tests.remedies.workload_worlds import (
    DEPLOYMENTS,
    OPERATORS,
    OWNED,
    STATEFULSETS,
    STORE,
    WEB,
    app,
    stateful,
    template,
    web,
)


async def test_one_container_is_changed_its_pods_replaced_and_a_second_run_writes_nothing(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        before = set(scene.pods("till").values())
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "-        image: registry.example/web:1.1" in preview.diff
        assert "+        image: mirror.example/web:1.0" in preview.diff
        assert preview.diff.count("\n+") == 2  # the line and the head of the diff
        assert [one["image"] for one in containers(scene)] == ["mirror.example/web:1.0", "registry.example/proxy:3"]
        assert "Container app: registry.example/web:1.1 → mirror.example/web:1.0" in told(preview)
        assert "All 2 pods of Deployment till/web are replaced" in told(preview)
        assert "pulled from mirror.example instead of registry.example" in told(preview)
        assert not before & set(scene.pods("till").values())
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert [verb for verb, _ in scene.writes()] == ["PATCH"]
        (undo,) = applied.undo
        assert [(one.path[-2:], one.after) for one in undo.changes] == [(("app", "image"), "registry.example/web:1.1")]


async def test_what_changed_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        scene.change("Deployment", "till", "web", lambda one: one["spec"]["template"]["spec"].update(hostNetwork=True))

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"container": "ap"}, "it has app, proxy; did you mean app?"),
        ({"container": "zzz"}, "it has app, proxy"),
        ({}, "several containers (app, proxy); name one"),
    ],
)
async def test_a_container_that_is_not_there_is_refused_and_those_that_are_named(
    enter: Enter, args: dict[str, Any], says: str
) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        assert says in await refused(scene, "set-image", image="web:2", **args)


async def test_an_operators_object_is_changed_at_its_owner(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), OPERATORS, **OWNED)) as scene:
        refusal = await scene.refused_preview(await scene.made("set-image", STORE, container="no", image="web:2"))

        assert "managed by TidbCluster main, which would overwrite the change" in refusal.says.en
        assert scene.writes() == []


@pytest.mark.parametrize("spec", [{"paused": True}])
async def test_a_paused_deployment_is_resumed_first(enter: Enter, spec: dict[str, Any]) -> None:
    async with enter(HEALED, web(None, **spec)) as scene:
        assert "is paused" in await refused(scene, "set-image", **IMAGE)


async def test_a_stateful_set_that_may_wait_for_a_broken_pod_is_warned_of(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), ready=False)) as scene:
        plan = await scene.made("set-image", STORE, **IMAGE)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "Not ready now: store-0. A StatefulSet may wait" in told(preview)
        stored = scene.stored(*STATEFULSETS, "store", "till")["spec"]["template"]
        assert stored["spec"]["containers"][0]["image"] == "mirror.example/web:1.0"


async def test_what_is_scaled_to_nothing_is_done_once_it_is_written(enter: Enter) -> None:
    world = web(None, replicas=0)
    world["objects"] = world["objects"][:1]
    world["objects"][0]["status"] = {"observedGeneration": 1}
    async with enter(HEALED, world) as scene:
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "scaled to 0; the change reaches pods only after it is scaled up" in told(preview)
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("set-image", IMAGE),
        ("set-resources", {"requests": {"cpu": "100m"}, "container": "app"}),
        ("set-args", {"container": "app", "set": {"--v": "4"}, "add": ["--w"]}),
    ],
)
async def test_it_is_taken_back_to_the_template_it_had(enter: Enter, action: str, args: dict[str, Any]) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        before = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]
        plan = await scene.made(action, WEB, **args)
        applied = await scene.applied(plan, await scene.preview(plan))
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"] != before

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        again = await scene.preview(undo)
        await scene.applied(undo, again)

        assert "The pods are replaced again" in told(again)
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"] == before
