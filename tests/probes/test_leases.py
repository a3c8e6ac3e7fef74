"""Test the leases probe: leases and the pods that hold them."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import leases
from bot.probes.shared.holders import Holders


def lease(name: str, holder: str = "", *, namespace: str = "pay", **spec: Any) -> dict:
    written = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "-3s"} | spec
    return {"kind": "Lease", "metadata": {"name": name, "namespace": namespace}, "spec": written}


def pod(name: str, *, namespace: str = "pay", **status: Any) -> dict:
    running = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-1h"}}} | status
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "a"}]},
        "status": {"phase": "Running", "containerStatuses": [running]},
    }


@pytest.mark.parametrize(
    ("renewed", "stale"), [("-3s", False), ("-29s", False), ("-33s", True), ("-3d", True), (None, False)]
)
async def test_a_lease_is_stale_after_two_of_its_durations(
    cluster: SimulatedCluster, read: Any, renewed: str | None, stale: bool
) -> None:
    cluster.load({"objects": [lease("api", "api-0_1f", renewTime=renewed)]})

    (row,) = (await read(leases.read, kind="Lease", namespace="pay", name="api")).rows

    assert row.values["stale"] is stale


def test_the_holder_is_the_pod_of_the_longest_name_that_begins_the_identity() -> None:
    holders = Holders([pod("api"), pod("api-1"), pod("api-12")])

    assert holders.of(lease("api", "api-1_9b2e")) == pod("api-1")
    assert holders.of(lease("api", "somebody-elsewhere")) is None
    assert holders.of(lease("free")) is None


async def test_a_row_says_who_holds_a_lease_and_how_often_it_changed_hands(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [lease("api", "api-1_9b2e", leaseTransitions=4, acquireTime="-50m"), lease("free")]})

    held, free = (await read(leases.read, namespace="pay")).rows

    assert (held.values["holder"], held.values["transitions"]) == ("api-1_9b2e", 4)
    assert "leaseTransitions: 4" in held.quote
    assert free.values["holder"] == ""


async def test_node_heartbeats_are_no_elections(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()

    rows = (await read(leases.read)).rows

    assert "kube-scheduler" in {row.values["name"] for row in rows}
    assert "kube-node-lease" not in {row.values["namespace"] for row in rows}


async def test_of_a_pod_only_the_leases_it_competes_for(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {"objects": [lease("x1.example.com", "api-0_1f"), lease("other", "other-0_2a"), pod("api-0"), pod("other-0")]}
    )

    rows = (await read(leases.read, kind="Pod", namespace="pay", name="api-0")).rows

    assert [row.values["name"] for row in rows] == ["x1.example.com"]


async def test_a_lease_that_is_gone_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(leases.read, namespace="pay", named={"lease": "api"})).missing == "Lease pay/api"


async def test_leases_that_may_not_be_read_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [lease("api", "api-0_1f")]})
    cluster.forbid(resource="leases")

    named = await read(leases.read, kind="Lease", namespace="pay", name="api")
    listed = await read(leases.read, namespace="pay")

    assert [str(gap) for gap in (*named.gaps, *listed.gaps)] == [
        "cannot read leases in pay: needs get on coordination.k8s.io/leases",
        "cannot read leases in pay: needs list on coordination.k8s.io/leases",
    ]
