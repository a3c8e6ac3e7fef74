"""Test the claims probe: the class of a claim is there, missing, or left to a default that does not exist."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.claims import read as PROBE


def claim(name: str = "data-db-0", *, phase: str = "Pending", namespace: str = "pay", **spec: Any) -> dict:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "-5m"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}} | spec,
        "status": {"phase": phase},
    }


def storage_class(name: str, **annotations: str) -> dict:
    return {
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": "csi.example.com",
        "volumeBindingMode": "Immediate",
    }


def workload() -> list[dict]:
    labels = {"app": "db"}
    template = {"metadata": {"name": "data"}, "spec": {"storageClassName": "fst"}}
    containers = [{"name": "db", "image": "db"}]
    return [
        {
            "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": "pay"},
            "spec": {
                "serviceName": "db",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
                "volumeClaimTemplates": [template],
            },
        },
        {
            "kind": "Pod",
            "metadata": {
                "name": "db-0",
                "namespace": "pay",
                "labels": labels,
                "ownerReferences": [{"kind": "StatefulSet", "name": "db"}],
            },
            "spec": {
                "containers": containers,
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}],
            },
            "status": {"phase": "Pending"},
        },
    ]


async def test_a_missing_class_is_told_with_the_one_most_like_it(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [*workload(), claim(storageClassName="fst"), storage_class("fast"), storage_class("archive")],
        "events": [
            {
                "for": "PersistentVolumeClaim/pay/data-db-0",
                "type": "Warning",
                "reason": "ProvisioningFailed",
                "message": 'storageclass.storage.k8s.io "fst" not found',
                "last": "-4s",
            }
        ],
    })  # fmt: skip

    (row,) = (await read(PROBE, kind="Pod", namespace="pay", name="db-0")).rows

    assert (row.values["storage_class"], row.values["class_exists"], row.values["nearest"]) == ("fst", False, "fast")
    assert (row.values["classes"], row.values["class_volumes"]) == (("archive", "fast"), 0)
    assert (row.values["pod"], row.values["owner_kind"], row.values["owner"]) == ("db-0", "StatefulSet", "db")
    assert (row.values["template"], row.values["template_class"]) == ("data", "fst")
    assert row.quote == 'storageclass.storage.k8s.io "fst" not found'


@pytest.mark.parametrize(
    ("spec", "named", "storage_class_name"),
    [({}, False, ""), ({"storageClassName": ""}, True, ""), ({"storageClassName": "fast"}, True, "fast")],
)
async def test_naming_no_class_and_refusing_every_class_are_two_things(
    cluster: SimulatedCluster, read: Any, spec: dict, named: bool, storage_class_name: str
) -> None:
    cluster.load({"objects": [claim(**spec), storage_class("fast")]})

    (row,) = (await read(PROBE, kind="PersistentVolumeClaim", namespace="pay", name="data-db-0")).rows

    assert (row.values["class_named"], row.values["storage_class"]) == (named, storage_class_name)
    assert row.values["class_exists"] is (storage_class_name == "fast")
    assert row.values["only_class"] == "fast"


async def test_the_annotation_of_old_names_the_class_too(cluster: SimulatedCluster, read: Any) -> None:
    old = claim()
    old["metadata"]["annotations"] = {"volume.beta.kubernetes.io/storage-class": "fast"}
    cluster.load({"objects": [old, storage_class("fast")]})

    (row,) = (await read(PROBE, namespace="pay")).rows

    assert (row.values["storage_class"], row.values["class_exists"]) == ("fast", True)


async def test_the_newest_default_class_counts(cluster: SimulatedCluster, read: Any) -> None:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    older, newer = storage_class("a-older", **default), storage_class("b-newer", **default)
    older["metadata"]["creationTimestamp"], newer["metadata"]["creationTimestamp"] = "-9d", "-1d"
    cluster.load({"objects": [claim(), newer, older]})

    assert [row.values["default_class"] for row in (await read(PROBE, namespace="pay")).rows] == ["b-newer"]


async def test_volumes_made_by_hand_that_bear_the_name_are_counted(cluster: SimulatedCluster, read: Any) -> None:
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": "nfs-1"},
        "spec": {"storageClassName": "by-hand", "capacity": {"storage": "1Gi"}},
    }
    cluster.load({"objects": [claim(storageClassName="by-hand"), volume]})

    assert [row.values["class_volumes"] for row in (await read(PROBE, namespace="pay")).rows] == [1]


async def test_without_a_name_only_claims_that_are_not_bound_are_in_question(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load(
        {"objects": [claim("a", phase="Bound"), claim("b"), claim("c", namespace="other"), claim("d", phase="Lost")]}
    )

    assert [row.values["pvc"] for row in (await read(PROBE, namespace="pay")).rows] == ["b", "d"]
    assert [row.values["pvc"] for row in (await read(PROBE)).rows] == ["c", "b", "d"]


async def test_a_class_in_question_means_the_claims_that_name_it(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [claim("a", storageClassName="x"), claim("b", storageClassName="y")]})

    assert [row.values["pvc"] for row in (await read(PROBE, kind="StorageClass", name="y")).rows] == ["b"]


async def test_a_claim_that_does_not_exist_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    reading = await read(PROBE, kind="PersistentVolumeClaim", namespace="pay", name="gone")

    assert (reading.rows, reading.missing) == ((), "PersistentVolumeClaim pay/gone")


@pytest.mark.parametrize(
    ("resource", "rows"),
    [
        ("storageclasses", 0),
        ("persistentvolumeclaims", 0),
        ("persistentvolumes", 1),
        ("events", 1),
        ("statefulsets", 1),
    ],
)
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, resource: str, rows: int) -> None:
    cluster.load({"objects": [*workload(), claim(storageClassName="fst")]})
    cluster.forbid(resource=resource)

    reading = await read(PROBE, kind="Pod", namespace="pay", name="db-0")

    assert len(reading.rows) == rows
    assert resource in str(reading.gaps[0])


async def test_more_claims_than_can_be_read_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [claim(f"c-{number:02}") for number in range(30)]})

    reading = await read(PROBE, namespace="pay")

    assert (len(reading.rows), [gap.what for gap in reading.gaps]) == (24, ["all claims"])
