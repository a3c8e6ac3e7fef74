"""The whole path over HTTP, from a diagnosis to a proven end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cluster.resources import well_known
from bot.cluster.writer import Writer
from bot.remedies.contract import State, Verification
from bot.remedies.verification import Pace
from intents.domain import FindingOutcome, Verdict
from tests.remedies.scene import HANG_AGAIN, HEALED, POD, PODS, PULLS_AGAIN, STILL_UNREACHABLE, Enter, Scene

ADAPTER_OBJECT = "Deployment/monitoring/prometheus-adapter"


async def walk(scene: Scene) -> Verification:
    plan = await scene.plan()
    assert await scene.check(plan) is None
    preview = await scene.preview(plan)
    applied = await scene.applied(plan, preview)
    return (await scene.verify(plan, applied)).verification


async def test_a_pod_that_pulls_again_is_restarted_once_and_proven_well(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        before = scene.pods()

        verification = await walk(scene)

        after = scene.pods()
        assert verification.state is State.FIXED
        assert POD not in after
        [new] = set(after) - set(before)
        assert new in verification.says.en
        assert new in verification.says.zh
        assert (verification.ready, verification.wanted) == (3, 3)
        assert scene.writes() == [("DELETE", f"{PODS}/{POD}")]


async def test_a_restarted_pod_that_fails_the_same_way_is_not_fixed_though_the_write_succeeded(enter: Enter) -> None:
    async with enter(STILL_UNREACHABLE) as scene:
        before = scene.pods()

        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        verified = await scene.verify(plan, applied)

        [new] = set(scene.pods()) - set(before)
        assert verified.verification.state is State.NOT_FIXED
        # What is shown is the new pod's trouble, though the paste was about the old one.
        assert new in verified.verification.says.en
        assert verified.diagnosis is not None
        assert verified.diagnosis.hypotheses[0].verdict is Verdict.CONFIRMED
        supports = [each for each in verified.verification.findings if each.outcome is FindingOutcome.SUPPORTS]
        assert supports
        assert all(POD not in each.says.en for each in supports)


async def test_a_workload_is_restarted_and_what_depended_on_it_works_again(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        before = scene.pods("monitoring")

        verification = await walk(scene)

        assert verification.state is State.FIXED
        assert not set(before) & set(scene.pods("monitoring"))
        assert [method for method, _ in scene.writes()] == ["PATCH"]
        assert scene.cluster.requests[0].method == "POST"  # first of all it was asked whether we may


async def test_a_workload_whose_pods_hang_again_is_not_fixed(enter: Enter) -> None:
    async with enter(HANG_AGAIN) as scene:
        verification = await walk(scene)

        assert verification.state is State.NOT_FIXED
        assert scene.restarted_at()
        assert "v1beta1.custom.metrics.k8s.io" in verification.says.en


@pytest.mark.parametrize("case", [PULLS_AGAIN, HEALED], ids=["pod", "workload"])
async def test_the_preview_is_what_changes(enter: Enter, case: tuple[str, str]) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        removed = [line[1:] for line in preview.diff.splitlines() if line.startswith("-") and "---" not in line]
        added = [line[1:].strip() for line in preview.diff.splitlines() if line.startswith("+") and "+++" not in line]

        await scene.applied(plan, preview)

        if case == PULLS_AGAIN:
            assert f"pod: {POD}" in removed
            assert POD not in scene.pods()
        else:
            assert removed == []
            assert added == ["annotations:", f"kubectl.kubernetes.io/restartedAt: '{scene.restarted_at()}'"]


async def test_other_pods_that_still_show_it_are_named_when_one_is_fixed(enter: Enter) -> None:
    other = "checkout-6f4d8b7c5-4vx8m"
    async with enter(PULLS_AGAIN) as scene:
        broken = scene.cluster.store.get(table=("", "pods"), namespace="front", name=POD)
        assert broken is not None

        def break_too(pod: dict) -> None:
            pod["status"] = broken["status"]

        scene.change("Pod", "front", other, break_too)
        plan = await scene.plan()

        verification = (await scene.verify(plan, await scene.applied(plan, await scene.preview(plan)))).verification

        assert verification.state is State.FIXED
        assert f"still show it: {other}" in verification.says.en


async def test_fewer_ready_pods_than_before_are_worse(enter: Enter) -> None:
    async with enter(STILL_UNREACHABLE) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        def fail(pod: dict) -> None:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

        scene.change("Pod", "front", "checkout-6f4d8b7c5-4vx8m", fail)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.WORSE
        assert "1 pod is ready, 2 were before" in verification.says.en


async def test_a_pod_that_nothing_replaces_after_all_is_worse(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        [new] = set(scene.pods()) - {"checkout-6f4d8b7c5-4vx8m", "checkout-6f4d8b7c5-n2tqd"}
        scene.cluster.store.remove(table=("", "pods"), namespace="front", name=new)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.WORSE
        assert "nothing has replaced" in verification.says.en


async def test_a_good_state_must_last_before_it_is_believed(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        told: list[Verification] = []

        impatient = Pace(every=0.02, well=60.0, failing=60.0)
        verification = (await scene.verify(plan, applied, pace=impatient, progress=told.append)).verification

        assert verification.state is State.WAITING
        assert told
        assert {each.state for each in told} == {State.WAITING}


async def test_an_outcome_that_cannot_be_read_is_not_claimed(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        scene.cluster.forbid(verb="list", resource="pods")

        verified = await scene.verify(plan, applied)

        assert verified.verification.state is State.WAITING
        assert "could not check whether it helped" in verified.verification.says.en
        assert verified.diagnosis is None


async def test_an_entry_that_the_catalog_has_lost_meanwhile_proves_nothing(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        lost = replace(plan, incident="image-pull-failed-in-older-words")

        verification = (await scene.verify(lost, applied)).verification

        assert verification.state is State.WAITING
        assert "image-pull-failed-in-older-words" in verification.says.en


async def test_evidence_that_may_not_be_read_any_more_keeps_it_from_being_called_fixed(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        scene.cluster.forbid(group="apiregistration.k8s.io")

        assert (await scene.verify(plan, applied)).verification.state is State.WAITING


async def test_what_heals_during_the_verification_is_seen(enter: Enter) -> None:
    async with enter(HANG_AGAIN) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        looked = asyncio.Event()
        verifying = asyncio.create_task(
            scene.verify(plan, applied, deadline=20.0, progress=lambda _verification: looked.set())
        )
        await looked.wait()

        # Somebody finds the real cause: the next template heals them.
        scene.cluster.load(
            {
                "reactions": [
                    {"when": "patched", "object": "Deployment/monitoring/prometheus-adapter", "becomes": "healthy"}
                ]
            }
        )
        await patch_label(scene)

        assert (await verifying).verification.state is State.FIXED


async def patch_label(scene: Scene) -> None:
    deployment, kind = scene.deployment(), well_known("Deployment")
    assert kind is not None
    await Writer(scene.connection).patch(
        kind,
        "prometheus-adapter",
        namespace="monitoring",
        patch={"metadata": {"labels": {"looked": "after"}}},
        uid=deployment["metadata"]["uid"],
        resource_version=deployment["metadata"]["resourceVersion"],
    )
