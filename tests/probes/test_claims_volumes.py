"""Test the volumes probe: pod, claim, volume, and the age of the cluster they serve."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.claims import read as PROBE
from tests.probes.definitions import TIDB_CLUSTERS

VOLUMES = {"shows": "volume"}


def world(
    *, cluster_age: str = "-1h", claim_age: str = "-1h", volume_age: str = "-1h", volume: dict | None = None
) -> dict:
    owned = {"ownerReferences": [{"kind": "StatefulSet", "name": "db-tikv"}]}
    return {
        "objects": [
            TIDB_CLUSTERS,
            {
                "apiVersion": "pingcap.com/v1alpha1",
                "kind": "TidbCluster",
                "metadata": {"name": "db", "namespace": "pay", "creationTimestamp": cluster_age},
                "spec": {},
            },
            {
                "kind": "StatefulSet",
                "metadata": {
                    "name": "db-tikv",
                    "namespace": "pay",
                    "creationTimestamp": "-5m",
                    "ownerReferences": [{"kind": "TidbCluster", "name": "db"}],
                },
                "spec": {
                    "serviceName": "db",
                    "selector": {"matchLabels": {"app": "db"}},
                    "template": {
                        "metadata": {"labels": {"app": "db"}},
                        "spec": {"containers": [{"name": "tikv", "image": "a"}]},
                    },
                },
            },
            {
                "kind": "Pod",
                "metadata": {"name": "db-tikv-0", "namespace": "pay", **owned},
                "spec": {
                    "nodeName": "worker-b",
                    "containers": [{"name": "tikv", "image": "pingcap/tikv:v7"}],
                    "volumes": [
                        {"name": "data", "persistentVolumeClaim": {"claimName": "tikv-db-tikv-0"}},
                        {"name": "config", "configMap": {"name": "db"}},
                    ],
                },
                "status": {"phase": "Running"},
            },
            {
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "tikv-db-tikv-0", "namespace": "pay", "creationTimestamp": claim_age},
                "spec": {"volumeName": "pv-1", "storageClassName": "fast", "accessModes": ["ReadWriteOnce"]},
                "status": {"phase": "Bound"},
            },
            {
                "kind": "PersistentVolume",
                "metadata": {"name": "pv-1", "creationTimestamp": volume_age},
                "spec": {"persistentVolumeReclaimPolicy": "Retain", "capacity": {"storage": "1Gi"}, **(volume or {})},
                "status": {"phase": "Bound"},
            },
        ]
    }


@pytest.mark.parametrize(
    ("ages", "older"),
    [
        ({}, False),
        ({"volume_age": "-9d"}, True),
        ({"claim_age": "-9d"}, True),
        ({"cluster_age": "-9d"}, False),
        ({"claim_age": "-3630s"}, False),  # made in the same minute
    ],
)
async def test_data_is_older_than_its_cluster_if_claim_or_volume_is(
    cluster: SimulatedCluster, read: Any, ages: dict, older: bool
) -> None:
    cluster.load(world(**ages))

    (row,) = (await read(PROBE, args=VOLUMES, kind="Pod", namespace="pay", name="db-tikv-0")).rows

    assert row.values["older_than_cluster"] is older
    assert (row.values["cluster_kind"], row.values["cluster"]) == ("TidbCluster", "db")
    assert (row.values["pvc"], row.values["pv"], row.values["reclaim_policy"], row.values["storage_class"]) == (
        "tikv-db-tikv-0", "pv-1", "Retain", "fast",
    )  # fmt: skip


async def test_a_local_volume_tells_its_node(cluster: SimulatedCluster, read: Any) -> None:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["worker-c"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    cluster.load(world(volume={"local": {"path": "/mnt/ssd"}, "nodeAffinity": affinity}))

    (row,) = (await read(PROBE, args=VOLUMES, namespace="pay")).rows

    assert (row.values["local"], row.values["node"]) == (True, "worker-c")


@pytest.mark.parametrize("resource", ["persistentvolumes", "persistentvolumeclaims", "tidbclusters"])
async def test_what_may_not_be_read_is_a_gap_and_the_row_stays(
    cluster: SimulatedCluster, read: Any, resource: str
) -> None:
    cluster.load(world(volume_age="-9d"))
    cluster.forbid(resource=resource)

    reading = await read(PROBE, args=VOLUMES, namespace="pay")

    assert [row.values["pvc"] for row in reading.rows] == ["tikv-db-tikv-0"]
    assert resource in str(reading.gaps[0])


async def test_a_claim_that_does_not_exist_yet_has_no_volume(cluster: SimulatedCluster, read: Any) -> None:
    state = world()
    state["objects"] = [each for each in state["objects"] if each["kind"] != "PersistentVolumeClaim"]
    cluster.load(state)

    (row,) = (await read(PROBE, args=VOLUMES, namespace="pay")).rows

    assert (row.values["phase"], row.values["pv"], row.values["data_age_s"], row.values["older_than_cluster"]) == (
        "", "", -1, False,
    )  # fmt: skip


async def test_a_pod_without_an_owner_belongs_to_no_cluster(cluster: SimulatedCluster, read: Any) -> None:
    state = world(volume_age="-9d")
    for each in state["objects"]:
        if each["kind"] == "Pod":
            del each["metadata"]["ownerReferences"]
            each["spec"]["volumes"].append({"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}})
    cluster.load(state)

    rows = (await read(PROBE, args=VOLUMES, namespace="pay")).rows

    assert [row.values["pvc"] for row in rows] == ["tikv-db-tikv-0", "db-tikv-0-scratch"]
    assert {(row.values["cluster"], row.values["older_than_cluster"]) for row in rows} == {("", False)}
