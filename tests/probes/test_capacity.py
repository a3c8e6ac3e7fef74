"""The capacity of the cluster: requests and quotas beside what nodes allocate."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.capacity import read as PROBE

NODES = {
    "Node/small": {"cpu": 4, "memory": "8Gi", "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}}},
    "Node/large": {"cpu": 8, "memory": "32Gi", "status": {"allocatable": {"cpu": "8", "memory": "32Gi"}}},
}


def pods(count: int) -> dict[str, Any]:
    container = {"image": "web:1", "requests": {"cpu": "1", "memory": "1Gi"}}
    return {"Deployment/shop/web": {"replicas": count, "containers": {"app": container}}}


def quota(**hard: str) -> dict[str, Any]:
    return {"ResourceQuota/shop/compute": {"spec": {"hard": hard}, "status": {"hard": hard, "used": {}}}}


async def rows_of(cluster: SimulatedCluster, read: Any, scene: dict[str, Any]) -> dict[str, Any]:
    cluster.load({"scene": scene})
    return {str(row.values["resource"]): row.values for row in (await read(PROBE)).rows}


async def test_what_does_not_fit_without_the_largest_node(cluster: SimulatedCluster, read: Any) -> None:
    rows = await rows_of(cluster, read, NODES | pods(6))

    assert (rows["cpu"]["requested"], rows["cpu"]["largest"], rows["cpu"]["short"]) == ("6", "large", "2")
    assert (rows["memory"]["requested"], rows["memory"]["short"]) == ("6Gi", "")
    assert rows["cpu"]["namespaces"] == ("shop (100%)",)


async def test_one_node_alone_cannot_be_spared(cluster: SimulatedCluster, read: Any) -> None:
    rows = await rows_of(cluster, read, {"Node/large": NODES["Node/large"]} | pods(6))

    assert rows["cpu"]["short"] == ""


async def test_the_lower_of_two_limits_of_a_quota_counts(cluster: SimulatedCluster, read: Any) -> None:
    rows = await rows_of(cluster, read, NODES | quota(memory="80Gi", **{"requests.memory": "100Gi"}))

    assert (rows["memory"]["quotas"], rows["memory"]["quota_percent"]) == ("80Gi", 200)
    assert (rows["cpu"]["quotas"], rows["cpu"]["quota_percent"]) == ("", 0)


async def test_a_part_of_the_nodes_proves_nothing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": NODES | pods(6), "forbidden": ["list nodes"]})

    found = await read(PROBE)

    assert found.rows == ()
    assert found.gaps
