"""Each object is read once, however many readers there are."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import pytest

from bot.cluster.errors import ClusterError, Forbidden, NotFound, TimedOut
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from intents.domain import ObjectRef

Open = Callable[..., AbstractAsyncContextManager[Snapshot]]


async def test_concurrent_identical_gets_are_one_call(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    first, *others = await asyncio.gather(*(snapshot.get("Pod", "web", namespace="shop") for _ in range(20)))

    assert first["metadata"]["name"] == "web"
    assert all(other is first for other in others)
    assert len(cluster.requests) == 1
    assert snapshot.calls == 1


async def test_words_for_one_kind_share_a_read(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    await asyncio.gather(*(snapshot.get(word, "web", namespace="shop") for word in ("Pod", "pods", "po", "PODS.V1")))

    assert len(cluster.requests) == 1


async def test_get_is_answered_from_a_finished_list(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    listing = await snapshot.list("Pod", namespace="shop")

    assert await snapshot.get("Pod", "cart", namespace="shop") in listing.items
    with pytest.raises(NotFound, match="Pod shop/nope: not found"):
        await snapshot.get("Pod", "nope", namespace="shop")
    assert len(cluster.requests) == 1


async def test_get_and_list_wait_for_a_list_in_flight(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.latency = 0.05
    everything, part, one = await asyncio.gather(
        snapshot.list("Pod"), snapshot.list("Pod", namespace="shop"), snapshot.get("Pod", "api", namespace="bank")
    )

    assert len(everything.items) == 3
    assert [item["metadata"]["name"] for item in part.items] == ["cart", "web"]
    assert one["metadata"]["name"] == "api"
    assert len(cluster.requests) == 1


async def test_a_list_of_another_namespace_covers_nothing(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    await snapshot.list("Pod", namespace="shop")

    assert (await snapshot.get("Pod", "api", namespace="bank"))["metadata"]["name"] == "api"
    assert len(cluster.requests) == 2


async def test_a_list_with_a_selector_proves_no_absence(snapshot: Snapshot) -> None:
    assert len((await snapshot.list("Pod", namespace="shop", labels="app=web")).items) == 1

    assert (await snapshot.get("Pod", "cart", namespace="shop"))["metadata"]["name"] == "cart"


async def test_an_object_in_a_list_with_a_selector_is_not_read_again(
    snapshot: Snapshot, cluster: SimulatedCluster
) -> None:
    (web,) = (await snapshot.list("Pod", namespace="shop", labels="app=web")).items

    assert await snapshot.get("Pod", "web", namespace="shop") is web
    assert len(cluster.requests) == 1


@pytest.mark.parametrize(
    "labels",
    """app=web;app==web;app=web,app=cart;app=nothing;app=;app!=web;none!=web;app in (web, cart);app notin (web);
    none notin (web);!app;app;none;!none;app,app in (cart),none!=a;""".replace("\n    ", "").split(";"),
)
@pytest.mark.parametrize(
    "fields", ["", "metadata.name=web", "metadata.name!=web,status.phase=Running", "spec.nodeName="]
)
async def test_a_list_by_selectors_is_a_part_of_a_finished_list(
    open_snapshot: Open, cluster: SimulatedCluster, labels: str, fields: str
) -> None:
    """The API server and the part of the whole list agree on each selector."""
    async with open_snapshot() as fresh, open_snapshot() as snapshot:
        expected = await fresh.list("Pod", namespace="shop", labels=labels, fields=fields)
        await snapshot.list("Pod")
        before = len(cluster.requests)
        found = await snapshot.list("Pod", namespace="shop", labels=labels, fields=fields)

        assert found == expected
        assert len(cluster.requests) == before


@pytest.mark.parametrize("labels", ["app>1", "app in web", "app=a b"])
async def test_a_selector_that_is_not_known_is_left_to_the_api_server(
    open_snapshot: Open, cluster: SimulatedCluster, labels: str
) -> None:
    async with open_snapshot() as snapshot:
        await snapshot.list("Pod")
        with suppress(ClusterError):
            await snapshot.list("Pod", labels=labels)
        assert len(cluster.requests) == 2


async def test_a_list_by_labels_does_not_wait_for_the_whole_one(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    async with open_snapshot() as snapshot:
        cluster.fail(path_prefix="/api/v1/pods", hang=True)
        asked = asyncio.Event()
        cluster.meanwhile = lambda _: asked.set()
        whole = asyncio.create_task(snapshot.list("Pod"))
        await asyncio.wait_for(asked.wait(), 10)

        part = await asyncio.wait_for(snapshot.list("Pod", namespace="shop", labels="app=web"), 5)
        assert len(part.items) == 1
        whole.cancel()


async def test_a_read_ahead_is_shared_and_its_failure_told_to_who_asks(
    snapshot: Snapshot, cluster: SimulatedCluster
) -> None:
    cluster.forbid(verb="get", resource="nodes")
    snapshot.ahead(snapshot.get("Pod", "web", namespace="shop"))
    snapshot.ahead(snapshot.get("Node", "worker-a"))

    assert (await snapshot.get("Pod", "web", namespace="shop"))["metadata"]["name"] == "web"
    with pytest.raises(Forbidden):
        await snapshot.get("Node", "worker-a")
    assert len(cluster.requests) == 2


async def test_a_truncated_list_proves_no_absence(snapshot: Snapshot) -> None:
    listing = await snapshot.list("Pod", namespace="shop", limit=1)

    assert listing.truncated
    assert [item["metadata"]["name"] for item in listing.items] == ["cart"]
    assert (await snapshot.get("Pod", "web", namespace="shop"))["metadata"]["name"] == "web"


async def test_a_forbidden_list_does_not_forbid_a_get(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.forbid(verb="list", resource="pods")
    with pytest.raises(Forbidden):
        await snapshot.list("Pod")

    assert (await snapshot.get("Pod", "web", namespace="shop"))["metadata"]["name"] == "web"


async def test_a_hanging_list_does_not_delay_a_get(open_snapshot: Open, cluster: SimulatedCluster) -> None:
    async with open_snapshot(settings=ClusterSettings(call_timeout=0.1)) as snapshot:
        cluster.fail(path_prefix="/api/v1/pods", hang=True)

        listing, pod = await asyncio.gather(
            snapshot.list("Pod"), snapshot.get("Pod", "web", namespace="shop"), return_exceptions=True
        )

    assert isinstance(listing, TimedOut)
    assert isinstance(pod, dict)


async def test_events_of_many_objects_are_one_list(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    web, cart = await asyncio.gather(
        snapshot.events(ObjectRef(kind="Pod", namespace="shop", name="web")),
        snapshot.events(ObjectRef(kind="Pod", namespace="shop", name="cart")),
    )

    assert [event["reason"] for event in web] == ["BackOff"]
    assert [event["reason"] for event in cart] == ["Pulled"]
    assert len(cluster.requests) == 1


async def test_a_cached_list_does_not_replace_a_fresh_one(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cached = await snapshot.list("Node", fresh=False)
    assert (await snapshot.get("Node", "worker-a")) is cached.items[0]
    assert cluster.requests[0].query == {"resourceVersion": "0"}
    assert len(cluster.requests) == 1

    assert (await snapshot.list("Node")).items
    assert (await snapshot.list("Node", fresh=False)).items
    assert len(cluster.requests) == 2


async def test_a_reader_that_gives_up_does_not_cancel_the_shared_read(
    snapshot: Snapshot, cluster: SimulatedCluster
) -> None:
    cluster.latency = 0.05
    impatient = asyncio.create_task(snapshot.get("Pod", "web", namespace="shop"))
    patient = asyncio.create_task(snapshot.get("Pod", "web", namespace="shop"))
    await asyncio.sleep(0.01)
    impatient.cancel()

    assert (await patient)["metadata"]["name"] == "web"
    assert impatient.cancelled()
    assert len(cluster.requests) == 1


async def test_closing_ends_reads_in_flight(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    """Closing leaves no task and no unretrieved exception; reads with waiters end at once."""
    cluster.fail(path_prefix="/api/v1", hang=True, times=5)
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(snapshot.list("Pod"))
    left = asyncio.create_task(snapshot.get("Node", "worker-a"))
    await asyncio.sleep(0.02)
    left.cancel()
    await snapshot.aclose()

    with pytest.raises(TimedOut):
        await waiting
    await asyncio.gather(left, return_exceptions=True)
    own = {task for task in asyncio.all_tasks() - before if "Snapshot" in repr(task.get_coro())}
    assert not own
    with pytest.raises(TimedOut):
        await snapshot.get("Pod", "web", namespace="shop")
