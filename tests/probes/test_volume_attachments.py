"""Where the volumes of waiting pods are attached, which drivers serve them, and which nodes are full."""

from typing import Any

from bot.kube.volumes import driver_pod, mounted_volumes, source_of
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import volume_attachments

POD = {"kind": "Pod", "namespace": "shop", "name": "db-0"}
WAITS = {"Pod/shop/db-0": {"attach_error": "AttachVolume.Attach failed"}}


def attachment(node: str, volume: str = "pvc-1", **status: Any) -> dict:
    spec = {"attacher": "csi.example.com", "nodeName": node, "source": {"persistentVolumeName": volume}}
    return {"spec": spec, "status": {"attached": not status, **status}}


def scene(**others: Any) -> dict:
    return {
        "Node/worker-a": {},
        "Node/worker-b": {},
        "PersistentVolumeClaim/shop/db": {"volume": "pvc-1"},
        "Pod/shop/db-0": {"containers": {"db": "db:1"}, "claims": {"data": "db"}, "node": "worker-a", "age": "5m"},
        **others,
    }


async def test_a_volume_on_another_node_has_a_holder_with_its_pod(cluster: SimulatedCluster, read: Any) -> None:
    other = {"containers": {"db": "db:1"}, "claims": {"data": "db"}, "node": "worker-b"}
    world = scene(**{"VolumeAttachment/a": attachment("worker-b"), "Pod/shop/db-1": other})
    cluster.load({"scene": world, "faults": WAITS})

    (row,) = (await read(volume_attachments.read, **POD)).rows

    assert (row.values["holder_node"], row.values["holder_ready"]) == ("worker-b", "True")
    assert (row.values["holder_pod"], row.values["volume"], row.values["error"]) == ("shop/db-1", "pvc-1", "")


async def test_a_volume_that_several_nodes_may_have_has_no_holder(cluster: SimulatedCluster, read: Any) -> None:
    shared = {"volume": "pvc-1", "access": "ReadWriteMany"}
    world = scene(**{"VolumeAttachment/a": attachment("worker-b"), "PersistentVolumeClaim/shop/db": shared})
    cluster.load({"scene": world, "faults": WAITS})

    (row,) = (await read(volume_attachments.read, **POD)).rows

    assert row.values["holder_node"] == ""


async def test_the_error_of_an_attachment_and_the_limit_of_the_node(cluster: SimulatedCluster, read: Any) -> None:
    failed = attachment("worker-a", attachError={"message": "quota", "time": "2026-03-02T02:59:00Z"})
    drivers = [{"name": "csi.example.com", "nodeID": "worker-a", "allocatable": {"count": 2}}]
    cluster.load(
        {
            "scene": scene(
                **{
                    "VolumeAttachment/a": failed,
                    "VolumeAttachment/b": attachment("worker-a", "pvc-2"),
                    "CSINode/worker-a": {"spec": {"drivers": drivers}},
                }
            ),
            "faults": WAITS,
        }
    )

    (row,) = (await read(volume_attachments.read, **POD)).rows

    assert (row.values["error"], row.values["used"], row.values["limit"]) == ("quota", 2, 2)


async def test_a_pod_that_runs_has_no_row_and_reads_no_attachments(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene(), "forbidden": ["list volumeattachments.storage.k8s.io"]})

    reading = await read(volume_attachments.read, **POD)

    assert (reading.rows, reading.gaps, reading.looked_at) == ((), (), 1)


def test_the_sources_of_volumes_of_storage() -> None:
    nfs = {"name": "a", "nfs": {"server": "10.0.0.5", "path": "/x"}}
    pod = {"spec": {"volumes": [nfs, {"name": "b", "configMap": {"name": "c"}}]}}

    assert [each.volume for each in mounted_volumes(pod)] == ["a"]
    assert source_of(nfs) == "NFS 10.0.0.5:/x"


def test_the_pod_of_a_driver_names_the_drivers_socket() -> None:
    flag = "--kubelet-registration-path=/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock"
    pod = {"spec": {"containers": [{"name": "registrar", "args": [flag]}]}}

    assert driver_pod([{"spec": {}}, pod], "ebs.csi.aws.com") == pod
    assert driver_pod([pod], "csi.aws.com") is None
