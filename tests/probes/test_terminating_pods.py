"""Pods that are being deleted: overdue by how much, and what can hold them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.terminating_pods import read as PROBE

POD = "web-6c9f7d8b54-k2x8q"
OF_POD = {"kind": "Pod", "namespace": "shop", "name": POD}
WEB = {
    "Node/worker-b": {},
    "PersistentVolumeClaim/shop/data": {},
    "Deployment/shop/web": {
        "containers": {"app": {"image": "web:7", "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}},
        "pod": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
        "pods": {POD: {"node": "worker-b", "age": "5h"}},
    },
}


async def only(cluster: SimulatedCluster, read: Any, **faults: Any) -> Any:
    cluster.load({"scene": WEB, "faults": {name.replace("__", "/"): fault for name, fault in faults.items()}})
    [row] = (await read(PROBE, **OF_POD)).rows
    return row.values


async def test_a_pod_past_its_grace_period(cluster: SimulatedCluster, read: Any) -> None:
    row = await only(cluster, read, **{f"Pod/shop/{POD}": {"deleted": "20m"}})
    assert (row["overdue_s"], row["left_s"], row["grace_s"], row["node_state"]) == (1200, 0, 30, "ready")
    assert (row["running"], row["hooks"], row["claims"]) == (("app",), ("app",), ("data",))


async def test_a_pod_within_its_grace_period(cluster: SimulatedCluster, read: Any) -> None:
    metadata = {"deletionTimestamp": "+30m", "deletionGracePeriodSeconds": 3600}
    row = await only(cluster, read, **{f"Pod/shop/{POD}": {"metadata": metadata}})
    assert (row["overdue_s"], row["left_s"], row["grace_s"]) == (0, 1800, 3600)


@pytest.mark.parametrize(("fault", "state"), [
    ({"unreachable": True, "since": "1h"}, "not reporting"),
    ({"not_ready": "container runtime is down", "since": "1h"}, "not ready"),
    ({"gone": True}, "gone"),
])  # fmt: skip
async def test_the_state_of_its_node(cluster: SimulatedCluster, read: Any, fault: dict[str, Any], state: str) -> None:
    row = await only(cluster, read, **{f"Pod/shop/{POD}": {"deleted": "20m"}, "Node/worker-b": fault})
    assert row["node_state"] == state
    assert row["node_since_s"] == (-1 if state == "gone" else 3600)


async def test_finalizers_and_the_controllers_that_remove_them(cluster: SimulatedCluster, read: Any) -> None:
    finalizers = ["batch.kubernetes.io/job-tracking", "storage.example.com/flush"]
    row = await only(cluster, read, **{f"Pod/shop/{POD}": {"deleted": "20m", "finalizers": finalizers}})
    assert row["finalizers"] == tuple(finalizers)
    assert row["keepers"] == ("the Job controller of kube-controller-manager", "the controller of storage.example.com")


@pytest.mark.parametrize("gone", [True, False])
async def test_the_job_of_a_pod_that_its_finalizer_holds(cluster: SimulatedCluster, read: Any, *, gone: bool) -> None:
    finalizer = {"deleted": "20m", "finalizers": ["batch.kubernetes.io/job-tracking"]}
    scene = {"Job/shop/report": {"containers": {"report": "report:1"}, "pods": ["report-x7k2p"]}}
    faults: dict[str, Any] = {"Pod/shop/report-x7k2p": finalizer} | (
        {"Job/shop/report": {"gone": True}} if gone else {}
    )
    cluster.load({"scene": scene, "faults": faults})
    [row] = (await read(PROBE, **(OF_POD | {"name": "report-x7k2p"}))).rows
    assert row.values["owner_gone"] is gone


async def test_a_pod_that_stays_has_no_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB})
    found = await read(PROBE, **OF_POD)
    assert (found.rows, found.looked_at) == ((), 1)
