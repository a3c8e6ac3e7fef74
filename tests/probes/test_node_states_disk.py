"""Test the disk pressure of nodes: conditions, taints and evictions."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_states import read as PROBE
from intents.domain import ProbeResult


def node(
    name: str, *, pressure: str = "False", since: str = "-30d", taints: list[dict] | None = None, **labels: str
) -> dict:
    message = "kubelet has disk pressure" if pressure == "True" else "kubelet has no disk pressure"
    return {
        "kind": "Node",
        "metadata": {"name": name, "creationTimestamp": "-30d", "labels": labels},
        "spec": {"taints": taints or []},
        "status": {
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "-30d"},
                {
                    "type": "DiskPressure",
                    "status": pressure,
                    "reason": "KubeletHasDiskPressure",
                    "message": message,
                    "lastTransitionTime": since,
                },
            ],
            "nodeInfo": {"kernelVersion": "6.8.0", "osImage": "Ubuntu 24.04", "kubeletVersion": "v1.36.2"},
        },
    }


def evicted(name: str, *, on: str, message: str) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": on, "containers": [{"name": "a", "image": "a"}]},
        "status": {"phase": "Failed", "reason": "Evicted", "message": message},
    }


SHOWS = {"shows": "disk"}
DISK_TAINT = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule", "timeAdded": "-5m"}


def values(reading: ProbeResult) -> dict[str, dict[str, Any]]:
    return {str(row.values["node"]): dict(row.values) for row in reading.rows}


async def test_pressure_its_taint_and_its_evictions_are_counted_per_node(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        node("n1", pressure="True", since="-5m", taints=[DISK_TAINT]),
        node("n2"),
        evicted("web-1", on="n1", message="The node was low on resource: ephemeral-storage."),
        evicted("web-2", on="n1", message="The node was low on resource: memory."),
        evicted("web-3", on="n2", message="The node was low on resource: imagefs."),
    ]})  # fmt: skip

    reading = await read(PROBE, args=SHOWS)

    first, second = values(reading)["n1"], values(reading)["n2"]
    assert (first["pressure"], first["tainted"], first["since_s"]) == ("True", True, 300)
    assert (first["evictions"], second["evictions"]) == (1, 1)
    assert reading.rows[0].quote == "DiskPressure=True KubeletHasDiskPressure: kubelet has disk pressure"


async def test_only_a_condition_that_changed_after_registration_was_cleared(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [
        node("always-fine"), node("cleared", since="-12m"), node("still", pressure="True", since="-12m"),
    ]})  # fmt: skip

    found = values(await read(PROBE, args=SHOWS))

    assert {name: row["cleared_s"] for name, row in found.items()} == {
        "always-fine": -1, "cleared": 720, "still": -1,
    }  # fmt: skip


async def test_without_pressure_no_pod_is_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node("n1")]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE, args=SHOWS)

    assert reading.gaps == ()
    assert values(reading)["n1"]["evictions"] == -1


async def test_pressure_stays_known_though_pods_are_forbidden(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node("n1", pressure="True", since="-1h")]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE, args=SHOWS)

    assert values(reading)["n1"]["pressure"] == "True"
    assert [str(gap.permission) for gap in reading.gaps] == ["list on pods"]


async def test_a_node_asked_about_is_the_only_row_or_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node("n1"), node("n2")]})

    assert list(values(await read(PROBE, args=SHOWS, kind="Node", name="n2"))) == ["n2"]
    assert list(values(await read(PROBE, args=SHOWS, kind="Pod", namespace="shop", name="web", node="n1"))) == ["n1"]
    gone = await read(PROBE, args=SHOWS, kind="Node", name="n3")
    assert (gone.rows, gone.missing) == ((), "Node n3")


async def test_what_a_node_does_not_report_is_unknown(cluster: SimulatedCluster, read: Any) -> None:
    labels = {"topology.kubernetes.io/zone": "a", "node-role.kubernetes.io/control-plane": ""}
    cluster.load({"objects": [{"kind": "Node", "metadata": {"name": "n1", "labels": labels}}]})

    row = values(await read(PROBE, args=SHOWS))["n1"]

    assert row["pressure"] == "Unknown"
    assert row["since_s"] == -1
