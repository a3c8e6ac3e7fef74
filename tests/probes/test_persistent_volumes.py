"""Which waiting pods find a volume where nobody makes any, and why each volume is of no use to them."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.persistent_volumes import read as PROBE


def storage_class(provisioner: str = "kubernetes.io/no-provisioner") -> dict:
    return {"kind": "StorageClass", "metadata": {"name": "disks"}, "provisioner": provisioner}


def node(name: str, **spec: Any) -> dict:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def volume(name: str, on: str, *, phase: str = "Available", size: str = "10Gi", **spec: Any) -> dict:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [on]}
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "storageClassName": "disks",
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": "/mnt/disk"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
        }
        | spec,
        "status": {"phase": phase},
    }


def claim(name: str, *, size: str = "10Gi", phase: str = "Pending", **spec: Any) -> dict:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "pay"},
        "spec": {
            "storageClassName": "disks",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        }
        | spec,
        "status": {"phase": phase},
    }


def pod(*claims: str, on: str = "") -> dict:
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    return {
        "kind": "Pod",
        "metadata": {"name": "db-0", "namespace": "pay"},
        "spec": {"containers": [{"name": "db", "image": "db"}], "volumes": volumes} | ({"nodeName": on} if on else {}),
        "status": {"phase": "Running" if on else "Pending"},
    }


def held(by: str) -> dict:
    return {"claimRef": {"kind": "PersistentVolumeClaim", "namespace": "pay", "name": by, "uid": "gone"}}


async def test_each_volume_says_why_it_is_of_no_use(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [
            storage_class(), node("n1"), node("n2", unschedulable=True), pod("data"), claim("data"),
            volume("bound", "n1", phase="Bound", **held("other")),
            volume("cordoned", "n2"),
            volume("gone", "n9"),
            volume("released", "n1", phase="Released", **held("old")),
            volume("small", "n1", size="5Gi"),
            volume("shared", "n1", accessModes=["ReadOnlyMany"]),
        ]
    })  # fmt: skip

    rows = {row.values["pv"]: row for row in (await read(PROBE, kind="Pod", namespace="pay", name="db-0")).rows}

    assert {name: row.values["why_not"] for name, row in rows.items()} == {
        "released": "released pay/old",
        "cordoned": "node n2: cordoned",
        "gone": "its node is gone",
        "bound": "bound pay/other",
        "small": "too small",
        "shared": "other access modes",
    }
    assert next(iter(rows)) == "released"
    assert [name for name, row in rows.items() if row.values["reusable"]] == ["released"]
    values = rows["released"].values
    assert (values["volumes"], values["available"], values["bound"], values["released"]) == (6, 4, 1, 1)
    assert (values["usable"], values["open_nodes"], values["node"]) == (0, 0, "n1")


async def test_a_free_volume_on_a_node_that_takes_the_pod_opens_it(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {"objects": [storage_class(), node("n1"), pod("data"), claim("data"), volume("free", "n1", size="11Gi")]}
    )

    (row,) = (await read(PROBE, namespace="pay")).rows

    assert (row.values["open_nodes"], row.values["open_node"], row.values["why_not"]) == (1, "n1", "")


@pytest.mark.parametrize(("second", "open_nodes"), [("n1", 1), ("n2", 0)])
async def test_all_claims_of_a_pod_need_their_volumes_on_one_node(
    cluster: SimulatedCluster, read: Any, second: str, open_nodes: int
) -> None:
    cluster.load({
        "objects": [
            storage_class(), node("n1"), node("n2"), pod("a", "b"), claim("a", size="20Gi"), claim("b"),
            volume("one", "n1", size="30Gi"), volume("two", second),
        ]
    })  # fmt: skip

    rows = (await read(PROBE, namespace="pay")).rows

    assert {row.values["open_nodes"] for row in rows} == {open_nodes}
    assert {(row.values["pvc"], row.values["waiting_claims"]) for row in rows} == {("a", 2), ("b", 2)}


async def test_a_bound_claim_binds_the_pod_to_its_volumes_node(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [
            storage_class(), node("n1"), node("n2"), pod("logs", "data"),
            claim("logs", phase="Bound", volumeName="there"), claim("data"),
            volume("there", "n2", phase="Bound", **held("logs")), volume("free", "n1"),
        ]
    })  # fmt: skip

    assert {row.values["open_nodes"] for row in (await read(PROBE, namespace="pay")).rows} == {0}


async def test_a_volume_kept_for_the_claim_is_free_for_it(cluster: SimulatedCluster, read: Any) -> None:
    kept: dict = {"claimRef": {"kind": "PersistentVolumeClaim", "namespace": "pay", "name": "data"}}
    cluster.load({"objects": [storage_class(), node("n1"), pod("data"), claim("data"), volume("kept", "n1", **kept)]})

    assert [row.values["open_nodes"] for row in (await read(PROBE, namespace="pay")).rows] == [1]


async def test_without_any_volume_one_row_says_so(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [storage_class(), node("n1"), pod("data"), claim("data")]})

    (row,) = (await read(PROBE, namespace="pay")).rows

    assert (row.values["pv"], row.values["volumes"], row.values["open_nodes"], row.values["wants"]) == (
        "",
        0,
        0,
        10 << 30,
    )


@pytest.mark.parametrize(
    "objects",
    [
        [storage_class("csi.example.com"), pod("data"), claim("data")],  # somebody makes them
        [pod("data"), claim("data")],  # a class that does not exist
        [storage_class(), pod("data", on="n1"), claim("data", phase="Bound")],
        [storage_class(), pod(), claim("data")],
        [storage_class(), pod("data")],
    ],
)
async def test_other_pods_have_no_rows(cluster: SimulatedCluster, read: Any, objects: list[dict]) -> None:
    cluster.load({"objects": [node("n1"), *objects]})

    reading = await read(PROBE, kind="Pod", namespace="pay", name="db-0")

    assert (reading.rows, reading.gaps) == ((), ())


async def test_a_class_that_only_volumes_bear_is_made_by_hand(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node("n1"), pod("data"), claim("data"), volume("small", "n1", size="1Gi")]})

    (row,) = (await read(PROBE, namespace="pay")).rows

    assert row.values["open_nodes"] == 0


async def test_without_the_nodes_a_free_volume_may_still_do(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [storage_class(), pod("data"), claim("data"), volume("free", "n1")]})
    cluster.forbid(resource="nodes")

    reading = await read(PROBE, namespace="pay")

    assert [row.values["open_nodes"] for row in reading.rows] == [1]
    assert [str(gap.permission) for gap in reading.gaps] == ["list on nodes"]


@pytest.mark.parametrize("resource", ["persistentvolumes", "storageclasses", "persistentvolumeclaims"])
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, resource: str) -> None:
    cluster.load({"objects": [storage_class(), node("n1"), pod("data"), claim("data")]})
    cluster.forbid(resource=resource)

    reading = await read(PROBE, namespace="pay")

    assert reading.rows == ()
    assert resource in str(reading.gaps[0])


async def test_a_pod_that_is_gone_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE, kind="Pod", namespace="pay", name="gone")).missing == "Pod pay/gone"
