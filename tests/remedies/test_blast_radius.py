"""Before anybody confirms: how many pods, which budget, how many are left, and whether data is lost."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import EffectState, Preview
from intents.domain import ObjectRef
from tests.remedies import storage_scene as store
from tests.remedies.scene import HEALED, Enter
from tests.remedies.workload_worlds import DEPLOYMENTS, STORE, WEB, World, pod, replica_set, stateful, template, web

MERGED = {"spec": {"template": {"spec": {"hostNetwork": True}}}}
CACHE = {"spec": {"volumes": [{"name": "cache", "emptyDir": {}}]}}
SETS = ObjectRef(kind="StatefulSet", namespace=store.NAMESPACE, name="store")


def told(preview: Preview) -> str:
    texts = (*preview.outlook.effects, *preview.outlook.warnings)
    assert all(each.zh and each.zh != each.en for each in texts)
    return "\n".join(each.en for each in texts)


def warned(preview: Preview) -> str:
    return "\n".join(each.en for each in preview.outlook.warnings)


async def test_a_rollout_counts_its_pods_and_those_that_are_left(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview = await scene.preview(await scene.made("rollout-restart", WEB))

        assert "All 2 pods of Deployment till/web are replaced" in told(preview)
        assert "Ready now: 2 of 2; during the rollout at least 2" in told(preview)
        assert "No PodDisruptionBudget covers it" in told(preview)
        assert "No stored data is lost" in told(preview)
        assert "nothing serves" not in told(preview)


@pytest.mark.parametrize(
    ("strategy", "least"),
    [
        ({"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}, 1),
        ({"rollingUpdate": {"maxUnavailable": "50%", "maxSurge": "50%"}}, 1),
        ({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}, 1),
        ({"rollingUpdate": {"maxUnavailable": "100%"}}, 0),
        ({"type": "Recreate"}, 0),
    ],
)
async def test_what_is_left_meanwhile_follows_the_strategy(enter: Enter, strategy: World, least: int) -> None:
    async with enter(HEALED, web(None, strategy=strategy)) as scene:
        preview = await scene.preview(await scene.made("rollout-restart", WEB))

        assert f"during the rollout at least {least}" in told(preview)
        assert ("none of its pods may be ready" in warned(preview)) is (least == 0)


async def test_the_only_pod_of_a_stateful_set_leaves_nothing(enter: Enter) -> None:
    async with enter(HEALED, stateful(template())) as scene:
        preview = await scene.preview(await scene.made("rollout-restart", STORE))

        assert "none of its pods may be ready, so nothing serves requests" in warned(preview)


async def test_a_stateful_set_that_waits_for_a_broken_pod_is_warned_of_before_its_restart(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), ready=False)) as scene:
        preview = await scene.preview(await scene.made("rollout-restart", STORE))

        assert "Not ready now: store-0. A StatefulSet may wait for such a pod" in warned(preview)


# --- patches of an entry ---


async def test_a_patch_of_the_template_is_told_measured_and_proven_as_a_rollout(enter: Enter) -> None:
    now = template()
    now["spec"] |= CACHE["spec"]
    async with enter(HEALED, web(now)) as scene:
        before = set(scene.pods("till").values())
        plan = await scene.made("patch-object", WEB, type="merge", patch=MERGED)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "All 2 pods of Deployment till/web are replaced" in told(preview)
        assert "Data in local volumes is lost: cache" in told(preview)
        assert preview.outlook.owner is not None
        assert (preview.outlook.owner.is_named_as(WEB), preview.outlook.wanted) == (True, 2)
        assert not before & set(scene.pods("till").values())
        assert (await scene.effect_of(plan, applied)).says.en.startswith("new pods are ready")


async def test_a_patch_back_to_what_some_pods_run_waits_for_the_others_only(enter: Enter) -> None:
    old = template()
    old["spec"]["hostNetwork"] = True
    world = web(None, replica_set(1, old, replicas=1))
    world["objects"][1]["spec"]["replicas"] = 1
    world["objects"][2] = pod("web-0001", "web-0001-aaaaa")
    async with enter(HEALED, world) as scene:
        stays = scene.pods("till")["web-0001-aaaaa"]
        plan = await scene.made("patch-object", WEB, type="merge", patch=MERGED)
        applied = await scene.applied(plan, await scene.preview(plan))

        assert scene.pods("till")["web-0001-aaaaa"] == stays
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


async def test_a_patch_of_what_is_scaled_to_0_is_done_once_it_is_written(enter: Enter) -> None:
    world = web(None, replicas=0)
    del world["objects"][2:4]
    async with enter(HEALED, world) as scene:
        plan = await scene.made("patch-object", WEB, type="merge", patch=MERGED)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "scaled to 0; the change reaches pods only after it is scaled up" in warned(preview)
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


@pytest.mark.parametrize(
    ("kind", "patch", "rolls"),
    [
        ("merge", MERGED, True),
        ("strategic", MERGED, True),
        ("merge", {"spec": {"minReadySeconds": 5}}, False),
        ("merge", {"metadata": {"annotations": {"team": "shop"}}}, False),
        ("json", [{"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}], True),
        ("json", [{"op": "replace", "path": "/spec/template", "value": template()}], True),
        ("json", [{"op": "add", "path": "/spec/minReadySeconds", "value": 5}], False),
    ],
)
async def test_which_patch_replaces_pods_is_told(enter: Enter, kind: str, patch: Any, rolls: bool) -> None:
    async with enter(HEALED, web()) as scene:
        preview = await scene.preview(await scene.made("patch-object", WEB, type=kind, patch=patch))

        assert ("All 2 pods of Deployment till/web are replaced" in told(preview)) is rolls
        assert ("No pod is replaced: the pod template does not change" in told(preview)) is not rolls
        assert (preview.outlook.owner is not None) is rolls


@pytest.mark.parametrize(("action", "says"), [("annotate", "No pod is replaced"), ("label", "nothing is restarted")])
async def test_marks_of_a_workload_replace_no_pod_and_say_so(enter: Enter, action: str, says: str) -> None:
    async with enter(HEALED, web()) as scene:
        before, made = scene.pods("till"), scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"]
        plan = await scene.made(action, WEB, set={"team": "shop"})
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert says in told(preview)
        assert scene.pods("till") == before
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"] == made
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


# --- scale ---


async def test_scaling_down_says_which_pods_go_and_what_they_take_along(enter: Enter) -> None:
    budget = {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "store", "namespace": store.NAMESPACE},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": store.LABELS}},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 3},
    }
    async with enter(HEALED, store.world(budget)) as scene:
        preview = await scene.preview(await scene.made("scale", SETS, replicas=1))

        assert "The 2 pods with the highest ordinals are deleted; their volume claims stay" in told(preview)
        assert "Ready now: 2 of 3" in told(preview)
        assert "PodDisruptionBudget store covers it (2 healthy, 2 required, 0 disruptions allowed now)" in told(preview)
        assert "No stored data is lost" in told(preview)
        assert "serves" not in warned(preview)


async def test_claims_that_go_with_the_pods_are_data_lost(enter: Enter) -> None:
    async with enter(HEALED, store.world(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})) as scene:
        preview = await scene.preview(await scene.made("scale", SETS, replicas=0))

        assert "their volume claims stay" not in told(preview)
        assert "DATA LOST: the claims of the deleted pods are deleted too" in warned(preview)
        assert "No stored data is lost" not in told(preview)
        assert "No pod is left: nothing serves requests" in warned(preview)


async def test_scaling_up_takes_nothing_away(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview = await scene.preview(await scene.made("scale", WEB, replicas=3))

        assert "1 more pods are created, as far as nodes have room; no pod is replaced" in told(preview)
        assert "PodDisruptionBudget" not in told(preview)


async def test_autoscalers_that_may_not_be_read_are_said_to_be_unread(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        scene.cluster.forbid(resource="horizontalpodautoscalers")
        preview = await scene.preview(await scene.made("scale", WEB, replicas=3))

        assert "list on autoscaling/horizontalpodautoscalers" in warned(preview)
