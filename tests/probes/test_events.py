"""Events of the focus and its owners, what of them still holds, and what they capture."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import events
from intents.domain import GapReason


def pod(name: str = "web-abc-x2x4z", *, ready_since: str = "", **metadata: Any) -> dict[str, Any]:
    status = "True" if ready_since else "False"
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop2",
            "labels": {"pod-template-hash": "abc"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-abc"}],
        }
        | metadata,
        "spec": {"nodeName": "worker-a", "containers": [{"name": "web", "image": "web:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": status, "lastTransitionTime": ready_since or "-1h"}],
        },
    }


def workload(kind: str, name: str, *, ready: int = 0, **metadata: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop2"} | metadata,
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {}},
        "status": {"replicas": ready, "readyReplicas": ready},
    }


WEB = [
    workload("Deployment", "web"),
    workload("ReplicaSet", "web-abc", ownerReferences=[{"kind": "Deployment", "name": "web"}]),
    pod(),
]


def event(about: str, reason: str, last: str = "-1m", message: str = "said so", **more: Any) -> dict:
    return {"for": about, "reason": reason, "message": message, "last": last} | more


async def test_a_pods_events_come_with_those_of_all_its_owners_newest_first(
    cluster: SimulatedCluster, read: Any
) -> None:
    told = [
        event("Deployment/shop2/web", "ScalingReplicaSet", "-3m", type="Normal"),
        event("ReplicaSet/shop2/web-abc", "FailedCreate", "-2m"),
        event("Pod/shop2/web-abc-x2x4z", "Unhealthy", "-1m"),
        event("Deployment/shop2/other", "FailedCreate", "-10s", gone=True),
    ]
    cluster.load({"objects": WEB, "events": told})

    found = await read(events.read, kind="Pod", namespace="shop2", name="web-abc-x2x4z")

    assert [row.values["kind"] for row in found.rows] == ["Pod", "ReplicaSet", "Deployment"]
    assert (found.missing, found.gaps) == ("", ())


@pytest.mark.parametrize(
    ("about", "type_", "stale"),
    [
        (pod(ready_since="-30s"), "Warning", True),
        (pod(ready_since="-5m"), "Warning", False),
        (pod(), "Warning", False),
        (pod(ready_since="-30s"), "Normal", False),
        (workload("StatefulSet", "mq", ready=1), "Warning", True),
        (workload("StatefulSet", "mq"), "Warning", False),
    ],
)
async def test_a_warning_is_stale_once_its_object_says_otherwise(
    cluster: SimulatedCluster, read: Any, about: dict, type_: str, stale: bool
) -> None:
    name = f"{about['kind']}/shop2/{about['metadata']['name']}"
    cluster.load({"objects": [about], "events": [event(name, "Failed", "-1m", type=type_)]})

    (row,) = (await read(events.read, namespace="shop2")).rows

    assert row.values["stale"] is stale


async def test_an_event_of_a_predecessor_or_of_something_gone_is_stale(cluster: SimulatedCluster, read: Any) -> None:
    first = workload("StatefulSet", "mq", uid="11111111-0000-4000-8000-000000000000")
    second = workload("StatefulSet", "mq", uid="22222222-0000-4000-8000-000000000000")
    told = [event("StatefulSet/shop2/mq", "FailedCreate"), event("Pod/shop2/away", "Failed", gone=True)]
    cluster.load({"objects": [first], "events": told})
    cluster.load({"objects": [second]})

    rows = (await read(events.read, namespace="shop2")).rows

    assert [row.values["stale"] for row in rows] == [True, True]


async def test_reasons_kinds_and_patterns_choose_and_named_groups_become_keys(
    cluster: SimulatedCluster, read: Any
) -> None:
    told = [
        event("ReplicaSet/shop2/web-abc", "FailedCreate", message="exceeded quota: small"),
        event("Deployment/shop2/web", "FailedCreate", message="exceeded quota: big"),
        event("ReplicaSet/shop2/web-abc", "Other", message="exceeded quota: none"),
        event("ReplicaSet/shop2/web-abc", "FailedCreate", message="something else"),
    ]
    cluster.load({"objects": WEB, "events": told})
    args = {"reason": "FailedCreate, FailedUpdate", "kind": "ReplicaSet", "capture": r"quota: (?P<quota>\w+)"}

    rows = (await read(events.read, namespace="shop2", args=args)).rows

    assert [(row.values["quota"], row.subject.kind) for row in rows] == [("small", "ReplicaSet")]


async def test_ages_are_read_from_either_style(cluster: SimulatedCluster, read: Any) -> None:
    told = [
        event("Pod/shop2/web-abc-x2x4z", "FailedScheduling", "-1m", first="-9m", count=7, style="series"),
        event("Pod/shop2/web-abc-x2x4z", "Failed", "-2m", first="-8m", count=3),
    ]
    cluster.load({"objects": WEB, "events": told})

    rows = (await read(events.read, kind="Pod", namespace="shop2", name="web-abc-x2x4z")).rows

    assert [round(row.values["last_s"] / 60) for row in rows] == [1, 2]


async def test_a_pod_that_is_gone_is_missing_but_its_events_remain(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"events": [event("Pod/shop2/away", "Failed", gone=True)]})

    found = await read(events.read, kind="Pod", namespace="shop2", name="away")

    assert (found.missing, [row.values["stale"] for row in found.rows]) == ("Pod shop2/away", [True])


async def test_an_object_named_without_its_namespace_is_looked_for_in_all(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": WEB, "events": [event("Deployment/shop2/web", "Failed")]})

    rows = (await read(events.read, kind="Deployment", name="web")).rows
    assert [row.values["namespace"] for row in rows] == ["shop2"]

    by_pod = await read(events.read, kind="Pod", name="web-abc-x2x4z")
    assert ([row.values["name"] for row in by_pod.rows], by_pod.missing) == (["web"], "")


async def test_refusals_and_bad_patterns_are_gaps(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": WEB, "events": [event("ReplicaSet/shop2/web-abc", "FailedCreate")]})
    cluster.forbid(resource="replicasets")
    unread = await read(events.read, namespace="shop2")
    assert [row.values["stale"] for row in unread.rows] == [False]
    assert [gap.reason for gap in unread.gaps] == [GapReason.FORBIDDEN]

    bad = await read(events.read, namespace="shop2", args={"capture": "("})
    assert [gap.reason for gap in bad.gaps] == [GapReason.NOT_CONFIGURED]

    cluster.forbid(resource="events")
    refused = await read(events.read, namespace="shop2")
    assert (refused.rows, [gap.reason for gap in refused.gaps]) == ((), [GapReason.FORBIDDEN])
