"""Which objects are healthy by the rules of their kinds."""

from __future__ import annotations

from typing import Any

import pytest

from bot.kube.health import can_judge, problem_of


def with_condition(kind: str, name: str, status: str, reason: str = "", *, api: str = "") -> dict[str, Any]:
    conditions = [{"type": name, "status": status, "reason": reason}]
    return {"kind": kind, "apiVersion": api, "status": {"conditions": conditions}}


HPA = "HorizontalPodAutoscaler"
BUDGET = {"kind": "PodDisruptionBudget", "spec": {"minAvailable": 2}}
RUN = {"lastScheduleTime": "2026-03-02T02:00:00Z"}


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (with_condition(HPA, "ScalingActive", "False", "FailedGetResourceMetric"), "ScalingActive=False FailedGet"),
        (with_condition(HPA, "ScalingActive", "False", "ScalingDisabled"), ""),
        (with_condition(HPA, "ScalingLimited", "True", "TooFewReplicas"), ""),
        (with_condition(HPA, "ScalingLimited", "True", "TooManyReplicas"), "ScalingLimited=True TooManyReplicas"),
        (BUDGET | {"status": {"expectedPods": 2, "currentHealthy": 2, "desiredHealthy": 2}}, ""),
        (BUDGET | {"status": {"expectedPods": 2, "currentHealthy": 1, "desiredHealthy": 2}}, "1 of 2 required pods"),
        (BUDGET | {"status": {"expectedPods": 0, "currentHealthy": 0, "desiredHealthy": 2}}, ""),
        ({"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": "0%"}, "status": {"expectedPods": 1}}, ""),
        ({"kind": "CronJob", "spec": {"suspend": True}, "status": {}}, ""),
        ({"kind": "CronJob", "status": RUN | {"lastSuccessfulTime": "2026-03-02T02:01:00Z"}}, ""),
        ({"kind": "CronJob", "status": RUN | {"active": [{"name": "x"}]}}, ""),
        ({"kind": "CronJob", "status": RUN | {"lastSuccessfulTime": "2026-03-01T02:01:00Z"}}, "its last run, of 2026"),
        ({"kind": "Service", "spec": {"type": "ClusterIP"}}, ""),
        ({"kind": "Service", "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {}}}, "no load balancer"),
        ({"kind": "Ingress", "status": {"loadBalancer": {}}}, "no ingress controller"),
        ({"kind": "Ingress", "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}}, ""),
        ({"kind": "Namespace", "status": {"phase": "Active"}}, ""),
        ({"kind": "Namespace", "status": {"phase": "Terminating"}}, "phase Terminating"),
        (with_condition("Certificate", "Ready", "False", "DoesNotExist", api="cert-manager.io/v1"), "Ready=False Does"),
        (with_condition("Service", "Ready", "False", "RevisionFailed", api="serving.knative.dev/v1"), "Ready=False"),
        (with_condition("Widget", "Sleeping", "True", api="example.com/v1"), ""),
        (with_condition("Widget", "Sleeping", "True", "SyncError", api="example.com/v1"), "Sleeping=True SyncError"),
    ],
)
def test_problem_of_an_object(obj: dict[str, Any], problem: str) -> None:
    found = problem_of(obj, obj["kind"])
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_an_object_without_rules_and_conditions_is_not_judged() -> None:
    assert not can_judge({"kind": "ConfigMap", "data": {}}, "ConfigMap")
    assert can_judge(with_condition("Widget", "Ready", "True", api="example.com/v1"), "Widget")
