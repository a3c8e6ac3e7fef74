"""Pods that were evicted or not admitted: why, by whom, and whether another one runs in their place."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.pod_endings import read as PROBE

MEMORY = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 71420Ki. Container app was using"
    " 3811Mi, request is 1Gi, has larger consumption of memory. "
)
OLD, NEW = "web-6c9f7d8b54-k2x8q", "web-6c9f7d8b54-p4s7w"
OF_POD = {"kind": "Pod", "namespace": "shop", "name": OLD}
WEB = {"Deployment/shop/web": {"containers": {"app": "web:7"}, "pods": {OLD: {"node": "worker-b", "age": "5h"}}}}


async def only(read: Any, **asked: Any) -> Any:
    [row] = (await read(PROBE, **(OF_POD | asked))).rows
    return row.values


async def test_an_eviction_has_its_resource_and_amounts(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB, "faults": {f"Pod/shop/{OLD}": {"evicted": MEMORY, "since": "3h"}}})
    row = await only(read)
    assert (row["by"], row["resource"], row["failed"], row["since_s"]) == ("kubelet", "memory", True, 3 * 3600)
    assert (row["threshold"], row["available"]) == ("100Mi", "71420Ki")
    assert (row["container"], row["used"], row["requested"], row["limit"]) == ("app", "3811Mi", "1Gi", "")


async def test_a_pod_of_its_own_limit(cluster: SimulatedCluster, read: Any) -> None:
    message = 'Usage of EmptyDir volume "scratch" exceeds the limit "20Gi". '
    cluster.load({"scene": WEB, "faults": {f"Pod/shop/{OLD}": {"evicted": message}}})
    row = await only(read)
    assert (row["resource"], row["limit"], row["threshold"]) == ("own-limit", "20Gi", "")


@pytest.mark.parametrize(("age", "fault", "replaced"), [
    ("2h", {}, True),
    ("2h", {"readiness": "503", "since": "1h"}, False),
    ("4h", {}, False),
])  # fmt: skip
async def test_a_younger_ready_pod_replaces_it(
    cluster: SimulatedCluster, read: Any, age: str, fault: dict[str, str], *, replaced: bool
) -> None:
    pods = {OLD: {"node": "worker-b", "age": "5h"}, NEW: {"node": "worker-c", "age": age}}
    app = {"image": "web:7", "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}}}
    scene = {"Deployment/shop/web": {"containers": {"app": app}, "pods": pods}}
    faults = {f"Pod/shop/{OLD}": {"evicted": MEMORY, "since": "3h"}, f"Pod/shop/{NEW}": fault}
    cluster.load({"scene": scene, "faults": faults})
    row = await only(read)
    assert (row["replaced"], row["replacement"]) == (replaced, NEW if replaced else "")


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("PreemptionByScheduler", "preemption"),
        ("DeletionByTaintManager", "taint"),
        ("EvictionByEvictionAPI", "api"),
    ],
)
async def test_a_pod_that_is_being_removed_tells_by_whom(
    cluster: SimulatedCluster, read: Any, reason: str, by: str
) -> None:
    target = {"DisruptionTarget": {"status": True, "reason": reason, "message": "so", "since": "40s"}}
    cluster.load({"scene": WEB, "faults": {f"Pod/shop/{OLD}": {"deleted": "20s", "conditions": target}}})
    row = await only(read)
    assert (row["by"], row["reason"], row["failed"], row["since_s"]) == (by, reason, False, 40)


async def test_a_target_that_stays_is_not_evicted(cluster: SimulatedCluster, read: Any) -> None:
    target = {"DisruptionTarget": {"status": True, "reason": "EvictionByEvictionAPI", "message": "so"}}
    cluster.load({"scene": WEB, "faults": {f"Pod/shop/{OLD}": {"conditions": target}}})
    found = await read(PROBE, **OF_POD)
    assert (found.rows, found.looked_at) == ((), 1)


@pytest.mark.parametrize(
    ("reason", "message", "rejected"),
    [
        ("OutOfcpu", "Node didn't have enough resource: cpu, requested: 500, used: 3800, capacity: 4000", True),
        ("SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted', True),
        ("NodeShutdown", "Pod was rejected as the node is shutting down.", True),
        ("NodeShutdown", "Node is shutting, evicting pods", False),
        ("Preempting", "Preempted in order to admit critical pod", False),
    ],
)
async def test_a_refused_pod_is_not_an_evicted_one(
    cluster: SimulatedCluster, read: Any, reason: str, message: str, *, rejected: bool
) -> None:
    cluster.load({"scene": WEB, "faults": {f"Pod/shop/{OLD}": {"rejected": reason, "message": message}}})
    refused = (await read(PROBE, args={"how": "rejected"}, **OF_POD)).rows
    assert (len(refused), len((await read(PROBE, **OF_POD)).rows)) == (int(rejected), int(not rejected))


async def test_a_failed_program_is_neither(cluster: SimulatedCluster, read: Any) -> None:
    scene = {"Pod/shop/once": {"containers": {"app": "web:7"}, "spec": {"restartPolicy": "Never"}}}
    cluster.load({"scene": scene, "faults": {"Pod/shop/once": {"exited": 1, "ended": True}}})
    of_once = {"kind": "Pod", "namespace": "shop", "name": "once"}
    for how in ("evicted", "rejected"):
        assert (await read(PROBE, args={"how": how}, **of_once)).rows == ()
