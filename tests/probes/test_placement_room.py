"""Test the node-room probe: requests against what is free, node by node."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.placement import read as PROBE
from intents.domain import GapReason, ProbeResult

GI = 2**30


def node(
    name: str, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", more: dict | None = None, **spec: Any
) -> dict:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": pods} | (more or {}),
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(
    name: str, *, on: str = "", owner: str = "", phase: str = "", spec: dict | None = None, **requests: str
) -> dict:
    owners = [dict(zip(("kind", "name"), owner.split("/"), strict=True))] if owner else []
    requests = {"nvidia.com/gpu" if key == "gpus" else key: value for key, value in requests.items()}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "batch", "ownerReferences": owners},
        "spec": {"containers": [{"name": "a", "image": "a", "resources": {"requests": requests}}]}
        | ({"nodeName": on} if on else {})
        | (spec or {}),
        "status": {"phase": phase or ("Running" if on else "Pending")},
    }


def by_node(reading: ProbeResult) -> dict[str, dict[str, Any]]:
    return {str(row.values["node"]): dict(row.values) for row in reading.rows}


async def test_free_is_allocatable_without_what_pods_that_still_run_take(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        node("n1"),
        pod("busy", on="n1", cpu="1500m", memory="2Gi"),
        pod("done", on="n1", phase="Succeeded", cpu="3"),
        pod("evicted", on="n1", phase="Failed", cpu="3"),
        pod("a", cpu="3", memory="1Gi"),
    ]})  # fmt: skip

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    row = by_node(reading)["n1"]
    assert (row["free_cpu_m"], row["free_mem"]) == (2500, 6 * GI)
    assert (row["alloc_cpu_m"], row["alloc_mem"], row["asks"]) == (4000, 8 * GI, "cpu 3, memory 1Gi")
    assert (row["fits"], row["large_enough"], row["lacks"]) == (False, True, ("cpu",))
    assert row["shortfall"] == "cpu 3 > 2.5 / 4"
    assert row["asks"] == "cpu 3, memory 1Gi"


async def test_a_node_that_has_room_but_keeps_the_pod_off_does_not_count(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        node("admits", cpu="1"),
        node("cordoned", unschedulable=True),
        node("tainted", taints=[{"key": "team", "value": "blue", "effect": "NoSchedule"}]),
        pod("a", cpu="2"),
    ]})  # fmt: skip

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    rows = by_node(reading)
    assert {name: row["why_not"] for name, row in rows.items()} == {
        "admits": "", "cordoned": "cordoned", "tainted": "taint team=blue:NoSchedule",
    }  # fmt: skip
    assert rows["cordoned"]["fits"]
    assert {(row["nodes_total"], row["admitting_nodes"], row["fitting_nodes"]) for row in rows.values()} == {(3, 1, 0)}
    assert reading.rows[0].values["node"] == "admits", "those that admit the pod come first"


async def test_extended_resources_and_places_for_pods_run_out_too(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        node("gpu", pods="1", more={"nvidia.com/gpu": "1"}),
        node("plain"),
        pod("busy", on="gpu"),
        pod("a", gpus="1"),
    ]})  # fmt: skip

    rows = by_node(await read(PROBE, kind="Pod", namespace="batch", name="a"))

    assert rows["gpu"]["lacks"] == ("pods",)
    assert rows["plain"]["lacks"] == ("nvidia.com/gpu",)
    assert not rows["plain"]["large_enough"]
    assert {row["large_enough_nodes"] for row in rows.values()} == {1}


async def test_the_largest_consumer_of_what_lacks_is_named_and_the_largest_that_can_be_scaled(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [
        node("n1"),
        pod("agent-x2x4z", on="n1", owner="DaemonSet/agent", cpu="2"),
        pod("web-0", on="n1", owner="StatefulSet/web", cpu="1", memory="1Gi"),
        pod("cache-0", on="n1", owner="StatefulSet/cache", cpu="500m", memory="6Gi"),
        pod("a", cpu="3"),
    ]})  # fmt: skip

    row = by_node(await read(PROBE, kind="Pod", namespace="batch", name="a"))["n1"]

    assert row["largest_consumer"] == "batch/agent-x2x4z"
    assert (row["consumer_kind"], row["consumer_namespace"], row["consumer"]) == ("StatefulSet", "batch", "web")


async def test_of_many_waiting_pods_the_largest_kinds_are_looked_at(cluster: SimulatedCluster, read: Any) -> None:
    waiting = [pod(f"{owner}-{at}", owner=f"StatefulSet/{owner}", cpu=f"{size}") for owner, size in
               (("s1", 5), ("s2", 6), ("s3", 7), ("s4", 8)) for at in range(2)]  # fmt: skip
    cluster.load({"objects": [node("n1"), *waiting]})

    reading = await read(PROBE, namespace="batch")

    assert [row.values["pod"] for row in reading.rows] == ["s4-0", "s3-0", "s2-0"]
    assert [gap.reason for gap in reading.gaps] == [GapReason.TRUNCATED]


async def test_pods_that_have_a_node_or_a_gate_ask_for_no_room(cluster: SimulatedCluster, read: Any) -> None:
    gated = pod("gated", cpu="9", spec={"schedulingGates": [{"name": "example.com/wait"}]})
    cluster.load({"objects": [node("n1"), pod("a", on="n1", cpu="1"), gated]})

    assert (await read(PROBE, kind="Pod", namespace="batch", name="a")).rows == ()
    assert (await read(PROBE, namespace="batch")).rows == ()


async def test_without_all_pods_of_the_cluster_no_room_is_counted(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node("n1"), pod("a", cpu="1")]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    assert reading.rows == ()
    assert [str(gap) for gap in reading.gaps] == ["cannot read pods in all namespaces: needs list on pods"]


@pytest.mark.parametrize(("cpu", "known"), [("9", True), ("3", False)], ids=["larger than any node", "not"])
async def test_a_pod_larger_than_any_node_needs_no_list_of_the_others(
    cluster: SimulatedCluster, read: Any, cpu: str, known: bool
) -> None:
    cluster.load({"objects": [node("n1"), node("n2", cpu="8"), pod("busy", on="n1", cpu="2"), pod("a", cpu=cpu)]})
    cluster.fail(path_prefix="/api/v1/pods", status=500, times=100)

    reading = await read(PROBE, kind="Pod", namespace="batch", name="a")

    assert bool(reading.rows) is known
    assert bool(reading.gaps) is not known
    assert all(row.values["fitting_nodes"] == row.values["large_enough_nodes"] == 0 for row in reading.rows)
