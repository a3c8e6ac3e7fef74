"""The state of a rollout, as `kubectl rollout status` judges it."""

from typing import Any

import pytest

from bot.kube.rollout_status import ROLLED_OUT, rollout_status


def _workload(kind: str, spec: dict[str, Any], status: dict[str, Any], generation: int = 2) -> dict[str, Any]:
    seen = {} if kind == "Job" else {"observedGeneration": 2}
    return {"kind": kind, "metadata": {"generation": generation}, "spec": spec, "status": {**seen, **status}}


def _condition(kind: str, reason: str = "", status: str = "True") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": "says why"}]}


UP = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}
SAME = {"updateRevision": "db-2", "currentRevision": "db-2"}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
SURGE = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
NODES = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "state", "says"),
    [
        ("Deployment", {"replicas": 3}, UP, "complete", "3 updated pods are available"),
        ("Deployment", {"replicas": 0}, {}, "complete", "0 updated pods are available"),
        ("Deployment", {}, dict.fromkeys(UP, 1), "complete", "1 updated pod is available"),
        ("Deployment", {"replicas": 3}, {**UP, "updatedReplicas": 1}, "in progress", "1 of 3 pods are updated"),
        ("Deployment", {"replicas": 3, "paused": True}, {}, "in progress", "and it is paused"),
        ("Deployment", {"replicas": 3}, {**UP, "replicas": 4}, "in progress", "1 old pod is not terminated"),
        ("Deployment", {"replicas": 3}, {**UP, "availableReplicas": 2}, "in progress", "2 of 3 updated pods"),
        ("Deployment", {"replicas": 3}, {**UP, "observedGeneration": 1}, "in progress", "has not seen"),
        ("Deployment", {"replicas": 3}, {"observedGeneration": None}, "in progress", "has not seen"),
        (
            "Deployment", {"replicas": 3}, {**UP, **_condition("Progressing", "ProgressDeadlineExceeded", "False")},
            "failed", "exceeded its progress deadline",
        ),
        (
            "Deployment", {"replicas": 3},
            {**UP, "observedGeneration": 1, **_condition("Progressing", "ProgressDeadlineExceeded", "False")},
            "in progress", "has not seen",
        ),
        ("StatefulSet", {"replicas": 3}, {**UP, **SAME}, "complete", "3 updated pods are available"),
        ("StatefulSet", {"replicas": 3}, {**UP, "readyReplicas": 2}, "in progress", "2 of 3 pods are ready"),
        ("StatefulSet", {"replicas": 3}, {**UP, **SAME, "updateRevision": "db-3"}, "in progress", "pods are updated"),
        ("StatefulSet", SURGE, {**UP, "updatedReplicas": 1, "updateRevision": "db-3"}, "complete", "1 updated pod is"),
        ("StatefulSet", SURGE, {**UP, "updatedReplicas": 0}, "in progress", "0 of 1 pods are updated"),
        ("StatefulSet", ON_DELETE, UP, "endless", "OnDelete"),
        ("DaemonSet", {}, NODES, "complete", "3 updated pods are available"),
        ("DaemonSet", {}, {**NODES, "updatedNumberScheduled": 1}, "in progress", "1 of 3 pods are updated"),
        ("DaemonSet", {}, {**NODES, "numberAvailable": 1}, "in progress", "1 of 3 updated pods are available"),
        ("DaemonSet", ON_DELETE, NODES, "endless", "OnDelete"),
        ("Job", {}, {"succeeded": 1, **_condition("Complete")}, "complete", "1 pod succeeded"),
        ("Job", {}, _condition("Failed", "BackoffLimitExceeded"), "failed", "BackoffLimitExceeded: says why"),
        ("Job", {}, _condition("Failed", status="False"), "in progress", "0 active"),
        ("Job", {}, {"active": 2, "succeeded": 1}, "in progress", "2 active, 1 succeeded"),
        ("Job", {"suspend": True}, {}, "in progress", "suspended"),
    ],
)  # fmt: skip
def test_a_state_follows_from_the_status(
    kind: str, spec: dict[str, Any], status: dict[str, Any], state: str, says: str
) -> None:
    seen = rollout_status(_workload(kind, spec, status))

    assert (str(seen.state), says in seen.says.en) == (state, True), seen.says.en


@pytest.mark.parametrize("kind", ROLLED_OUT)
@pytest.mark.parametrize("wrong", ["three", [], {"a": 1}, -1])
def test_a_status_that_no_controller_writes_never_counts_as_complete(kind: str, wrong: Any) -> None:
    counters = ("updatedReplicas", "readyReplicas", "availableReplicas", "numberAvailable", "updatedNumberScheduled")
    spec = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
    status = {"desiredNumberScheduled": 3, "succeeded": wrong, **dict.fromkeys(counters, wrong)}

    assert not rollout_status(_workload(kind, spec, status)).complete
