"""CronJobs and Jobs are suspended and resumed where that does something, and lasts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason, Refusal
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action import own_incident as own
from tests.end_to_end.every_action.scenario import DONE, Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, Scene, through_journal
from tests.remedies.trial import trials

NIGHTLY = ObjectRef(kind="CronJob", namespace="shop", name="nightly")
IMPORT = ObjectRef(kind="Job", namespace="shop", name="import")
TEMPLATE = {"metadata": {}, "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "job:1"}]}}


def cron_job(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}, **spec},
        "status": {"active": [{"kind": "Job", "namespace": "shop", "name": "nightly-29384720"}]},
    }


def job(*, metadata: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Job",
        "metadata": {"name": "import", "namespace": "shop", **(metadata or {})},
        "spec": {"completions": 5, "parallelism": 1, "template": TEMPLATE, **spec},
        "status": status or {"active": 1, "succeeded": 2},
    }


RUNNING = {
    "kind": "Pod",
    "metadata": {"name": "import-x", "namespace": "shop", "ownerReferences": [{"kind": "Job", "name": "import"}]},
    "spec": {"nodeName": "somewhere", "containers": [{"name": "app", "image": "job:1"}]},
    "status": {"phase": "Running"},
}


def world(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"objects": copy.deepcopy(list(objects))}


def stored(scene: Scene, target: ObjectRef) -> dict[str, Any]:
    return scene.stored("batch", f"{target.kind.lower()}s", target.name, target.namespace)


@pytest.mark.parametrize(("target", "obj"), [(NIGHTLY, cron_job()), (IMPORT, job())], ids=["CronJob", "Job"])
async def test_it_is_suspended_once_and_taken_back(enter: Enter, target: ObjectRef, obj: dict[str, Any]) -> None:
    async with enter(HEALED, world(obj)) as scene:
        plan = await scene.made("suspend", target)
        preview = await scene.preview(plan)
        assert scene.writes() == []
        applied = await scene.applied(plan, preview)

        assert "+  suspend: true" in preview.diff
        assert stored(scene, target)["spec"]["suspend"] is True
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1
        assert "is already suspended" in (await scene.refused_preview(plan)).says.en

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))
        assert not stored(scene, target)["spec"].get("suspend")


@pytest.mark.parametrize(
    ("target", "obj"),
    [(NIGHTLY, cron_job(suspend=True)), (IMPORT, job(suspend=True))],
    ids=["CronJob", "Job"],
)
async def test_it_is_resumed(enter: Enter, target: ObjectRef, obj: dict[str, Any]) -> None:
    async with enter(HEALED, world(obj)) as scene:
        plan = await scene.made("resume", target)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "-  suspend: true" in preview.diff
        assert stored(scene, target)["spec"]["suspend"] is False
        assert preview.outlook.warnings[-1].en == "Somebody suspended it: find out why first"
        assert "is not suspended" in (await scene.refused_preview(plan)).says.en


@pytest.mark.parametrize(
    ("deadline", "says"), [({}, "the last of them starts at once"), ({"startingDeadlineSeconds": 90}, "the last 90 s")]
)
async def test_missed_runs_are_told_of(enter: Enter, deadline: dict[str, Any], says: str) -> None:
    async with enter(HEALED, world(cron_job(suspend=True, **deadline))) as scene:
        preview = await scene.preview(await scene.made("resume", NIGHTLY))

        assert says in preview.outlook.effects[0].en


async def test_runs_of_a_cron_job_that_are_under_way_are_named(enter: Enter) -> None:
    async with enter(HEALED, world(cron_job())) as scene:
        preview = await scene.preview(await scene.made("suspend", NIGHTLY))

        assert "Running Jobs continue: Job nightly-29384720" in preview.outlook.effects[1].en


async def test_the_work_of_a_job_that_is_lost_is_told(enter: Enter) -> None:
    async with enter(HEALED, world(job(), RUNNING)) as scene:
        preview = await scene.preview(await scene.made("suspend", IMPORT))

        assert "Running pods that are deleted (SIGTERM): 1" in preview.outlook.effects[0].en
        assert preview.outlook.effects[1].en == "Completions so far: 2/5; they are kept"
        assert "starts from the beginning when the Job is resumed" in preview.outlook.warnings[0].en


async def test_pods_of_a_suspended_job_are_waited_for_until_they_have_ended(enter: Enter) -> None:
    async with enter(HEALED, world(job(), RUNNING)) as scene:
        plan = await scene.made("suspend", IMPORT)
        applied = await scene.applied(plan, await scene.preview(plan))

        assert (await scene.effect_of(plan, applied)).says.en == "1 pod is still terminating"
        scene.cluster.store.remove(table=("", "pods"), namespace="shop", name="import-x")
        settled = await scene.effect_of(plan, applied)
        assert (settled.state, settled.says.en) == (EffectState.HEALTHY, "none of its pods runs")


async def test_a_resumed_job_is_waited_for_until_it_runs(enter: Enter) -> None:
    async with enter(HEALED, world(job(suspend=True, status={"succeeded": 2}))) as scene:
        plan = await scene.made("resume", IMPORT)
        applied = await scene.applied(plan, await scene.preview(plan))

        assert (await scene.effect_of(plan, applied)).state is EffectState.PENDING
        scene.cluster.load(world(RUNNING))
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


async def test_what_was_set_back_is_told(enter: Enter) -> None:
    async with enter(HEALED, world(cron_job())) as scene:
        plan = await scene.made("suspend", NIGHTLY)
        applied = await scene.applied(plan, await scene.preview(plan))
        back = copy.deepcopy(stored(scene, NIGHTLY))
        back["spec"]["suspend"] = False
        scene.cluster.store.put(table=("batch", "cronjobs"), namespace="shop", name="nightly", obj=back)

        settled = await scene.effect_of(plan, applied)
        assert settled.state is EffectState.FAILING
        assert "CronJob shop/nightly was set back" in settled.says.en


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        (job(status={"succeeded": 5, "conditions": [{"type": "Complete", "status": "True"}]}), "has finished"),
        (job(metadata={"labels": {"kueue.x-k8s.io/queue-name": "batch"}}), "the Kueue queue batch decides"),
        (job(managedBy="example.com/scheduler"), "example.com/scheduler decides when"),
        (
            job(metadata={"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "jobs"}]}),
            "is managed by Deployment jobs, which would overwrite the change",
        ),
    ],
)
async def test_what_would_not_last_or_do_anything_is_refused(enter: Enter, obj: dict[str, Any], says: str) -> None:
    async with enter(HEALED, world(obj)) as scene:
        refusal = await scene.refused_preview(await scene.made("suspend", IMPORT))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert refusal.says.zh
        assert scene.writes() == []


async def test_a_run_of_a_cron_job_is_suspended_by_itself_and_the_others_are_warned_of(enter: Enter) -> None:
    run = job(metadata={"ownerReferences": [{"kind": "CronJob", "name": "nightly"}]})
    async with enter(HEALED, world(cron_job(), run)) as scene:
        plan = await scene.made("suspend", IMPORT)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert any("CronJob nightly still starts new runs" in one.en for one in preview.outlook.warnings)
        assert not stored(scene, NIGHTLY)["spec"].get("suspend")


async def test_what_changed_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, world(cron_job())) as scene:
        plan = await scene.made("suspend", NIGHTLY)
        preview = await scene.preview(plan)
        changed = copy.deepcopy(stored(scene, NIGHTLY))
        changed["spec"]["schedule"] = "0 3 * * *"
        scene.cluster.store.put(table=("batch", "cronjobs"), namespace="shop", name="nightly", obj=changed)
        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


# --- for the tests of every action ---

_FLOODS = "the nightly import in namespace shop floods the database"
_NEVER_STARTS = "the nightly import in namespace shop never starts"
TRIALS = (*trials("suspend", every_kind.JOBS), *trials("resume", every_kind.HELD))
SCENARIOS = (
    Scenario(
        action="suspend", text=_FLOODS, button="Suspend nightly", ends=DONE, world=own.objects(own.cron_job()),
        entry=own.entry(
            "cron-job-floods", _FLOODS, kind="CronJob",
            signature="the nightly import in namespace <namespace> floods the database",
            fields={"suspended": "spec.suspend"}, when='row.suspended != "true"',
            remedy={"action": "suspend", "title": "Suspend {row.name}"},
        ),
        **one_patch("/apis/batch/v1/namespaces/shop/cronjobs/nightly"),
    ),
    Scenario(
        action="resume", text=_NEVER_STARTS, button="Resume nightly", ends=DONE,
        world=own.objects(own.cron_job(suspend=True)),
        entry=own.entry(
            "cron-job-halted", _NEVER_STARTS, kind="CronJob",
            signature="the nightly import in namespace <namespace> never starts",
            fields={"suspended": "spec.suspend"}, when='row.suspended == "true"',
            remedy={"action": "resume", "title": "Resume {row.name}"},
        ),
        **one_patch("/apis/batch/v1/namespaces/shop/cronjobs/nightly"),
    ),
)  # fmt: skip
