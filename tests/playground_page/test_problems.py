"""Check the list of broken objects in kubectl's words, and what is shown after they recover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.page.cluster_watch import ClusterWatch
from bot.playground.pod_status import pod_status

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def _pod(*, status: dict[str, Any], containers: int = 1, **more: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": f"c{at}"} for at in range(containers)]} | more.pop("spec", {})
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-03-01T11:00:00Z"} | more,
        "spec": spec,
        "status": status,
    }


def _container(
    at: int = 0, *, ready: bool = False, restarts: int = 0, last: Any = None, **state: Any
) -> dict[str, Any]:
    last_state = {"terminated": last} if last else {}
    return {"name": f"c{at}", "ready": ready, "restartCount": restarts, "state": state, "lastState": last_state}


WAITING = _container(waiting={"reason": "CrashLoopBackOff", "message": "back-off 5m0s"})
RUNNING = _container(running={"startedAt": "2026-03-01T11:00:00Z"}, ready=True)
ENDED = _container(terminated={"exitCode": 0, "reason": "Completed"})
FAILED_LATELY = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-03-01T11:50:00Z"}
FAILED_LONG_AGO = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-02-20T11:50:00Z"}
SCHEDULED_NOT = {"type": "PodScheduled", "status": "False", "message": "0/4 nodes are available"}


@pytest.mark.parametrize(
    ("pod", "status", "ready", "trouble"),
    [
        (_pod(status={"phase": "Running", "containerStatuses": [RUNNING]}), "Running", "1/1", False),
        (_pod(status={"phase": "Running", "containerStatuses": [WAITING]}), "CrashLoopBackOff", "0/1", True),
        (_pod(status={"phase": "Pending", "conditions": [SCHEDULED_NOT]}), "Pending", "0/1", True),
        (_pod(status={"phase": "Failed", "reason": "Evicted"}), "Evicted", "0/1", True),
        (_pod(status={"phase": "Succeeded", "containerStatuses": [ENDED]}), "Completed", "0/1", False),
        (_pod(status={"phase": "Running"}), "Running", "1/1", False),
        (
            _pod(status={"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}),
            "Running",
            "0/1",
            True,
        ),
        (
            _pod(containers=2, status={"phase": "Running", "containerStatuses": [RUNNING, WAITING | {"name": "c1"}]}),
            "CrashLoopBackOff",
            "1/2",
            True,
        ),
        (
            _pod(
                status={
                    "phase": "Pending",
                    "initContainerStatuses": [_container(terminated={"exitCode": 3, "reason": "Error"})],
                }
            ),
            "Init:Error",
            "0/1",
            True,
        ),
        (
            _pod(
                status={
                    "phase": "Pending",
                    "initContainerStatuses": [ENDED, _container(1, waiting={"reason": "PodInitializing"})],
                }
            ),
            "Init:1/2",
            "0/1",
            True,
        ),
        (
            _pod(
                status={"phase": "Failed", "containerStatuses": [_container(terminated={"exitCode": 137, "signal": 9})]}
            ),
            "Signal:9",
            "0/1",
            True,
        ),
        (
            _pod(
                status={
                    "phase": "Running",
                    "containerStatuses": [RUNNING | {"lastState": {"terminated": FAILED_LATELY}, "restartCount": 2}],
                }
            ),
            "Running, restarted 2×",
            "1/1",
            True,
        ),
        (
            _pod(
                status={
                    "phase": "Running",
                    "containerStatuses": [RUNNING | {"lastState": {"terminated": FAILED_LONG_AGO}}],
                }
            ),
            "Running",
            "1/1",
            False,
        ),
        (
            _pod(deletionTimestamp="2026-03-01T11:59:30Z", status={"phase": "Running", "containerStatuses": [WAITING]}),
            "Terminating",
            "0/1",
            False,
        ),
        (
            _pod(deletionTimestamp="2026-03-01T11:00:00Z", status={"phase": "Running", "containerStatuses": [RUNNING]}),
            "Terminating",
            "1/1",
            True,
        ),
    ],
)
def test_a_pod_reads_as_in_kubectl_get_pods(pod, status, ready, trouble):
    seen = pod_status(pod, now=NOW)
    assert (seen.status, seen.ready, seen.trouble) == (status, ready, trouble)


def _watch(*objects: dict[str, Any]) -> tuple[SimulatedCluster, ClusterWatch]:
    cluster = SimulatedCluster(clock=lambda: NOW)
    cluster.load_neighbours()
    cluster.load({"objects": list(objects)})
    return cluster, ClusterWatch(cluster=cluster, clock=lambda: NOW)


def _said(watch: ClusterWatch) -> list[tuple[str, str, str, str]]:
    return [(each["kind"], each["name"], each["status"], each["level"]) for each in watch.snapshot()["broken"]]


def test_a_healthy_cluster_has_nothing_to_show():
    _, watch = _watch()
    assert _said(watch) == []
    assert (watch.snapshot()["nodes"], watch.snapshot()["pods"] > 5) == (4, True)


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (
            {
                "kind": "Node",
                "metadata": {"name": "worker-z"},
                "spec": {"unschedulable": True},
                "status": {
                    "conditions": [{"type": "Ready", "status": "Unknown"}, {"type": "DiskPressure", "status": "True"}]
                },
            },
            ("Node", "worker-z", "NotReady,DiskPressure,SchedulingDisabled", "broken"),
        ),
        (
            {
                "kind": "APIService",
                "metadata": {"name": "v1beta1.metrics.k8s.io"},
                "spec": {
                    "group": "metrics.k8s.io",
                    "version": "v1beta1",
                    "service": {"name": "m", "namespace": "kube-system"},
                },
                "status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]},
            },
            ("APIService", "v1beta1.metrics.k8s.io", "False (MissingEndpoints)", "broken"),
        ),
        (
            {
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data-0", "namespace": "shop"},
                "status": {"phase": "Pending"},
            },
            ("PersistentVolumeClaim", "data-0", "Pending", "broken"),
        ),
        (
            {
                "kind": "DaemonSet",
                "metadata": {"name": "agent", "namespace": "shop"},
                "status": {"desiredNumberScheduled": 3, "numberReady": 1},
            },
            ("DaemonSet", "agent", "1/3 ready", "broken"),
        ),
        (
            {
                "kind": "Job",
                "metadata": {"name": "once", "namespace": "shop"},
                "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
            },
            ("Job", "once", "Failed (BackoffLimitExceeded)", "broken"),
        ),
        (
            {"kind": "Namespace", "metadata": {"name": "stuck", "deletionTimestamp": "2026-03-01T11:00:00Z"}},
            ("Namespace", "stuck", "Terminating", "broken"),
        ),
        (
            {
                "kind": "Pod",
                "metadata": {"name": "p", "namespace": "shop"},
                "spec": {"containers": [{"name": "c0"}]},
                "status": {
                    "phase": "Running",
                    "containerStatuses": [RUNNING | {"lastState": {"terminated": FAILED_LATELY}}],
                },
            },
            ("Pod", "p", "Running, restarted 1×", "unstable"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_unhealthy_objects_are_listed_with_their_status(obj, said):
    _, watch = _watch(obj)
    assert _said(watch) == [said]


def test_a_workload_without_replica_counts_is_not_listed_as_broken():
    deployment = {"kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"}, "spec": {"replicas": 3}}
    _, watch = _watch(deployment)
    assert _said(watch) == []


def _node(ready: str) -> dict[str, Any]:
    return {
        "kind": "Node",
        "metadata": {"name": "worker-z"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_a_recovered_object_is_shown_until_it_breaks_again():
    cluster, watch = _watch(_node("False"))
    assert watch.snapshot()["recovered"] == []
    cluster.load({"objects": [_node("True")]})
    [recovered] = watch.snapshot()["recovered"]
    assert (recovered["name"], recovered["how"]) == ("worker-z", "healthy again")
    assert abs(datetime.fromisoformat(recovered["at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert watch.snapshot()["recovered"] == [recovered]
    cluster.load({"objects": [_node("False")]})
    assert (watch.snapshot()["recovered"], len(watch.snapshot()["broken"])) == ([], 1)


def _crashing(name: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]},
        "spec": {"containers": [{"name": "c0"}]},
        "status": {"phase": "Running", "containerStatuses": [WAITING]},
    }


REPLICAS = {"kind": "ReplicaSet", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 1}}


def test_a_pod_replaced_by_a_broken_one_is_not_shown_as_recovered():
    cluster, watch = _watch(REPLICAS, _crashing("web-1"))
    watch.snapshot()
    cluster.store.remove(table=("", "pods"), namespace="shop", name="web-1")
    cluster.load({"objects": [_crashing("web-2")]})
    seen = watch.snapshot()
    assert ([each["name"] for each in seen["broken"]], seen["recovered"]) == (["web-2"], [])


def test_a_pod_replaced_by_a_healthy_one_is_shown_as_recovered():
    cluster, watch = _watch(REPLICAS, _crashing("web-1"))
    watch.snapshot()
    cluster.store.remove(table=("", "pods"), namespace="shop", name="web-1")
    cluster.load({"objects": [_crashing("web-2") | {"status": {"phase": "Running", "containerStatuses": [RUNNING]}}]})
    [recovered] = watch.snapshot()["recovered"]
    assert (recovered["name"], recovered["how"]) == ("web-1", "replaced by a healthy pod")


def test_a_problem_starts_when_its_condition_did_by_the_visitors_clock():
    """Show a problem that began two hours before the cluster's stopped clock as two hours old."""
    pod = _crashing("web-1")
    pod["metadata"]["creationTimestamp"] = "-1d"
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": "-2h"}]
    _, watch = _watch(pod)
    [seen] = watch.snapshot()["broken"]
    assert abs(datetime.now(UTC) - timedelta(hours=2) - datetime.fromisoformat(seen["since"])) < timedelta(minutes=1)
    assert seen["detail"] == "back-off 5m0s"
