"""A press that is no longer right: what has changed is said, and nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.remedies.contract import Reason, Refusal
from intents.domain import ObjectRef
from tests.remedies.scene import HEALED, POD, PULLS_AGAIN, Enter, Scene

DEPLOYMENTS = "/apis/apps/v1/namespaces/monitoring/deployments"


async def refused(scene: Scene, reason: Reason, says: str) -> None:
    """Return a check made after something has changed."""
    refusal = await scene.check(scene.kept)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason
    assert says in refusal.says.en
    assert refusal.says.zh != refusal.says.en
    assert scene.writes() == []


def heal(pod: dict) -> None:
    pod["status"]["phase"] = "Running"
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-02T02:59:50Z"}]
    [container] = pod["status"]["containerStatuses"]
    container |= {"ready": True, "state": {"running": {"startedAt": "2026-03-02T02:59:45Z"}}}


@pytest.mark.parametrize(
    ("action", "args", "missing"),
    [
        ("patch-object", {"type": "merge", "patch": {"spec": {"replicas": "{input.replicas}"}}}, "{input.replicas}"),
        ("patch-object", {"type": "json", "patch": [{"op": "add", "path": "/{row.key}"}]}, "{row.key}"),
        ("annotate", {"set": {"{named.key}": "{input.value:count}"}}, "{named.key}, {input.value:count}"),
        (
            "set-image",
            {"container": "{row.container}", "image": "{input.image|web:1}"},
            "{row.container}, {input.image",
        ),
        ("set-args", {"set": {"--v": "{found.level}"}}, "{found.level}"),
        ("set-resources", {"requests": {"cpu": "{input.cpu}"}}, "{input.cpu}"),
        ("scale", {"replicas": "{target.replicas}"}, "{target.replicas}"),
        ("rollout-undo", {"revision": "{input.revision}"}, "{input.revision}"),
    ],
)
async def test_a_value_that_nobody_gave_is_named_and_never_written(
    enter: Enter, action: str, args: dict, missing: str
) -> None:
    adapter = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")
    async with enter(HEALED) as scene:
        refusal = await scene.refused_preview(await scene.made(action, adapter, **args))

        assert refusal.reason is Reason.UNSAFE
        assert refusal.says.en.startswith(f"a value is missing: {missing}")
        assert scene.writes() == []


async def test_other_braces_are_a_programs(enter: Enter) -> None:
    adapter = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")
    async with enter(HEALED) as scene:
        told = {"query": "up{job='a'}", "template": "{{ .Values.input.x }}", "log": "${record.message}"}

        assert (await scene.preview(await scene.made("annotate", adapter, set=told))).diff


async def test_status_churn_voids_nothing(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()

        def churn(pod: dict) -> None:
            pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ErrImagePull"}}

        scene.change("Pod", "front", POD, churn)
        scene.change("Deployment", "front", "checkout", lambda one: one["spec"].update(replicas=4))

        assert await scene.check(plan) is None


async def test_what_has_healed_meanwhile_is_left_alone(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()
        scene.change("Pod", "front", POD, heal)

        await refused(scene, Reason.ALREADY_FIXED, "already fixed, nothing to do")


async def test_another_object_of_the_same_name_is_not_the_planned_one(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()
        scene.change("Pod", "front", POD, lambda pod: pod["metadata"].update(uid="another"))

        await refused(scene, Reason.DELETED, "recreated")


async def test_an_object_that_is_gone_is_said_to_be(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()
        scene.cluster.store.remove(table=("", "pods"), namespace="front", name=POD)

        await refused(scene, Reason.DELETED, f"Pod front/{POD} no longer exists")


async def test_another_image_since_is_named(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()

        def mirror(deployment: dict) -> None:
            deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror.acme.io/checkout:4.1.0"

        scene.change("Deployment", "front", "checkout", mirror)

        await refused(scene, Reason.CHANGED, "→ checkout=mirror.acme.io/checkout:4.1.0")


async def test_another_template_since_is_named(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        await scene.plan()

        def annotate(deployment: dict) -> None:
            deployment["spec"]["template"]["metadata"]["annotations"] = {"restarted": "by someone"}

        scene.change("Deployment", "monitoring", "prometheus-adapter", annotate)

        await refused(scene, Reason.CHANGED, "its pod template")


async def test_a_cause_that_is_another_by_now_is_not_treated_as_the_planned_one(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()

        def mistyped(pod: dict) -> None:
            message = 'rpc error: code = NotFound desc = "registry.acme.io/shop/checkout:4.1.0": not found'
            pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ErrImagePull", "message": message}}

        scene.change("Pod", "front", POD, mistyped)

        await refused(scene, Reason.CHANGED, "the conditions of this remedy are not met")


async def test_a_cause_that_cannot_be_looked_at_is_not_taken_for_granted(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        await scene.plan()
        scene.cluster.forbid(group="apiregistration.k8s.io")

        await refused(scene, Reason.NOT_CHECKED, "unknown whether the cause")


async def test_an_object_that_may_not_be_read_any_more_is_not_taken_for_granted(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await scene.plan()
        scene.cluster.forbid(verb="get", resource="pods")

        await refused(scene, Reason.FORBIDDEN, "needs get on pods")


async def test_an_offer_expires(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        late = plan.created + timedelta(minutes=30)

        for refusal in (await scene.check(plan, now=late), await scene.apply(plan, preview, now=late)):
            assert isinstance(refusal, Refusal)
            assert refusal.reason is Reason.EXPIRED
        assert await scene.check(plan, now=late - timedelta(seconds=1)) is None
        assert POD in scene.pods()


# --- at the dry run ---


async def test_a_dry_run_writes_nothing(enter: Enter) -> None:
    for case in (PULLS_AGAIN, HEALED):
        async with enter(case) as scene:
            revision = scene.cluster.store.revision

            await scene.preview(await scene.plan())

            assert scene.cluster.store.revision == revision
            assert any("dryRun" in sent.body or sent.query.get("dryRun") for sent in scene.cluster.requests)


async def test_a_webhook_that_refuses_the_dry_run_is_quoted(enter: Enter) -> None:
    said = 'admission webhook "freeze.acme.io" denied the request: no restarts before Monday'
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        body = {"kind": "Status", "status": "Failure", "message": said, "code": 403}
        scene.cluster.fail(path_prefix=DEPLOYMENTS, method="PATCH", status=403, body=body)

        refusal = await scene.refused_preview(plan)

        assert refusal.reason is Reason.DRY_RUN
        assert refusal.quote == said
        assert scene.restarted_at() == ""


@pytest.mark.parametrize(
    ("case", "verb", "says"),
    [(PULLS_AGAIN, "delete", "delete on pods"), (HEALED, "patch", "patch on apps/deployments")],
    ids=["pod", "workload"],
)
async def test_a_verb_lost_since_the_offer_is_named(enter: Enter, case: tuple[str, str], verb: str, says: str) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        scene.cluster.forbid(verb=verb)
        revision = scene.cluster.store.revision

        refusal = await scene.refused_preview(plan)
        at_the_write = await scene.apply(plan, preview)

        assert refusal.reason is Reason.FORBIDDEN
        assert says in refusal.says.en
        assert at_the_write == refusal
        assert scene.cluster.store.revision == revision


# --- what would do harm, or nothing ---


async def unsafe(scene: Scene, says: str) -> None:
    refusal = await scene.refused_preview(scene.kept)
    assert refusal.reason is Reason.UNSAFE
    assert says in refusal.says.en
    assert scene.writes() == []


async def edited_pod(scene: Scene, **metadata: object) -> None:
    """Return a plan for a pod that was always like this: its basis is no obstacle."""
    scene.change("Pod", "front", POD, lambda pod: pod["metadata"].update(metadata))
    await scene.plan()


async def test_a_pod_that_nothing_recreates_is_not_deleted(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await edited_pod(scene, ownerReferences=[])

        await unsafe(scene, "deleting it removes it permanently")


async def test_a_static_pod_is_not_deleted(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        node = {"apiVersion": "v1", "kind": "Node", "name": "worker-b", "uid": "n", "controller": True}
        await edited_pod(scene, ownerReferences=[node])

        await unsafe(scene, "static pod")


async def test_a_pod_whose_owner_is_gone_is_not_deleted(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.cluster.store.remove(table=("apps", "replicasets"), namespace="front", name="checkout-6f4d8b7c5")
        await scene.plan()

        await unsafe(scene, "could not check whether ReplicaSet")


async def test_a_pod_that_its_owner_no_longer_wants_is_not_deleted(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.change("ReplicaSet", "front", "checkout-6f4d8b7c5", lambda one: one["spec"].update(replicas=0))
        await scene.plan()

        await unsafe(scene, "would not recreate")


async def test_a_pod_that_is_being_deleted_is_left_to_it(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        await edited_pod(scene, deletionTimestamp="2026-03-02T03:00:30Z")

        await unsafe(scene, "already being deleted")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"paused": True}, "is paused"),
        ({"replicas": 0}, "scaled to 0"),
        ({"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
    ],
)
async def test_a_workload_that_would_not_restart_is_not_touched(enter: Enter, spec: dict, says: str) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        scene.change("Deployment", "monitoring", "prometheus-adapter", lambda one: one["spec"].update(spec))
        scene.kept = await scene.of_now(plan)

        await unsafe(scene, says)


async def test_a_workload_that_an_operator_makes_is_restarted_there_and_not_here(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        owner = {"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "db", "uid": "t"}

        def adopt(deployment: dict) -> None:
            deployment["metadata"]["ownerReferences"] = [owner | {"controller": True}]

        scene.change("Deployment", "monitoring", "prometheus-adapter", adopt)
        await scene.plan()

        await unsafe(scene, "TidbCluster db")
