"""A failed Job is retried by a new Job from its template: once, and only where that helps and nothing else does it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from bot.kube.job_runs import RERUN_OF
from bot.remedies.contract import Applied, EffectState, Plan, Preview, Reason, Verb
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action.scenario import Scenario
from tests.end_to_end.every_action.watching import Watch, Write, of_people
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, Scene, through_journal
from tests.remedies.trial import trials

World = dict[str, Any]
JOBS = ("batch", "jobs")
IMPORT = ObjectRef(kind="Job", namespace="ledger", name="import")
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "-20m"}
COMPLETE = {"type": "Complete", "status": "True"}
CONTROLLERS = {
    "batch.kubernetes.io/controller-uid": "old", "batch.kubernetes.io/job-name": "import",
    "controller-uid": "old", "job-name": "import",
}  # fmt: skip
POD: World = {
    "restartPolicy": "Never",
    "containers": [
        {
            "name": "app",
            "image": "import:7",
            "command": ["import", "--all"],
            "env": [{"name": "URL", "valueFrom": {"secretKeyRef": {"name": "shop-db", "key": "url"}}}],
        }
    ],
}
SECRET = {"kind": "Secret", "metadata": {"name": "shop-db", "namespace": "ledger"}, "data": {"url": "eA=="}}
NODE = {
    "kind": "Node",
    "metadata": {"name": "worker-a"},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
WORKFLOW = {
    "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "etl", "namespace": "ledger"},
    "spec": {},
}  # fmt: skip
MANUAL = "cronjob.kubernetes.io/instantiate"


def job(
    name: str = "import", *, conditions: tuple[World, ...] = (FAILED,), pod: World | None = None,
    metadata: World | None = None, status: World | None = None, **spec: Any,
) -> World:  # fmt: skip
    return {
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "ledger",
            "labels": {"app": "import", **CONTROLLERS},
            "creationTimestamp": "-30m",
            **(metadata or {}),
        },
        "spec": {
            "completions": 5,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "old"}},
            "template": {"metadata": {"labels": {"app": "import", **CONTROLLERS}}, "spec": pod or POD},
            **spec,
        },
        "status": {"conditions": list(conditions), **(status or {"failed": 7})},
    }


def cron_job(*, pod: World | None = None, **spec: Any) -> World:
    template = {"metadata": {"labels": {"app": "import"}}, "spec": pod or POD}
    return {
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "ledger"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template}}, **spec},
    }


def owned(kind: str = "CronJob", name: str = "nightly", *, created: str = "-30m", **more: Any) -> World:
    api = "batch/v1" if kind == "CronJob" else "argoproj.io/v1alpha1"
    owner = {"apiVersion": api, "kind": kind, "name": name, "controller": True, "blockOwnerDeletion": True}
    return {"ownerReferences": [owner], "creationTimestamp": created, **more}


def rerun(*conditions: World, created: str = "-5m") -> World:
    metadata = {"creationTimestamp": created, "annotations": {RERUN_OF: "import"}}
    return job("import-rerun-00000", conditions=conditions, metadata=metadata, status={"active": 1})


def world(*objects: World) -> World:
    return {"objects": copy.deepcopy([NODE, *objects])}


def created(scene: Scene, preview: Preview) -> World:
    return scene.stored(*JOBS, preview.steps[0].target.name, "ledger")


def told(preview: Preview) -> str:
    return "\n".join(each.en for each in (*preview.outlook.effects, *preview.outlook.warnings))


async def rerun_of(scene: Scene, target: ObjectRef = IMPORT) -> tuple[Plan, Preview, Applied]:
    plan = await scene.made("rerun-job", target)
    preview = await scene.preview(plan)
    return plan, preview, await scene.applied(plan, preview)


# --- what is created ---


async def test_the_new_job_has_the_template_and_nothing_that_the_controller_wrote(enter: Enter) -> None:
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}", "batch.kubernetes.io/job-tracking": "",
        "argocd.argoproj.io/tracking-id": "shop:batch/Job:ledger/import", "team": "shop",
    }  # fmt: skip
    old = job(metadata={"annotations": annotations}, ttlSecondsAfterFinished=600, suspend=False)
    async with enter(HEALED, world(old, SECRET)) as scene:
        _, preview, _ = await rerun_of(scene)
        new, before = created(scene, preview), scene.stored(*JOBS, "import", "ledger")

    metadata, spec = new["metadata"], new["spec"]
    assert metadata["name"].startswith("import-rerun-")
    assert metadata["labels"] == {"app": "import"}
    assert {key: value for key, value in metadata["annotations"].items() if key != "casebook.dev/plan"} == {
        "team": "shop", RERUN_OF: "import",
    }  # fmt: skip
    # Generated by the API server, for the new Job.
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": metadata["uid"]}}
    labels = spec["template"]["metadata"]["labels"]
    assert (labels["app"], labels["job-name"], labels["controller-uid"]) == (
        "import",
        metadata["name"],
        metadata["uid"],
    )
    assert spec["template"]["spec"] == before["spec"]["template"]["spec"]
    assert (spec["completions"], spec["ttlSecondsAfterFinished"]) == (5, 600)
    assert "status" not in preview.steps[0].body


async def test_the_preview_shows_what_is_sent_and_what_runs(enter: Enter) -> None:
    async with enter(HEALED, world(job(status={"succeeded": 2}), SECRET)) as scene:
        preview = await scene.preview(await scene.made("rerun-job", IMPORT))
        assert scene.writes() == []

    assert "Its pods run: app: import:7 import --all" in told(preview)
    assert "with all its side effects" in told(preview)
    assert "is not cleaned up; 2 of 5 completions had succeeded and run again" in told(preview)
    assert "controller-uid" not in preview.diff
    assert f"+    {RERUN_OF}: import" in preview.diff


async def test_the_job_of_a_cron_job_stays_one_of_it_and_is_marked_as_started_by_hand(enter: Enter) -> None:
    changed = copy.deepcopy(POD)
    changed["containers"][0]["image"] = "import:8"
    cron = cron_job(pod=changed, concurrencyPolicy="Forbid")
    async with enter(HEALED, world(cron, job(metadata=owned()), SECRET)) as scene:
        _, preview, _ = await rerun_of(scene)
        new, cron = created(scene, preview), scene.stored("batch", "cronjobs", "nightly", "ledger")

    (owner,) = new["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "controller": True,
        "uid": cron["metadata"]["uid"],
    }  # fmt: skip
    assert new["metadata"]["annotations"][MANUAL] == "manual"
    assert "The template of CronJob nightly has changed since" in told(preview)
    assert "CronJob nightly does not wait for it" in told(preview)
    assert cron["status"]["lastSuccessfulTime"] == new["status"]["completionTime"]


async def test_a_deadline_that_ended_the_job_is_the_new_ones_too(enter: Enter) -> None:
    late = FAILED | {"reason": "DeadlineExceeded"}
    async with enter(HEALED, world(job(conditions=(late,), activeDeadlineSeconds=600), SECRET)) as scene:
        preview = await scene.preview(await scene.made("rerun-job", IMPORT))

    assert "ran out of its activeDeadlineSeconds (600 s)" in told(preview)


async def test_a_long_name_is_cut_and_a_rerun_of_a_rerun_is_named_after_the_first(enter: Enter) -> None:
    long = ObjectRef(kind="Job", namespace="ledger", name="import-" + "x" * 56)
    again = ObjectRef(kind="Job", namespace="ledger", name="import-rerun-00000")
    async with enter(HEALED, world(job(long.name), job(), rerun(FAILED), SECRET)) as scene:
        names = [
            (await scene.preview(await scene.made("rerun-job", each))).steps[0].target.name
            for each in (long, IMPORT, again)
        ]
        _, preview, _ = await rerun_of(scene, again)
        assert created(scene, preview)["metadata"]["annotations"][RERUN_OF] == "import"

    assert len(names[0]) == 63
    assert [name.rpartition("-")[0] for name in names[1:]] == ["import-rerun", "import-rerun"]
    assert len(set(names)) == 3


# --- once ---


async def test_it_is_created_once_however_often_it_is_applied(enter: Enter) -> None:
    async with enter(HEALED, world(job(), SECRET)) as scene:
        plan = await scene.made("rerun-job", IMPORT)
        preview, again = await scene.preview(plan), await scene.preview(plan)
        assert preview == again
        scene.cluster.fail(path_prefix="/apis/batch/v1/namespaces/ledger/jobs", method="POST", reset=True, done=True)

        # The answer is lost after the Job was created.
        applied = await scene.applied(plan, preview)
        resumed = await scene.apply(plan, preview, resumed=True)

        assert isinstance(resumed, Applied)
        assert [step.verb for step in resumed.undo] == [Verb.DELETE]
        assert applied.says == resumed.says
        assert [method for method, _ in scene.writes()] == ["POST"]
        assert len(scene.cluster.store.objects(table=JOBS, namespace="ledger")) == 2


async def test_two_presses_at_once_create_one_job(enter: Enter) -> None:
    async with enter(HEALED, world(job(), SECRET)) as scene:
        plan = await scene.made("rerun-job", IMPORT)
        other = Plan.from_json(plan.as_json() | {"id": "another-press"})
        preview, theirs = await scene.preview(plan), await scene.preview(other)
        await scene.applied(plan, preview)
        refusal = await scene.apply(other, theirs)

        assert not isinstance(refusal, Applied)
        assert refusal.reason is Reason.CONFLICT
        assert len(scene.cluster.store.objects(table=JOBS, namespace="ledger")) == 2


async def test_undo_deletes_the_new_job_and_its_pods(enter: Enter) -> None:
    async with enter(HEALED, world(job(), SECRET)) as scene:
        plan, preview, applied = await rerun_of(scene)
        name = preview.steps[0].target.name
        assert [each.startswith(name) for each in scene.pods("ledger")] == [True]
        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))

        assert scene.is_gone(*JOBS, name, "ledger")
        assert scene.pods("ledger") == {}
        assert not scene.is_gone(*JOBS, "import", "ledger")


# --- its end ---


async def test_it_helped_once_the_new_job_has_completed(enter: Enter) -> None:
    async with enter(HEALED, world(job(), SECRET)) as scene:
        plan, preview, applied = await rerun_of(scene)
        effect = await scene.effect_of(plan, applied)

        assert (effect.state, effect.says.en) == (
            EffectState.HEALTHY, f"Job ledger/{preview.steps[0].target.name} has completed",
        )  # fmt: skip


async def test_a_template_that_still_fails_is_told_with_the_exit_of_its_last_pod(enter: Enter) -> None:
    ended = {"exitCode": 3, "reason": "Error", "startedAt": "-25m", "finishedAt": "-24m"}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "import-x7x7x", "namespace": "ledger", "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "import", "controller": True}
        ]},
        "spec": {"nodeName": "worker-a", **POD},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "app", "state": {"terminated": ended}}]},
    }  # fmt: skip
    async with enter(HEALED, world(job(), pod, SECRET)) as scene:
        plan, preview, applied = await rerun_of(scene)
        effect = await scene.effect_of(plan, applied)

    name = preview.steps[0].target.name
    assert effect.state is EffectState.FAILING
    assert effect.says.en.startswith(f"Job ledger/{name} failed: BackoffLimitExceeded ({name}-")
    assert "app: Error (3)" in effect.says.en
    assert [each.name.startswith(name) for each in effect.replacements] == [True]


async def test_a_pod_that_cannot_start_is_told_while_the_job_runs(enter: Enter) -> None:
    async with enter(HEALED, world(job())) as scene:
        plan, _, applied = await rerun_of(scene)
        effect = await scene.effect_of(plan, applied)

    assert effect.state is EffectState.FAILING
    assert 'CreateContainerConfigError: “secret "shop-db" not found”' in effect.says.en


async def test_a_job_that_still_runs_is_waited_for_and_a_deleted_one_is_told(enter: Enter) -> None:
    async with enter(HEALED, world(job(), SECRET)) as scene:
        plan, preview, applied = await rerun_of(scene)
        name = preview.steps[0].target.name
        runs = created(scene, preview) | {"status": {"active": 1, "failed": 2}}
        scene.cluster.store.put(table=JOBS, namespace="ledger", name=name, obj=runs)
        effect = await scene.effect_of(plan, applied)
        assert (effect.state, effect.says.en) == (
            EffectState.RUNNING, f"Job ledger/{name} has not ended yet; 2 of its pods failed so far",
        )  # fmt: skip

        scene.cluster.store.remove(table=JOBS, namespace="ledger", name=name)
        effect = await scene.effect_of(plan, applied)
        assert (effect.state, effect.says.en) == (EffectState.FAILING, f"Job ledger/{name} no longer exists")


async def test_a_job_with_a_time_to_live_may_have_completed_unseen(enter: Enter) -> None:
    async with enter(HEALED, world(job(ttlSecondsAfterFinished=5), SECRET)) as scene:
        plan, preview, applied = await rerun_of(scene)
        scene.cluster.store.remove(table=JOBS, namespace="ledger", name=preview.steps[0].target.name)
        effect = await scene.effect_of(plan, applied)

    assert effect.state is EffectState.RUNNING
    assert "ttlSecondsAfterFinished" in effect.says.en


# --- refusals ---

_OTHER_RUN = {"metadata": owned(created="-5m"), "status": {"active": 1}}


@pytest.mark.parametrize(
    ("objects", "reason", "says"),
    [
        pytest.param((job(conditions=(), status={"active": 1}),), Reason.ALREADY_FIXED, "it still runs", id="runs"),
        pytest.param((job(conditions=(COMPLETE,)),), Reason.ALREADY_FIXED, "has completed", id="completed"),
        pytest.param((job(suspend=True),), Reason.UNSAFE, "is suspended: resume it instead", id="suspended"),
        pytest.param(
            (job(metadata={"deletionTimestamp": "-1m", "finalizers": ["orphan"]}),),
            Reason.UNSAFE, "is being deleted", id="terminating",
        ),
        pytest.param(
            (WORKFLOW, job(metadata=owned("Workflow", "etl"))),
            Reason.UNSAFE, "is managed by Workflow etl", id="other controller",
        ),
        pytest.param(
            (job(), rerun(COMPLETE)), Reason.ALREADY_FIXED, "Job import-rerun-00000 has done its work", id="rerun done"
        ),
        pytest.param(
            (job(), rerun()), Reason.UNSAFE, "import-rerun-00000, a rerun of it, has not ended", id="rerun runs"
        ),
        pytest.param(
            (cron_job(), job(metadata=owned()), job("later", conditions=(COMPLETE,), metadata=owned(created="-5m"))),
            Reason.ALREADY_FIXED, "Job later has done its work", id="later run done",
        ),
        pytest.param(
            (cron_job(concurrencyPolicy="Forbid"), job(metadata=owned()), job("later", conditions=(), **_OTHER_RUN)),
            Reason.UNSAFE, "Job later of CronJob nightly still runs, and its concurrencyPolicy Forbid", id="Forbid",
        ),
        pytest.param(
            (cron_job(concurrencyPolicy="Replace"), job(metadata=owned()), job("later", conditions=(), **_OTHER_RUN)),
            Reason.UNSAFE, "Job later of CronJob nightly still runs, and its concurrencyPolicy Replace", id="Replace",
        ),
        pytest.param((job(metadata=owned()),), Reason.UNSAFE, "CronJob nightly was deleted", id="CronJob deleted"),
        pytest.param(
            (job(pod={"restartPolicy": "Never", "containers": [
                {"name": "app", "image": "a:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2-planted"}]}
            ]}),),
            Reason.UNSAFE, "includes what looks like a secret", id="secret",
        ),
    ],
)  # fmt: skip
async def test_what_would_not_help_is_refused(
    enter: Enter, objects: tuple[World, ...], reason: Reason, says: str
) -> None:
    async with enter(HEALED, world(*objects, SECRET)) as scene:
        refusal = await scene.refused_preview(await scene.made("rerun-job", IMPORT))

        assert refusal.reason is reason
        assert says in refusal.says.en
        assert refusal.says.zh
        assert "planted" not in str(refusal)
        assert scene.writes() == []


async def test_a_run_of_a_cron_job_that_allows_several_is_no_obstacle(enter: Enter) -> None:
    later = job("later", conditions=(), **_OTHER_RUN)
    async with enter(HEALED, world(cron_job(), job(metadata=owned()), later, SECRET)) as scene:
        await rerun_of(scene)


async def test_an_older_rerun_of_a_namesake_does_not_count(enter: Enter) -> None:
    async with enter(HEALED, world(job(), rerun(COMPLETE, created="-3d"), SECRET)) as scene:
        await rerun_of(scene)


# --- for the tests of every action ---

_NEW = "/apis/batch/v1/namespaces/shop/jobs/report-29541600-rerun-96b0c"


def _created(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    """Return the lines of the new Job without what the API server generated for it."""
    (write,) = writes
    obj = of_people(write.after)
    del obj["metadata"]["annotations"]["casebook.dev/plan"], obj["spec"]["selector"]
    for key in (*CONTROLLERS, "job-name"):
        obj["spec"]["template"]["metadata"]["labels"].pop(key, None)
        obj["metadata"].get("labels", {}).pop(key, None)
    for each in (obj["metadata"], obj["spec"]["template"]["metadata"]):
        if not each.get("labels", True):
            del each["labels"]
    return [], yaml.safe_dump(obj, sort_keys=True, allow_unicode=True, width=1_000).splitlines()


TRIALS = trials("rerun-job", (every_kind.BROKE,))
SCENARIOS = (
    Scenario(
        action="rerun-job", incident="job-failed", case="a CronJob's Job used up its retries", button="Rerun Job",
        # Without its failed pod it is taken to run.
        change={"Pod/shop/report-29541600-x7x7x": {"gone": True}},
        told=_created, writes=(f"POST {_NEW}",), undo=(f"DELETE {_NEW}",),
    ),
)  # fmt: skip
