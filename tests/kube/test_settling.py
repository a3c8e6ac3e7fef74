"""What is young and has not failed may still settle; what failed, or had its time, is trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.kube.job_runs import blocked_schedule, held_open
from bot.kube.settling import is_settling, is_starting, lasting_problem

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def ago(seconds: int) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def pod(
    age_s: int, *, declared: dict[str, Any] | None = None, status: dict[str, Any] | None = None, scheduled: str = "True"
) -> dict[str, Any]:
    """Return a pod of one container that is not ready."""
    conditions = [
        {"type": "PodScheduled", "status": scheduled},
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "lastTransitionTime": ago(age_s)},
    ]
    statuses = [{"name": "app", "ready": False, "restartCount": 0} | (status or {})]
    return {
        "kind": "Pod",
        "metadata": {"name": "app", "namespace": "shop", "creationTimestamp": ago(age_s)},
        "spec": {"containers": [{"name": "app", "image": "app:1"} | (declared or {})]},
        "status": {"phase": "Pending", "conditions": conditions, "containerStatuses": statuses},
    }


def waiting(reason: str) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason}}}


def running(seconds: int, **more: Any) -> dict[str, Any]:
    return {"state": {"running": {"startedAt": ago(seconds)}}} | more


STARTUP = {"startupProbe": {"periodSeconds": 10, "failureThreshold": 30}}
LATE = {"readinessProbe": {"initialDelaySeconds": 3600}}


@pytest.mark.parametrize(
    ("obj", "starts"),
    [
        (pod(18, status=waiting("ContainerCreating")), True),
        (pod(600, status=waiting("ContainerCreating")), False),
        (pod(18, status=waiting("ImagePullBackOff")), False),
        (pod(18, status=waiting("CrashLoopBackOff")), False),
        (pod(18, scheduled="False"), False),
        (pod(200, declared=STARTUP, status=running(190)), True),
        (pod(500, declared=STARTUP, status=running(490)), False),
        (pod(200, status=running(190)), False),
        (pod(200, declared=STARTUP, status=running(20, restartCount=1)), False),
        (pod(60, status={"state": {"terminated": {"exitCode": 1}}}), False),
        # The default deadline of a rollout ends the wait for a late readiness probe.
        (pod(500, declared=LATE, status=running(490)), True),
        (pod(1800, declared=LATE, status=running(1790)), False),
    ],
)
def test_pod_starts_within_its_time(obj: dict[str, Any], starts: bool) -> None:
    assert is_starting(obj, NOW) is starts


def test_pod_that_lost_its_readiness_a_moment_ago_does_not_start() -> None:
    obj = pod(20, status=running(9000))
    obj["metadata"]["creationTimestamp"] = ago(9000)

    assert not is_starting(obj, NOW)


def deployment(reason: str, since: int, *, status: str = "True", refused: bool = False) -> dict[str, Any]:
    conditions = [
        {"type": "Progressing", "status": status, "reason": reason, "lastUpdateTime": ago(since)},
        {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},
    ]
    if refused:
        conditions.append({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"})
    return {"kind": "Deployment", "spec": {"replicas": 2}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("obj", "settles"),
    [
        (deployment("ReplicaSetUpdated", 20), True),
        (deployment("ReplicaSetUpdated", 2400), False),
        (deployment("ReplicaSetUpdated", 20, refused=True), False),
        (deployment("NewReplicaSetAvailable", 20), False),
        (deployment("ProgressDeadlineExceeded", 20, status="False"), False),
    ],
)
def test_rollout_settles_while_it_makes_progress(obj: dict[str, Any], settles: bool) -> None:
    assert is_settling(obj, "Deployment", NOW) is settles


def custom(age_s: int, reason: str) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"creationTimestamp": ago(age_s)},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": reason}]},
    }


@pytest.mark.parametrize(
    ("obj", "problem"),
    [(custom(10, "Creating"), ""), (custom(900, "Creating"), "Ready=False"), (custom(10, "SyncFailed"), "Ready=False")],
)
def test_young_object_is_trouble_only_if_it_names_a_failure(obj: dict[str, Any], problem: str) -> None:
    found = lasting_problem(obj, "Widget", NOW)

    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def service(age_s: int) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"creationTimestamp": ago(age_s)}, "spec": {"type": "LoadBalancer"}}


def test_load_balancer_has_some_minutes_to_get_its_address() -> None:
    assert lasting_problem(service(10), "Service", NOW) == ""
    assert lasting_problem(service(1800), "Service", NOW) == "no load balancer has given it an address"


def cron(last_s: int, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "CronJob",
        "spec": {"schedule": "*/15 * * * *", "concurrencyPolicy": "Forbid"} | spec,
        "status": {"lastScheduleTime": ago(last_s), "active": [{"name": "settle-1"}]},
    }


@pytest.mark.parametrize(
    ("obj", "blocked"),
    [
        (cron(9 * 3600), True),
        (cron(1200), False),
        (cron(9 * 3600, concurrencyPolicy="Allow"), False),
        (cron(9 * 3600, suspend=True), False),
        (cron(9 * 3600, schedule="0 2 * * *"), False),
        (cron(9 * 3600, schedule="no schedule"), False),
    ],
)
def test_job_that_does_not_end_blocks_its_cron_job(obj: dict[str, Any], blocked: bool) -> None:
    assert bool(blocked_schedule(obj, NOW)) is blocked
    assert bool(lasting_problem(obj, "CronJob", NOW)) is blocked


def two_containers(main: dict[str, Any], *, restart_policy: str = "Never") -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "invoice", "namespace": "batch"},
        "spec": {"restartPolicy": restart_policy, "containers": [{"name": "main"}, {"name": "proxy"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "main", "state": main}, {"name": "proxy", **running(25000)}],
        },
    }


DONE = {"terminated": {"exitCode": 0, "finishedAt": ago(24600)}}


@pytest.mark.parametrize(
    ("obj", "held"),
    [
        (two_containers(DONE), True),
        (two_containers(DONE, restart_policy="Always"), False),
        (two_containers({"terminated": {"exitCode": 0, "finishedAt": ago(60)}}), False),
        (two_containers({"terminated": {"exitCode": 1, "finishedAt": ago(24600)}}), False),
        (two_containers({"running": {"startedAt": ago(24600)}}), False),
    ],
)
def test_sidecar_that_runs_on_holds_a_pod_open(obj: dict[str, Any], held: bool) -> None:
    assert bool(held_open(obj, NOW)) is held
