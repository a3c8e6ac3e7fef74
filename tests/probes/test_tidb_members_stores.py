"""Which of a TiKV pod's stores counts, and whether its pod is meant to be there."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.tidb_members import read as PROBE
from tests.probes.definitions import TIDB_CLUSTERS

ARGS = {"component": "tikv"}

OLD, NEW = "2026-03-01T00:00:00Z", "2026-03-02T02:59:00Z"


def store(number: str, pod: str, state: str, heartbeat: str | None = NEW) -> dict:
    return {"id": number, "podName": pod, "state": state, "leaderCount": 1, "lastHeartbeatTime": heartbeat}


def tidb(*stores: dict, name: str = "db", replicas: int = 3, annotations: dict | None = None, **status: Any) -> dict:
    by_state: dict[str, dict] = {"stores": {}, "tombstoneStores": {}}
    for each in stores:
        by_state["tombstoneStores" if each["state"] == "Tombstone" else "stores"][each["id"]] = each
    return {
        "apiVersion": "pingcap.com/v1alpha1",
        "kind": "TidbCluster",
        "metadata": {"name": name, "namespace": "pay", "annotations": annotations or {}},
        "spec": {"tikv": {"replicas": replicas}},
        "status": {"tikv": by_state | status},
    }


def pod(name: str, *, ready: bool = True) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "pay", "labels": {"app.kubernetes.io/component": "tikv"}},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "tikv", "image": "tikv"}],
            "volumes": [{"name": "tikv", "persistentVolumeClaim": {"claimName": f"tikv-{name}"}}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


async def stores_of(read: Any, **focus: str) -> dict[str, dict]:
    return {row.values["store"]: dict(row.values) for row in (await read(PROBE, args=ARGS, **focus)).rows}


@pytest.mark.parametrize(
    ("stores", "newest"),
    [
        ([store("5", "db-tikv-1", "Tombstone", OLD), store("9", "db-tikv-1", "Up")], "9"),
        ([store("5", "db-tikv-1", "Up"), store("9", "db-tikv-1", "Tombstone", OLD)], "5"),
        # A Tombstone that has lost its heartbeat: ids only grow.
        ([store("5", "db-tikv-1", "Up"), store("9", "db-tikv-1", "Tombstone", None)], "9"),
        ([store("9", "db-tikv-1", "Tombstone", None), store("10", "db-tikv-1", "Tombstone", None)], "10"),
    ],
)
async def test_the_store_heard_of_last_is_the_pods_own(
    cluster: SimulatedCluster, read: Any, stores: list[dict], newest: str
) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(*stores)]})

    rows = await stores_of(read, namespace="pay")

    assert [number for number, row in rows.items() if row["newest"]] == [newest]


@pytest.mark.parametrize(
    ("replicas", "annotations", "failed", "wanted"),
    [
        (3, {}, {}, {"0", "1", "2"}),
        (1, {}, {}, {"0"}),
        (2, {"tikv.tidb.pingcap.com/delete-slots": "[1]"}, {}, {"0", "2"}),
        (2, {"tikv.tidb.pingcap.com/delete-slots": "nonsense"}, {}, {"0", "1"}),
        (2, {}, {"4": {"podName": "db-tikv-0", "storeID": "4"}}, {"0", "1", "2"}),
    ],
)
async def test_a_pod_is_wanted_by_its_ordinal(
    cluster: SimulatedCluster, read: Any, replicas: int, annotations: dict, failed: dict, wanted: set[str]
) -> None:
    stores = [store(str(at), f"db-tikv-{at}", "Up") for at in range(4)]
    cluster.load(
        {"objects": [TIDB_CLUSTERS, tidb(*stores, replicas=replicas, annotations=annotations, failureStores=failed)]}
    )

    rows = await stores_of(read, kind="TidbCluster", namespace="pay", name="db")

    assert {number for number, row in rows.items() if row["wanted"]} == wanted


async def test_a_store_is_joined_with_its_pod_and_its_volume(cluster: SimulatedCluster, read: Any) -> None:
    labels = {"app.kubernetes.io/instance": "db", "tidb.pingcap.com/store-id": "9"}
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-9", "labels": labels},
        "spec": {"persistentVolumeReclaimPolicy": "Retain", "capacity": {"storage": "1Gi"}},
    }
    stores = [store("9", "db-tikv-0", "Tombstone"), store("4", "db-tikv-1", "Up")]
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(*stores), pod("db-tikv-0", ready=False), volume]})

    rows = await stores_of(read, kind="StatefulSet", namespace="pay", name="db-tikv")

    assert (rows["9"]["pod_exists"], rows["9"]["pod_ready"], rows["4"]["pod_exists"]) == (True, False, False)
    assert (rows["9"]["pvc"], rows["9"]["pv"]) == ("tikv-db-tikv-0", "pv-9")
    assert (rows["9"]["reclaim_policy"], rows["9"]["up_stores"], rows["4"]["pv"]) == ("Retain", 1, "")


async def test_without_its_label_the_volume_is_found_by_the_claim(cluster: SimulatedCluster, read: Any) -> None:
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "tikv-db-tikv-0", "namespace": "pay"},
        "spec": {"volumeName": "pv-1"},
    }
    volume = {"kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": {"capacity": {"storage": "1Gi"}}}
    cluster.load(
        {"objects": [TIDB_CLUSTERS, tidb(store("9", "db-tikv-0", "Offline")), pod("db-tikv-0"), claim, volume]}
    )

    row = (await stores_of(read, namespace="pay"))["9"]

    assert row["pv"] == "pv-1"


@pytest.mark.parametrize(
    ("focus", "stores"),
    [
        ({"kind": "Pod", "namespace": "pay", "name": "db-tikv-1"}, {"2"}),
        ({"kind": "Pod", "name": "db-tikv-1"}, {"2"}),
        ({"kind": "Pod", "namespace": "pay", "name": "db-pd-1"}, set()),
        ({"kind": "Pod", "namespace": "pay", "name": "web-0"}, set()),
        ({"namespace": "pay"}, {"1", "2", "3"}),
        ({}, {"1", "2", "3"}),
    ],
)
async def test_what_is_named_is_what_is_read(
    cluster: SimulatedCluster, read: Any, focus: dict, stores: set[str]
) -> None:
    other = tidb(store("3", "other-tikv-0", "Up"), name="other")
    cluster.load({
        "objects": [TIDB_CLUSTERS, other, tidb(store("1", "db-tikv-0", "Up"), store("2", "db-tikv-1", "Up"))]
    })  # fmt: skip

    assert set(await stores_of(read, **focus)) == stores


async def test_what_is_no_store_in_the_status_is_left_out(cluster: SimulatedCluster, read: Any) -> None:
    strange = {"collisionCount": {"id": "", "podName": "", "state": ""}, "replicas": 3, "7": {"podName": "db-tikv-0"}}
    cluster.load(
        {"objects": [TIDB_CLUSTERS, tidb(store("1", "db-tikv-0", "Up")) | {"status": {"tikv": {"stores": strange}}}]}
    )

    assert await stores_of(read, namespace="pay") == {}


async def test_a_cluster_that_is_not_there_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS]})

    assert (
        await read(PROBE, args=ARGS, kind="TidbCluster", namespace="pay", name="db")
    ).missing == "TidbCluster pay/db"
    assert (await read(PROBE, args=ARGS, named={"tidbcluster": "db"})).missing == "TidbCluster db"


async def test_without_tidb_operator_there_is_no_question(cluster: SimulatedCluster, read: Any) -> None:
    assert (
        await read(PROBE, args=ARGS, namespace="pay")
    ).not_applicable == "this cluster does not serve tidbcluster.pingcap.com"


@pytest.mark.parametrize(("resource", "rows"), [("tidbclusters", 0), ("pods", 1), ("persistentvolumes", 1)])
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, resource: str, rows: int) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb(store("9", "db-tikv-0", "Offline")), pod("db-tikv-0")]})
    cluster.forbid(resource=resource)

    reading = await read(PROBE, args=ARGS, namespace="pay")

    assert (len(reading.rows), resource in str(reading.gaps[0])) == (rows, True)
