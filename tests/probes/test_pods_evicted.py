"""Test the rows of pods that kubelets evicted."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.pods import read as PROBE

EVICTED = {"state": "evicted"}
DISK = "The node was low on resource: ephemeral-storage. Threshold quantity: 10120387530, available: 9520612Ki. "


def failed(name: str, *, namespace: str = "shop", node: str = "n1", reason: str = "Evicted", **status: Any) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": node, "containers": [{"name": "a", "image": "a"}]},
        "status": {"phase": "Failed", "reason": reason, "message": DISK, "startTime": "-2h"} | status,
    }


async def test_the_newest_eviction_comes_first_and_other_failures_not_at_all(
    cluster: SimulatedCluster, read: Any
) -> None:
    disruption = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "-10m"}
    finished = [{"name": "a", "state": {"terminated": {"exitCode": 137, "finishedAt": "-20m"}}}]
    cluster.load({"objects": [
        failed("oldest"),
        failed("finished", containerStatuses=finished),
        failed("told", conditions=[disruption], containerStatuses=finished),
        failed("crashed", reason="Error"),
    ]})  # fmt: skip

    rows = (await read(PROBE, args=EVICTED, namespace="shop")).rows

    assert [(row.values["pod"], row.values["age_s"]) for row in rows] == [
        ("told", 600), ("finished", 1200), ("oldest", 7200),
    ]  # fmt: skip
    assert rows[0].quote == DISK
    assert (rows[0].values["resource"], rows[0].values["disk"]) == ("ephemeral-storage", True)


async def test_a_node_is_asked_about_in_all_namespaces(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [failed("a"), failed("b", namespace="pay"), failed("c", node="n2")]})

    assert {row.values["pod"] for row in (await read(PROBE, args=EVICTED, kind="Node", name="n1")).rows} == {"a", "b"}
    assert {row.values["pod"] for row in (await read(PROBE, args=EVICTED, namespace="pay")).rows} == {"b"}
    assert {row.values["pod"] for row in (await read(PROBE, args=EVICTED)).rows} == {"a", "b", "c"}


async def test_the_pod_that_was_named_comes_first_and_is_marked(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [failed("a", startTime="-1m"), failed("b")]})

    rows = (await read(PROBE, args=EVICTED, kind="Pod", namespace="shop", name="b")).rows

    assert [(row.values["pod"], row.values["asked"]) for row in rows] == [("b", True), ("a", False)]


async def test_a_limit_of_the_pods_own_is_not_the_nodes_disk(cluster: SimulatedCluster, read: Any) -> None:
    message = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "
    cluster.load({"objects": [failed("a", message=message)]})

    (row,) = (await read(PROBE, args=EVICTED)).rows

    assert (row.values["resource"], row.values["disk"]) == ("own-limit", False)


async def test_pods_that_may_not_be_listed_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid_everything()

    reading = await read(PROBE, args=EVICTED)

    assert reading.rows == ()
    assert [str(gap.permission) for gap in reading.gaps] == ["list on pods"]
