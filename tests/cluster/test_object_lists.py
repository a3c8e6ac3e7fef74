"""Pages, limits, and lists whose pages expire."""

import asyncio

import pytest

from bot.cluster.errors import BadRequest, Expired
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster

EXPIRED = {"kind": "Status", "status": "Failure", "reason": "Expired", "message": "too old", "code": 410}


@pytest.fixture
def crowd(cluster: SimulatedCluster) -> SimulatedCluster:
    """Load 1,200 PersistentVolumeClaims in one namespace."""
    cluster.load(
        {
            "objects": [
                {"kind": "PersistentVolumeClaim", "metadata": {"name": f"entry-{number:04}", "namespace": "crowd"}}
                for number in range(1200)
            ]
        }
    )
    return cluster


async def test_a_long_list_comes_in_pages_of_500(snapshot: Snapshot, crowd: SimulatedCluster) -> None:
    listing = await snapshot.list("PersistentVolumeClaim", namespace="crowd")

    names = [item["metadata"]["name"] for item in listing.items]
    assert names == [f"entry-{number:04}" for number in range(1200)]
    assert not listing.truncated
    assert [request.query["limit"] for request in crowd.requests] == ["500", "500", "500"]
    assert snapshot.calls == 3


async def test_the_limit_cuts_and_says_so(snapshot: Snapshot, crowd: SimulatedCluster) -> None:
    listing = await snapshot.list("PersistentVolumeClaim", namespace="crowd", limit=600)

    assert len(listing.items) == 600
    assert listing.truncated
    assert [request.query["limit"] for request in crowd.requests] == ["500", "100"]


async def test_a_list_from_the_cache_is_cut_by_the_client(snapshot: Snapshot, crowd: SimulatedCluster) -> None:
    """The server ignores a limit together with resourceVersion=0."""
    listing = await snapshot.list("PersistentVolumeClaim", namespace="crowd", limit=600, fresh=False)

    assert len(listing.items) == 600
    assert listing.truncated
    assert len(crowd.requests) == 1


async def test_list_items_carry_kind_and_api_version(snapshot: Snapshot) -> None:
    """Lists of built-in kinds omit kind and apiVersion in their items."""
    (node,) = (await snapshot.list("Node")).items

    assert (node["apiVersion"], node["kind"]) == ("v1", "Node")


async def test_an_expired_page_starts_the_list_again(snapshot: Snapshot, crowd: SimulatedCluster) -> None:
    """The revision of the first page is compacted while the second page is requested."""
    crowd.latency = 0.05
    reading = asyncio.create_task(snapshot.list("PersistentVolumeClaim", namespace="crowd"))
    for _ in range(1000):
        if crowd.requests:
            break
        await asyncio.sleep(0.001)
    late = {"kind": "PersistentVolumeClaim", "metadata": {"name": "late", "namespace": "crowd"}}
    crowd.load({"objects": [late]})
    crowd.store.compact()

    assert len((await reading).items) == 1201
    assert [request.status for request in crowd.requests] == [200, 410, 200, 200, 200]


async def test_a_list_that_expires_twice_gives_up(snapshot: Snapshot, crowd: SimulatedCluster) -> None:
    crowd.fail(path_prefix="/api/v1/namespaces/crowd", status=410, body=EXPIRED, times=2)

    with pytest.raises(Expired, match="cannot read persistentvolumeclaims in crowd: the list changed faster"):
        await snapshot.list("PersistentVolumeClaim", namespace="crowd")
    assert len(crowd.requests) == 2


async def test_selectors_reach_the_server(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    listing = await snapshot.list("Pod", labels="app in (web,cart)", fields="metadata.name!=cart")

    assert [item["metadata"]["name"] for item in listing.items] == ["web"]
    assert cluster.requests[0].query["labelSelector"] == "app in (web,cart)"


async def test_a_selector_the_server_refuses_is_reported(snapshot: Snapshot) -> None:
    with pytest.raises(BadRequest, match="field label not supported"):
        await snapshot.list("Pod", fields="spec.colour=red")


async def test_a_missing_namespace_has_no_items(snapshot: Snapshot) -> None:
    assert (await snapshot.list("Pod", namespace="empty")).items == ()


async def test_an_answer_of_some_megabytes(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    """Such a body is parsed in a thread, not on the event loop."""
    data = {f"key-{number}": "x" * 1000 for number in range(3000)}
    cluster.load({"objects": [{"kind": "ConfigMap", "metadata": {"name": "big", "namespace": "shop"}, "data": data}]})

    assert (await snapshot.get("ConfigMap", "big", namespace="shop"))["data"] == data
