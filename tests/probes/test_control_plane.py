"""The components of the control plane: their Leases and pods, and what waits for them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.control_plane import read as PROBE

SCHEDULER = "kube-scheduler-control-1"
WEB = {"Deployment/shop/web": {"containers": {"app": "web:7"}, "pods": {"web-6c9f7d8b54-k2x8q": {"age": "5h"}}}}
OF_POD = {"kind": "Pod", "namespace": "shop", "name": "web-6c9f7d8b54-k2x8q"}


@pytest.fixture(autouse=True)
def control_plane(cluster: SimulatedCluster) -> None:
    """Load the control plane that every cluster of a scene has."""
    cluster.load_neighbours()


async def test_every_component_of_a_healthy_control_plane(read: Any) -> None:
    rows = {row.values["component"]: row.values for row in (await read(PROBE)).rows}
    assert list(rows) == ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"]
    assert [row["lease_s"] for row in rows.values()] == [2, 2, -1, -1]
    assert all(row["down"] == () and len(row["members"]) == 1 for row in rows.values())


async def test_a_scheduler_that_crashes(cluster: SimulatedCluster, read: Any) -> None:
    fault = {"waiting": "CrashLoopBackOff", "exited": 1, "restarts": 7, "since": "12m"}
    cluster.load({"faults": {f"Pod/kube-system/{SCHEDULER}": fault}})
    [row] = (await read(PROBE, kind="Pod", namespace="kube-system", name=SCHEDULER)).rows
    assert (row.values["pod"], row.values["node"], row.values["down_s"]) == (SCHEDULER, "control-1", 720)
    assert row.values["why"] == "CrashLoopBackOff, 7 restarts"


async def test_the_lease_alone_tells_of_a_managed_control_plane(cluster: SimulatedCluster, read: Any) -> None:
    faults = {
        f"Pod/kube-system/{SCHEDULER}": {"gone": True},
        "Lease/kube-system/kube-scheduler": {"spec": {"renewTime": "-12m"}},
    }
    cluster.load({"faults": faults})
    [row] = (await read(PROBE, named={"component": "kube-scheduler"})).rows
    assert (row.values["lease_s"], row.values["holder"], row.values["members"]) == (720, "control-1", ())


async def test_a_pod_that_no_scheduler_has_looked_at(cluster: SimulatedCluster, read: Any) -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"name": "late", "namespace": "shop", "creationTimestamp": "-10m"},
        "spec": {"containers": [{"name": "app", "image": "web:7"}]},
        "status": {"phase": "Pending"},
    }
    cluster.load({"objects": [pod]})
    [row] = (await read(PROBE, kind="Pod", namespace="shop", name="late")).rows
    assert (row.values["component"], row.values["pods"]) == ("kube-scheduler", ("shop/late",))


async def test_a_workload_that_its_controller_has_not_seen(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB, "faults": {"Deployment/shop/web": {"metadata": {"generation": 9}}}})
    [row] = (await read(PROBE, kind="Deployment", namespace="shop", name="web")).rows
    assert row.values["component"] == "kube-controller-manager"


async def test_a_healthy_pod_is_not_alone_in_question(cluster: SimulatedCluster, read: Any) -> None:
    """etcdNoLeader names the member that lacks a leader, not the member that is down."""
    down = {
        "kind": "Pod",
        "metadata": {"name": "etcd-control-2", "namespace": "kube-system", "creationTimestamp": "-9d",
                     "labels": {"component": "etcd", "tier": "control-plane"}},
        "spec": {"containers": [{"name": "etcd", "image": "etcd:3.5.21-0"}], "nodeName": "worker-a"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "-12m"}]},
    }  # fmt: skip
    cluster.load({"objects": [down]})
    [row] = (await read(PROBE, kind="Pod", namespace="kube-system", name="etcd-control-1")).rows
    assert (row.values["members"], row.values["down"]) == (("etcd-control-1", "etcd-control-2"), ("etcd-control-2",))


@pytest.mark.parametrize(("renewed", "leases"), [("-2s", 1), ("-12m", 2)])
async def test_one_lease_in_force_tells_that_etcd_takes_writes(
    cluster: SimulatedCluster, read: Any, renewed: str, leases: int
) -> None:
    cluster.load({"faults": {"Lease/kube-system/kube-scheduler": {"spec": {"renewTime": renewed}}}})
    found = await read(PROBE, args={"whole": True}, kind="Pod", namespace="kube-system", name="etcd-control-1")
    assert len([row for row in found.rows if row.values["lease_s"] >= 0]) == leases
    assert len([each for each in cluster.requests if "/leases/" in each.path]) == leases


@pytest.mark.parametrize("focus", [OF_POD, {"kind": "Deployment", "namespace": "shop", "name": "web"}])
async def test_what_runs_costs_one_call(cluster: SimulatedCluster, read: Any, focus: dict[str, str]) -> None:
    cluster.load({"scene": WEB})
    found = await read(PROBE, **focus)
    assert found.not_applicable
    assert len([each for each in cluster.requests if each.path != "/version"]) == 1
