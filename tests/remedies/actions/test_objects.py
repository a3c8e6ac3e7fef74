"""Ended pods, dead APIs and missing objects: nothing that works is taken away, nothing that exists is written over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from bot.remedies.actions.delete_finished_pods import MOST
from bot.remedies.contract import EffectState, Plan, Preview, Reason, Refusal, Verb
from intents.domain import ObjectRef, Text
from tests.end_to_end.every_action.scenario import DONE, LATER, Scenario
from tests.end_to_end.every_action.watching import Watch, Write
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, Scene, through_journal
from tests.remedies.trial import Trial, trials

TIDY = ObjectRef(kind="Namespace", name="tidy")
APIS = ("apiregistration.k8s.io", "apiservices")
METRICS = ObjectRef(kind="APIService", name="v1beta1.custom.metrics.example.io")
MONITORS = ("monitoring.coreos.com", "podmonitors")
NO_MONITOR = ("kube-proxy-monitoring-missing", "kube-proxy runs, and no monitor means it")


def told(preview: Preview) -> str:
    texts: Iterable[Text] = (*preview.outlook.effects, *preview.outlook.warnings)
    return "\n".join(each.en for each in texts)


async def refused(scene: Scene, plan: Plan, what: str) -> None:
    refusal = await scene.refused_preview(plan)
    assert refusal.reason is Reason.UNSAFE
    assert what in refusal.says.en, refusal.says.en
    assert scene.writes() == []


# --- delete-finished-pods ---


def ended(name: str, *, phase: str = "Failed", reason: str = "Evicted", node: str = "full-1", **metadata: Any) -> Any:
    return {
        "kind": "Pod",
        "metadata": {"namespace": "tidy", "name": name, **metadata},
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": phase, "reason": reason} if reason else {"phase": phase},
    }


OTHERS = (
    ended("runs", phase="Running", reason="Evicted"),
    ended("elsewhere", node="full-2"),
    ended("out-of-memory", reason="OOMKilled"),
    ended("done", phase="Succeeded", reason=""),
    ended("static", annotations={"kubernetes.io/config.mirror": "x"}),
)


def left_in(scene: Scene) -> list[str]:
    return sorted(scene.pods("tidy"))


async def test_the_evicted_pods_of_a_node_go_and_no_other(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [ended("a"), ended("b"), *OTHERS]}) as scene:
        plan = await scene.made("delete-finished-pods", TIDY, reason="Evicted", node="full-1")
        preview = await scene.preview(plan)

        assert [step.target.name for step in preview.steps] == ["a", "b"]
        assert "Deletes pods that finished as Evicted on node full-1 in namespace tidy: 2; no running pod" in told(
            preview
        )
        assert "-a  Failed  Evicted  full-1" in preview.diff
        assert scene.writes() == []

        applied = await scene.applied(plan, preview)

        assert left_in(scene) == ["done", "elsewhere", "out-of-memory", "runs", "static"]
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert [path for _, path in scene.writes()] == [f"/api/v1/namespaces/tidy/pods/{name}" for name in "ab"]


async def test_without_a_reason_all_that_has_ended_goes(enter: Enter) -> None:
    job: dict[str, Any] = {"kind": "Job", "metadata": {"namespace": "tidy", "name": "nightly"}, "spec": {}}
    job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    run = ended("run", phase="Succeeded", reason="", ownerReferences=[{"kind": "Job", "name": "nightly"}])
    async with enter(HEALED, {"objects": [ended("a"), *OTHERS, job, run]}) as scene:
        plan = await scene.made("delete-finished-pods", TIDY, node="")
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "Some belong to Jobs (nightly)" in told(preview)
        assert left_in(scene) == ["runs", "static"]


async def test_so_many_at_once_and_the_rest_is_counted(enter: Enter) -> None:
    many = [ended(f"p-{number:03}") for number in range(MOST + 7)]
    async with enter(HEALED, {"objects": many}) as scene:
        preview = await scene.preview(await scene.made("delete-finished-pods", TIDY, reason="Evicted"))

        assert len(preview.steps) == MOST
        assert "7 more stay for another run" in told(preview)


async def test_a_pod_of_the_same_name_made_since_is_not_deleted_in_its_place(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [ended("a"), ended("b")]}) as scene:
        plan = await scene.made("delete-finished-pods", TIDY, reason="Evicted")
        preview = await scene.preview(plan)
        scene.change("Pod", "tidy", "a", lambda one: one["metadata"].update(uid="another"))

        await scene.applied(plan, preview)

        assert left_in(scene) == ["a"]


async def test_one_that_a_finalizer_holds_is_waited_for(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [ended("a", finalizers=["batch.kubernetes.io/job-tracking"])]}) as scene:
        plan = await scene.made("delete-finished-pods", TIDY, reason="Evicted")
        applied = await scene.applied(plan, await scene.preview(plan))

        assert (await scene.effect_of(plan, applied)).state is EffectState.PENDING


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ({"reason": "Shutdown"}, "tidy no longer has pods that finished as Shutdown"),
        ({"reason": "Evicted", "node": "empty"}, "on node empty"),
    ],
)
async def test_none_to_delete_is_refused(enter: Enter, args: dict[str, Any], what: str) -> None:
    async with enter(HEALED, {"objects": [ended("a"), *OTHERS]}) as scene:
        await refused(scene, await scene.made("delete-finished-pods", TIDY, **args), what)


# --- delete-apiservice ---


def api(*, available: str = "False", service: Any = "adapter", **metadata: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "group": "custom.metrics.example.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "caBundle": "Q0E=",
    }
    if service:
        spec["service"] = {"namespace": "gone", "name": service, "port": 443}
    condition = {"type": "Available", "status": available, "reason": "ServiceNotFound", "message": "it is not there"}
    status = {"conditions": [condition]} if available else {"conditions": []}
    return {"kind": "APIService", "metadata": {"name": METRICS.name, **metadata}, "spec": spec, "status": status}


async def test_an_api_that_does_not_answer_is_deleted_and_could_be_made_again(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [api()]}) as scene:
        plan = await scene.made("delete-apiservice", METRICS)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "get 404 instead of 503" in told(preview)
        assert "-  name: v1beta1.custom.metrics.example.io" in preview.diff
        assert scene.is_gone(*APIS, METRICS.name)
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1
        (undo,) = applied.undo
        assert undo.verb is Verb.CREATE
        assert undo.body["spec"] == api()["spec"]
        assert "status" not in undo.body


@pytest.mark.parametrize(
    ("obj", "what"),
    [
        (api(available="True"), "is available: its clients would lose it"),
        (api(available=""), "is not known yet"),
        (api(service=""), "is built into Kubernetes"),
        (api(labels={"kube-aggregator.kubernetes.io/automanaged": "onstart"}), "is built into Kubernetes"),
    ],
)
async def test_an_api_that_answers_or_is_kubernetes_own_is_kept(enter: Enter, obj: dict[str, Any], what: str) -> None:
    async with enter(HEALED, {"objects": [obj]}) as scene:
        await refused(scene, await scene.made("delete-apiservice", METRICS), what)


async def test_a_backend_that_is_there_wants_repair(enter: Enter) -> None:
    service = {
        "kind": "Service",
        "metadata": {"namespace": "gone", "name": "adapter"},
        "spec": {"ports": [{"port": 443}]},
    }
    async with enter(HEALED, {"objects": [api(), service]}) as scene:
        preview = await scene.preview(await scene.made("delete-apiservice", METRICS))

        assert "Service gone/adapter exists: the API recovers once its pods respond" in told(preview)


# --- create-object ---


async def planned(scene: Scene) -> Plan:
    """Return the button of an entry, for an object that does not exist."""
    plans = (await scene.planned()).plans
    return through_journal(next(plan for plan in plans if plan.action == "create-object"))


async def test_an_object_that_is_missing_is_created_and_can_be_deleted_again(enter: Enter) -> None:
    async with enter(NO_MONITOR) as scene:
        plan = await planned(scene)
        assert plan.target.uid == ""
        assert await scene.check(plan) is None
        preview = await scene.preview(plan)

        assert "+kind: PodMonitor" in preview.diff
        assert "no existing object is changed" in told(preview)
        assert scene.writes() == []

        applied = await scene.applied(plan, preview)

        stored = scene.stored(*MONITORS, plan.target.name, plan.target.namespace)
        assert stored["spec"]["namespaceSelector"] == {"matchNames": ["kube-system"]}
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1
        (undo,) = applied.undo
        assert (undo.verb, undo.target.uid) == (Verb.DELETE, stored["metadata"]["uid"])


def by_somebody_else(scene: Scene, plan: Plan) -> dict[str, Any]:
    obj = json.loads(json.dumps(plan.args["object"]))
    obj["metadata"] |= {"uid": "theirs", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    namespace, name = plan.target.namespace, plan.target.name
    scene.cluster.store.put(table=MONITORS, namespace=namespace, name=name, obj=obj)
    return obj


async def test_what_somebody_made_since_is_not_written_over(enter: Enter) -> None:
    async with enter(NO_MONITOR) as scene:
        plan = await planned(scene)
        preview = await scene.preview(plan)
        by_somebody_else(scene, plan)

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert (await scene.refused_preview(plan)).reason is Reason.CHANGED
        assert "whether it exists" in (await scene.refused_preview(plan)).says.en
        assert scene.writes() == []
        assert scene.stored(*MONITORS, plan.target.name, plan.target.namespace)["metadata"]["uid"] == "theirs"


async def test_what_somebody_makes_at_the_last_moment_is_refused_by_the_server(enter: Enter) -> None:
    async with enter(NO_MONITOR) as scene:
        plan = await planned(scene)
        preview = await scene.preview(plan)

        def make(request: Any) -> None:
            if request.writes:
                scene.cluster.meanwhile = None
                by_somebody_else(scene, plan)

        scene.cluster.meanwhile = make
        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.stored(*MONITORS, plan.target.name, plan.target.namespace)["metadata"]["uid"] == "theirs"


async def test_an_object_that_exists_has_no_button(enter: Enter) -> None:
    async with enter(NO_MONITOR) as scene:
        by_somebody_else(scene, await planned(scene))

        assert "create-object" not in [plan.action for plan in (await scene.planned()).plans]


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        ({"kind": "ServiceMonitor"}, "the manifest is of ServiceMonitor"),
        ({"metadata": {"name": "other"}}, "the manifest is of PodMonitor observability/other"),
        ({"metadata": {"name": "kube-proxy", "namespace": "kube-system"}}, "is of PodMonitor kube-system/kube-proxy"),
        ({"apiVersion": "monitoring.example.com/v1"}, "has API group monitoring.example.com"),
        (None, "no manifest"),
    ],
)
async def test_a_manifest_of_something_else_is_refused(enter: Enter, edit: Any, what: str) -> None:
    async with enter(NO_MONITOR) as scene:
        plan = await planned(scene)
        obj = None if edit is None else plan.args["object"] | edit

        await refused(scene, replace(plan, args={"object": obj}), what)


async def test_another_version_of_the_same_api_is_sent_as_it_is_served(enter: Enter) -> None:
    async with enter(NO_MONITOR) as scene:
        plan = await planned(scene)
        older = plan.args["object"] | {"apiVersion": "monitoring.coreos.com/v1alpha9"}
        preview = await scene.preview(replace(plan, args={"object": older}))

        assert preview.steps[0].body["apiVersion"] == "monitoring.coreos.com/v1"


# --- the button of a namespace ---


async def test_whether_pods_may_be_deleted_is_asked_of_the_namespace(enter: Enter) -> None:
    async with enter(("node-disk-pressure-taint", "asked about the pod that was evicted")) as scene:
        plans = [plan for plan in (await scene.planned()).plans if plan.action == "delete-finished-pods"]
        reviews = [json.loads(sent.body)["spec"] for sent in scene.cluster.requests if "accessreviews" in sent.path]

        assert plans
        asked = [each["resourceAttributes"] for each in reviews if each["resourceAttributes"]["resource"] == "pods"]
        assert {(each["namespace"], each.get("name", "")) for each in asked} == {(plans[0].target.name, "")}


# --- for the tests of every action ---

_API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io"
_MONITOR = "/apis/monitoring.coreos.com/v1/namespaces/observability/podmonitors/kube-proxy"


def _tidied(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    gone = [each.before for each in writes if each.before]
    lines = [
        "  ".join([
            pod["metadata"]["name"], pod["status"]["phase"], pod["status"]["reason"], pod["spec"]["nodeName"],
            pod["metadata"]["creationTimestamp"],
        ])
        for pod in gone
    ]  # fmt: skip
    return lines, []


TRIALS = (
    *trials("delete-apiservice", (every_kind.API,)),
    *trials("delete-finished-pods", (ObjectRef(kind="Namespace", name="till"),), reason="Evicted"),
    *(
        Trial(action="create-object", target=each, args={"object": every_kind.made(each, version, {})})
        for each, version in every_kind.CUSTOM.items()
    ),
)
SCENARIOS = (
    Scenario(
        action="create-object", incident="kube-proxy-monitoring-missing",
        case="kube-proxy runs, and no monitor means it", button="Create PodMonitor",
        ends=LATER, writes=(f"POST {_MONITOR}",), undo=(f"DELETE {_MONITOR}",),
    ),
    Scenario(
        action="delete-apiservice", incident="apiservice-unavailable", case="the Service does not exist",
        button="Delete APIService",
        writes=(f"DELETE {_API_SERVICE}",), undo=(f"POST {_API_SERVICE}",),
    ),
    Scenario(
        action="delete-finished-pods", incident="node-disk-pressure-taint",
        case="the taint keeps a pod off the one node it may use", button="Delete evicted pods",
        ends=DONE, told=_tidied, writes=("DELETE /api/v1/namespaces/media/pods/thumbs-5c4b9d7f68-m2k8w",),
    ),
)  # fmt: skip
