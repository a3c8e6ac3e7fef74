"""Nodes that are not ready or under pressure: why, since when, and the pods that suffer from it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_states import read as PROBE

POD = "web-6c9f7d8b54-k2x8q"
SCENE = {
    "Node/worker-b": {"zone": "zone-b", "memory": "4Gi"},
    "Deployment/shop/web": {
        "containers": {"app": {"image": "web:7", "requests": {"memory": "1Gi"}}},
        "pods": {POD: {"node": "worker-b", "age": "5h"}},
    },
}
OF_NODE = {"kind": "Node", "name": "worker-b"}


async def of_node(cluster: SimulatedCluster, read: Any, fault: Any, *, shows: str = "readiness", **scene: Any) -> Any:
    faults = {"Node/worker-b": fault} if fault else {}
    cluster.load({"scene": SCENE | scene, "faults": faults})
    [row] = (await read(PROBE, args={"shows": shows}, **OF_NODE)).rows
    return row.values


@pytest.mark.parametrize(("message", "failure"), [
    ("container runtime is down", "runtime"),
    ("PLEG is not healthy: pleg was last seen active 4m12s ago; threshold is 3m0s", "pleg"),
    ("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni", "network"),
    ("node is shutting down", "shutdown"),
    ("CSINode is not yet initialized", "storage"),
    ("something else", "other"),
])  # fmt: skip
async def test_what_the_kubelet_says(cluster: SimulatedCluster, read: Any, message: str, failure: str) -> None:
    row = await of_node(cluster, read, {"not_ready": message, "since": "20m"})
    assert (row["ready"], row["failure"], row["since_s"], row["message"]) == ("False", failure, 1200, message)


async def test_a_silent_kubelet_and_its_pods(cluster: SimulatedCluster, read: Any) -> None:
    row = await of_node(cluster, read, {"unreachable": True, "since": "20m"})
    assert (row["ready"], row["failure"], row["lease_s"]) == ("Unknown", "silent", 1200)
    assert (row["pods"], row["lost"], row["terminating"]) == ((f"shop/{POD}",), 1, 0)


async def test_a_ready_node(cluster: SimulatedCluster, read: Any) -> None:
    row = await of_node(cluster, read, None)
    assert (row["ready"], row["failure"], row["lost"], row["lease_s"]) == ("True", "", -1, -1)
    assert row["recovered_s"] == -1


async def test_a_node_that_is_ready_again(cluster: SimulatedCluster, read: Any) -> None:
    row = await of_node(cluster, read, {"conditions": {"Ready": {"status": "True", "since": "20m"}}})
    assert (row["ready"], row["recovered_s"]) == ("True", 1200)


async def test_a_node_that_joined_just_now(cluster: SimulatedCluster, read: Any) -> None:
    young: dict[str, Any] = {"Node/worker-b": {"age": "2m"}}
    assert (await of_node(cluster, read, {"not_ready": "cni", "since": "2m"}, **young))["joining"]


@pytest.mark.parametrize(("zone", "shared"), [("zone-b", "zone-b"), ("zone-c", "")])
async def test_other_nodes_at_the_same_time(cluster: SimulatedCluster, read: Any, zone: str, shared: str) -> None:
    down = {"unreachable": True, "since": "20m"}
    scene = SCENE | {"Node/worker-c": {"zone": zone}, "Node/worker-a": {"zone": "zone-a"}}
    cluster.load({"scene": scene, "faults": {"Node/worker-b": down, "Node/worker-c": down | {"since": "22m"}}})
    [row] = (await read(PROBE, args={"shows": "readiness"}, **OF_NODE)).rows
    assert (row.values["others"], row.values["shared_zone"]) == (("worker-c",), shared)


async def test_the_node_of_the_pod_in_question(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE, "faults": {"Node/worker-b": {"unreachable": True}}})
    found = await read(PROBE, args={"shows": "readiness"}, kind="Pod", namespace="shop", name=POD)
    assert [row.values["node"] for row in found.rows] == ["worker-b"]


async def test_a_node_that_does_not_exist(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE})
    found = await read(PROBE, args={"shows": "readiness"}, kind="Node", name="worker-z")
    assert (found.rows, found.missing) == ((), "Node worker-z")


async def test_memory_pressure_and_the_pods_that_may_use_most(cluster: SimulatedCluster, read: Any) -> None:
    row = await of_node(cluster, read, {"pressure": "memory", "since": "20m"}, shows="memory")
    assert (row["pressure"], row["since_s"], row["tainted"], row["cleared_s"]) == ("True", 1200, True, -1)
    assert f"shop/{POD} (requests 1Gi, no limit)" in row["largest"]
    assert row["unlimited"] >= 1
    assert row["limits_pct"] >= row["requested_pct"] >= 25


async def test_pressure_that_is_over(cluster: SimulatedCluster, read: Any) -> None:
    over = {"conditions": {"PIDPressure": {"status": "False", "since": "20m"}}}
    row = await of_node(cluster, read, over, shows="pid")
    assert (row["pressure"], row["cleared_s"], row["pods"]) == ("False", 1200, ())


async def test_a_cordon_that_alone_keeps_a_pod_waiting(cluster: SimulatedCluster, read: Any) -> None:
    waits = {f"Pod/shop/{POD}": {"unschedulable": "0/4 nodes are available: 4 node(s) were unschedulable."}}
    cluster.load({"scene": SCENE, "faults": {"Node/worker-b": {"cordoned": "kubectl-drain", "since": "2h"}, **waits}})
    for asked in (OF_NODE, {"kind": "Pod", "namespace": "shop", "name": POD}):
        [row] = (await read(PROBE, args={"shows": "cordons"}, **asked)).rows
        assert (row.values["set_by"], row.values["by_hand"], row.values["since_s"]) == ("kubectl-drain", True, 7200)
        assert (row.values["pods"], row.values["waiting"]) == ((f"shop/{POD}",), 1)


async def test_a_cordoned_node_without_room_for_the_waiting_pod(cluster: SimulatedCluster, read: Any) -> None:
    small = SCENE | {"Node/worker-b": {"memory": "512Mi"}}
    waits = {f"Pod/shop/{POD}": {"unschedulable": "0/4 nodes are available: 4 node(s) were unschedulable."}}
    cluster.load({"scene": small, "faults": {"Node/worker-b": {"cordoned": True}, **waits}})
    [row] = (await read(PROBE, args={"shows": "cordons"}, **OF_NODE)).rows
    assert (row.values["unschedulable"], row.values["waiting"], row.values["set_by"]) == (True, 0, "")
