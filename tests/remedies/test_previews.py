"""Test the preview before confirming: the diff, the blast radius, and the managers that may revert it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.kube.gitops import managed_by
from bot.kube.placement import selects
from bot.remedies.changes import diff
from bot.remedies.contract import Preview
from tests.remedies.scene import HEALED, POD, PULLS_AGAIN, Enter


def told(preview: Preview) -> str:
    return "\n".join(text.en for text in (*preview.outlook.effects, *preview.outlook.warnings))


async def test_the_blast_radius_of_a_pod_is_counted_and_its_budget_and_local_data_named(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        preview = await scene.preview(await scene.plan())

        assert "ReplicaSet checkout-6f4d8b7c5 creates a replacement" in told(preview)
        assert "Ready now: 2 of 3; until the new pod is ready: 2 of 3" in told(preview)
        assert "PodDisruptionBudget checkout covers it (2 healthy, 2 required, 0 disruptions allowed" in told(preview)
        assert "local volumes is lost: cache" in told(preview)
        assert (preview.outlook.ready, preview.outlook.wanted) == (2, 3)
        assert set(preview.outlook.known) == set(scene.pods().values())
        assert all(text.zh and text.zh != text.en for text in (*preview.outlook.effects, *preview.outlook.warnings))


async def test_the_only_ready_pod_is_said_to_be_it(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        status = {name: "True" if name == POD else "False" for name in scene.pods()}

        def only_one(pod: dict) -> None:
            pod["status"]["conditions"] = [{"type": "Ready", "status": status[pod["metadata"]["name"]]}]

        for name in status:
            scene.change("Pod", "front", name, only_one)

        preview = await scene.preview(plan)

        assert "Ready now: 1 of 3; until the new pod is ready: 0 of 3" in told(preview)
        assert "the only ready pod" in told(preview)


async def test_budgets_that_may_not_be_read_are_said_to_be_unread(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.cluster.forbid(group="policy")

        preview = await scene.preview(await scene.plan())

        assert "list on policy/poddisruptionbudgets" in told(preview)


async def test_a_pod_that_failed_late_is_watched_for_as_long(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:

        def crashed(pod: dict) -> None:
            ended = {"exitCode": 1, "startedAt": "2026-03-02T02:50:00Z", "finishedAt": "2026-03-02T02:50:25Z"}
            pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": ended}

        scene.change("Pod", "front", POD, crashed)

        assert (await scene.preview(await scene.plan())).outlook.patience_s == 25.0


@pytest.mark.parametrize(
    ("metadata", "who"),
    [
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "infra:apps/Deployment:x"}},
            "Argo CD (Application infra)",
        ),
        ({"labels": {"argocd.argoproj.io/instance": "adapter"}}, "Argo CD (Application adapter)"),
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": "flux"}},
            "Flux (Kustomization flux/infra)",
        ),
        (
            {"labels": {"helm.toolkit.fluxcd.io/name": "infra", "helm.toolkit.fluxcd.io/namespace": "flux"}},
            "Flux (HelmRelease flux/infra)",
        ),
        (
            {"annotations": {"meta.helm.sh/release-name": "infra", "meta.helm.sh/release-namespace": "x"}},
            "Helm (release x/infra)",
        ),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm"),
        ({"managedFields": [{"manager": "argocd-controller"}]}, "Argo CD"),
    ],
)
def test_whoever_looks_after_an_object_is_told_from_its_metadata(metadata: dict, who: str) -> None:
    assert str(managed_by({"metadata": metadata})) == who


async def test_whoever_looks_after_a_workload_is_named(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        preview = await scene.preview(await scene.plan())

        custodian = preview.outlook.custodian
        assert custodian is not None
        assert custodian.says.en.startswith("Helm (release monitoring/prometheus-adapter) applies this object")
        assert "until the next upgrade" in custodian.says.en


@pytest.mark.parametrize(
    "metadata",
    [{}, {"labels": {"app.kubernetes.io/managed-by": "pulumi"}}, {"managedFields": [{"manager": "kubectl-edit"}]}],
)
def test_nobody_is_accused_of_looking_after_an_object(metadata: dict) -> None:
    assert managed_by({"metadata": metadata}) is None


async def test_a_recreating_deployment_is_said_to_stop_serving(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        recreate = {"strategy": {"type": "Recreate"}}
        scene.change("Deployment", "monitoring", "prometheus-adapter", lambda one: one["spec"].update(recreate))

        assert "so nothing serves requests meanwhile" in told(await scene.preview(await scene.plan()))


@pytest.mark.parametrize(
    ("selector", "labels", "chosen"),
    [
        (None, {"a": "1"}, False),
        ({}, {"a": "1"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1", "b": "1"}}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {"a": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Sometimes"}]}, {"a": ""}, False),
    ],
)
def test_selectors_select_as_kubernetes_does(selector: Any, labels: dict, chosen: bool) -> None:
    assert selects(selector, labels) is chosen


def test_a_diff_shows_what_differs_without_secrets_and_without_bookkeeping() -> None:
    def pod(**more: Any) -> dict[str, Any]:
        env = [{"name": "DB_PASSWORD", "value": "hunter2-correct-horse"}]
        return {"kind": "Pod", "metadata": {"name": "a", **more}, "spec": {"containers": [{"env": env}]}, "status": {}}

    shown = diff(pod(resourceVersion="1"), pod(resourceVersion="2", zone="b"), name="Pod a")

    assert "+  zone: b" in shown
    assert "resourceVersion" not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("note", ["done 🚀", "已恢复", "café", r"C:\Users"])
def test_a_diff_shows_a_text_as_it_was_written(note: str) -> None:
    def pod(**annotations: str) -> dict[str, Any]:
        return {"kind": "Pod", "metadata": {"name": "a", "annotations": annotations}, "spec": {}}

    assert f"+    note: {note}" in diff(pod(), pod(note=note), name="Pod a").splitlines()
