"""Which PD pods are too many, and whose data cannot be on its volume any more."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.tidb_members import read as PROBE
from tests.probes.definitions import TIDB_CLUSTERS

ARGS = {"component": "pd"}


def tidb(*, replicas: int = 3, **status: Any) -> dict:
    return {
        "apiVersion": "pingcap.com/v1alpha1",
        "kind": "TidbCluster",
        "metadata": {"name": "db", "namespace": "pay", "creationTimestamp": "-90d"},
        "spec": {"pd": {"replicas": replicas}},
        "status": {"pd": status},
    }


def member(
    number: int, *, ready: bool = True, claim_age: str = "-90d", volume_age: str = "-90d", phase: str = "Bound"
) -> list[dict]:
    name = f"db-pd-{number}"
    labels = {"app.kubernetes.io/component": "pd", "app.kubernetes.io/instance": "db"}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "pd", "ready": ready, "restartCount": 0 if ready else 9, "state": {} if ready else waiting}
    return [
        {
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "pay", "labels": labels},
            "spec": {
                "nodeName": "n1",
                "containers": [{"name": "pd", "image": "pd"}],
                "volumes": [{"name": "pd", "persistentVolumeClaim": {"claimName": f"pd-{name}"}}],
            },
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                "containerStatuses": [status],
            },
        },
        {
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": f"pd-{name}", "namespace": "pay", "creationTimestamp": claim_age},
            "spec": {"volumeName": f"pv-{number}"},
            "status": {"phase": phase},
        },
        {
            "kind": "PersistentVolume",
            "metadata": {"name": f"pv-{number}", "creationTimestamp": volume_age},
            "spec": {"persistentVolumeReclaimPolicy": "Delete", "capacity": {"storage": "1Gi"}},
            "status": {"phase": "Bound"},
        },
    ]


async def members(read: Any, **focus: str) -> dict[str, dict]:
    return {row.values["pod"]: dict(row.values) for row in (await read(PROBE, args=ARGS, **focus)).rows}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({}, ""),
        ({"volume_age": "-2h"}, "its volume is younger than the cluster"),
        # A local disk is older than the pod that uses it.
        ({"claim_age": "-2h"}, "its claim is younger than the cluster"),
        ({"phase": "Lost"}, "its volume was deleted"),
        ({"claim_age": "-2159h", "volume_age": "-2159h"}, ""),  # an hour after the cluster
    ],
)
async def test_data_is_lost_if_its_volume_cannot_hold_it(
    cluster: SimulatedCluster, read: Any, written: dict, why: str
) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(), *member(1, ready=False, **written)]})

    row = (await members(read, namespace="pay"))["db-pd-1"]

    assert (row["lost_why"], row["lost"], row["crash_looping"]) == (why, bool(why), True)


async def test_a_volume_that_is_gone_is_lost(cluster: SimulatedCluster, read: Any) -> None:
    pod, claim, _ = member(0, ready=False)
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(), pod, claim]})

    row = (await members(read, namespace="pay"))["db-pd-0"]

    assert (row["pv"], row["pv_gone"], row["lost_why"]) == ("pv-0", True, "its volume was deleted")


async def test_pods_beyond_the_replicas_are_extra_and_have_nothing_to_lose(
    cluster: SimulatedCluster, read: Any
) -> None:
    failed = {"db-pd-0": {"podName": "db-pd-0"}, "odd": 3}
    parts = [*member(0), *member(1, ready=False, volume_age="-1h")]
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(replicas=1, failureMembers=failed), *parts]})

    rows = await members(read, kind="TidbCluster", namespace="pay", name="db")

    assert {name: (row["extra"], row["lost"]) for name, row in rows.items()} == {
        "db-pd-0": (False, False),
        "db-pd-1": (True, False),
    }
    row = rows["db-pd-0"]
    assert (row["pods"], row["replicas"], row["not_ready"], row["failure_members"]) == (2, 1, 1, ("db-pd-0",))
    assert (row["reclaim_policy"], row["ready"]) == ("Delete", True)


async def test_volumes_that_pd_left_behind_are_named(cluster: SimulatedCluster, read: Any) -> None:
    def released(name: str, namespace: str, claim: str) -> dict:
        holder = {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim, "uid": "gone"}
        spec = {"capacity": {"storage": "1Gi"}, "claimRef": holder}
        return {"kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec, "status": {"phase": "Released"}}

    left = [
        released("mine", "pay", "pd-db-pd-1"),
        released("tikv", "pay", "tikv-db-tikv-1"),
        released("elsewhere", "other", "pd-db-pd-1"),
    ]
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(), *member(0), *left]})

    assert (await members(read, namespace="pay"))["db-pd-0"]["released"] == ("mine",)


@pytest.mark.parametrize(
    ("focus", "found"),
    [
        ({"kind": "Pod", "namespace": "pay", "name": "db-pd-1"}, True),
        ({"kind": "StatefulSet", "namespace": "pay", "name": "db-pd"}, True),
        ({"kind": "Pod", "namespace": "pay", "name": "db-tikv-0"}, False),
        ({"kind": "Pod", "namespace": "pay", "name": "web-0"}, False),
        ({}, True),
    ],
)
async def test_a_member_stands_for_its_cluster(cluster: SimulatedCluster, read: Any, focus: dict, found: bool) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(), *member(0), *member(1)]})

    assert set(await members(read, **focus)) == ({"db-pd-0", "db-pd-1"} if found else set())


async def test_without_tidb_operator_there_is_no_question(cluster: SimulatedCluster, read: Any) -> None:
    assert (
        await read(PROBE, args=ARGS, namespace="pay")
    ).not_applicable == "this cluster does not serve tidbcluster.pingcap.com"


@pytest.mark.parametrize(
    ("resource", "rows"),
    [("tidbclusters", 0), ("pods", 0), ("persistentvolumeclaims", 1), ("persistentvolumes", 1)],
)
async def test_what_may_not_be_read_is_a_gap_and_proves_no_loss(
    cluster: SimulatedCluster, read: Any, resource: str, rows: int
) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(), *member(0, ready=False)]})
    cluster.forbid(resource=resource)

    reading = await read(PROBE, args=ARGS, namespace="pay")

    assert [row.values["lost"] for row in reading.rows] == [False] * rows
    assert resource in str(reading.gaps[0])
