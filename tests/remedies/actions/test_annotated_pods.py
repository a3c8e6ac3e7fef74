"""Diagnostic mode: entered by an annotation, left by a restart, and neither told as a fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME
from bot.playground.kubernetes.times import timestamp
from bot.remedies.actions.annotate import Annotate
from bot.remedies.contract import Applied, Plan, Reason, Refusal, State, Verification
from intents.domain import FindingOutcome, ObjectRef, Verdict
from tests.remedies.scene import Enter, Scene, through_journal

INCIDENT = "tidb-diagnostic-mode"
ENTERED = (INCIDENT, "a PD pod keeps failing")
NOT_ENTERED = (INCIDENT, "its start script does not see annotations, so that it is not entered")
BESIDE = (INCIDENT, "something else of the pod is pasted")
IN_MODE = (INCIDENT, "it is in diagnostic mode and can leave it")
POD = "wallet-pd-1"
PATH = f"/api/v1/namespaces/wallet/pods/{POD}"
EXEC = "kubectl -n wallet exec -it wallet-pd-1 -c pd -- /bin/sh"


def pod(scene: Scene) -> dict:
    found = scene.cluster.store.get(table=("", "pods"), namespace="wallet", name=POD)
    assert found is not None
    return found


async def walk(scene: Scene, plan: Plan) -> Verification:
    assert await scene.check(plan) is None
    applied = await scene.applied(plan, await scene.preview(plan))
    return (await scene.verify(plan, applied)).verification


@pytest.mark.parametrize("case", [ENTERED, BESIDE], ids=["asked for", "something else was pasted"])
async def test_the_mode_is_entered_and_told_with_the_command_to_go_in(enter: Enter, case: tuple[str, str]) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()

        verification = await walk(scene, plan)

        assert (plan.action, plan.remedy, plan.target.name) == ("annotate", "enter", POD)
        assert pod(scene)["metadata"]["annotations"] == {"runmode": "debug"}
        assert verification.state is State.DONE
        assert verification.says.en == f"wallet-pd-1 is in diagnostic mode: {EXEC}"
        assert verification.says.zh == f"wallet-pd-1 已进入诊断模式：{EXEC}"
        assert scene.writes() == [("PATCH", PATH)]


async def test_the_preview_shows_the_annotation_and_when_it_acts_and_changes_nothing(enter: Enter) -> None:
    async with enter(ENTERED) as scene:
        preview = await scene.preview(await scene.plan())

        added = [line[1:].strip() for line in preview.diff.splitlines() if line.startswith("+") and "+++" not in line]
        assert added == ["annotations:", "runmode: debug"]
        assert "pd reads it at its next start" in preview.outlook.effects[0].en
        assert "annotations" not in pod(scene)["metadata"]


async def test_a_pod_that_has_not_started_again_is_waited_for(enter: Enter) -> None:
    async with enter(NOT_ENTERED) as scene:
        verification = await walk(scene, await scene.plan())

        assert verification.state is State.WAITING
        assert "pd has not started again yet" in verification.says.en


def fails_again(found: dict) -> None:
    """Make the container start again and fail as before: nothing read the annotation."""
    later = timestamp(REHEARSAL_TIME + timedelta(seconds=90))
    ended = {"exitCode": 1, "reason": "Error", "startedAt": later, "finishedAt": later}
    found["status"]["containerStatuses"][0]["lastState"] = {"terminated": ended}


def taken_off(found: dict) -> None:
    found["metadata"]["annotations"] = {}


def replaced(found: dict) -> None:
    found["metadata"]["uid"] = "another-uid"


@pytest.mark.parametrize(
    ("meanwhile", "says"),
    [
        (fails_again, "pd has started since and failed again"),
        (taken_off, "the annotations were changed again"),
        (replaced, "was replaced, and its annotations are gone with it"),
    ],
)
async def test_an_annotation_that_had_no_effect_is_told_so(enter: Enter, meanwhile, says: str) -> None:
    async with enter(NOT_ENTERED) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))
        scene.change("Pod", "wallet", POD, meanwhile)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.NOT_DONE
        assert says in verification.says.en


async def test_a_run_between_two_crashes_is_no_diagnostic_mode(enter: Enter) -> None:
    async with enter(NOT_ENTERED) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        def runs_since_before(found: dict) -> None:
            started = timestamp(REHEARSAL_TIME - timedelta(seconds=20))
            found["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": started}}

        scene.change("Pod", "wallet", POD, runs_since_before)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.WAITING


async def test_of_several_pods_only_the_one_that_was_annotated_counts(enter: Enter) -> None:
    async with enter((INCIDENT, "no pod is named")) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        def other(found: dict) -> None:
            found["metadata"]["annotations"] = {"runmode": "debug"}

        scene.change("Pod", "wallet", "wallet-pd-0", other)
        scene.change("Pod", "wallet", POD, taken_off)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.NOT_DONE


async def test_leaving_is_a_restart_and_no_fix_either(enter: Enter) -> None:
    async with enter(IN_MODE) as scene:
        plan = await scene.plan()
        before = pod(scene)["metadata"]["uid"]

        verification = await walk(scene, plan)

        assert (plan.action, plan.remedy) == ("restart-pod", "leave")
        assert pod(scene)["metadata"]["uid"] != before
        assert "annotations" not in pod(scene)["metadata"]
        assert verification.state is State.DONE
        assert verification.says.en == "wallet-pd-1 has left diagnostic mode and starts as usual"


async def test_a_fault_that_comes_back_after_leaving_is_told(enter: Enter) -> None:
    async with enter(IN_MODE) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        def crash(found: dict) -> None:
            waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
            found["status"]["containerStatuses"][0] |= {"ready": False, "restartCount": 1, "state": waiting}
            found["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

        scene.change("Pod", "wallet", POD, crash)

        verification = (await scene.verify(plan, applied)).verification

        assert verification.state is State.DONE
        assert "has left diagnostic mode and starts as usual; new pods fail: wallet-pd-1: pd: CrashLoop" in (
            verification.says.en
        )


async def test_a_pod_in_the_mode_is_not_put_into_it_again(enter: Enter) -> None:
    async with enter(ENTERED) as scene:
        plan = await scene.plan()

        def annotated(found: dict) -> None:
            found["metadata"]["annotations"] = {"runmode": "debug"}

        scene.change("Pod", "wallet", POD, annotated)

        refused = await scene.check(plan)

        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.CHANGED
        assert (await scene.refused_preview(plan)).reason is Reason.UNSAFE


async def test_what_changed_under_the_annotation_since_the_preview_is_not_written_over(enter: Enter) -> None:
    async with enter(ENTERED) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)

        def other(found: dict) -> None:
            found["metadata"]["annotations"] = {"runmode": "normal"}

        scene.change("Pod", "wallet", POD, other)

        refused = await scene.apply(plan, preview)

        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.CONFLICT
        assert pod(scene)["metadata"]["annotations"] == {"runmode": "normal"}


async def test_a_step_that_runs_twice_writes_once(enter: Enter) -> None:
    async with enter(ENTERED) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)

        first, second = await scene.applied(plan, preview), await scene.applied(plan, preview)

        assert (first.already, second.already) == (False, True)
        assert scene.writes() == [("PATCH", PATH)]


async def test_an_annotation_is_taken_off_again(enter: Enter) -> None:
    async with enter(NOT_ENTERED) as scene:
        plan = await scene.plan()
        await scene.applied(plan, await scene.preview(plan))
        off = through_journal(replace(plan, id="plan-off", args={"set": {"why": "tried"}, "remove": ["runmode"]}))

        await scene.applied(off, await scene.preview(off))

        assert pod(scene)["metadata"]["annotations"] == {"why": "tried"}


async def test_what_is_no_fix_is_never_told_as_one(enter: Enter) -> None:
    async with enter(ENTERED) as scene:
        plan = await scene.plan()
        applied = await scene.applied(plan, await scene.preview(plan))

        verified = await scene.verify(plan, applied)

        assert isinstance(applied, Applied)
        assert verified.diagnosis is not None
        assert [one.verdict for one in verified.diagnosis.hypotheses] == [Verdict.OFFERED]
        assert any(each.outcome is FindingOutcome.NEUTRAL for each in verified.verification.findings)
        assert "fixed" not in verified.verification.says.en


def test_only_kinds_whose_outcome_can_be_told_are_annotated() -> None:
    for kind in ("Pod", "Service"):
        assert set(Annotate().needs(ObjectRef(kind=kind, namespace="a", name="b"), {})) <= set(Annotate().permissions)
    assert Annotate().needs(ObjectRef(kind="Secret", namespace="a", name="b"), {}) == ()
