"""Every kind's own names for the pods it wants, has and has ready."""

import pytest

from bot.kube.rollouts import Replicas, replicas_of


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        ({"kind": "StatefulSet", "spec": {"replicas": 3}, "status": {"replicas": 2, "readyReplicas": 1}}, (3, 2, 1)),
        ({"kind": "StatefulSet", "spec": {}, "status": {}}, (1, 0, 0)),
        ({"kind": "ReplicaSet", "spec": {"replicas": 0}}, (0, 0, 0)),
        (
            {
                "kind": "DaemonSet",
                "status": {"desiredNumberScheduled": 4, "currentNumberScheduled": 3, "numberReady": 2},
            },
            (4, 3, 2),
        ),
        ({"kind": "Job", "spec": {}, "status": {}}, (1, 0, 0)),
        ({"kind": "Job", "spec": {"parallelism": 3, "completions": 4}, "status": {"succeeded": 2}}, (2, 0, 0)),
        ({"kind": "Job", "spec": {"suspend": True}}, (0, 0, 0)),
        ({"kind": "Job", "spec": {}, "status": {"completionTime": "2026-01-01T00:00:00Z", "succeeded": 1}}, (0, 0, 0)),
    ],
)  # fmt: skip
def test_counts(workload: dict, expected: tuple[int, int, int]) -> None:
    desired, created, ready = expected

    assert replicas_of(workload) == Replicas(desired=desired, created=created, ready=ready)
