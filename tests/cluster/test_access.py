"""Hidden objects are not requested, leave no trace, and look the same whether or not they exist."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.cluster.access import NotAllowedHere, collect_gaps
from bot.cluster.container_logs import LogQuery
from bot.cluster.contexts import connect
from bot.cluster.errors import NotFound
from bot.cluster.object_lists import MOST_APART
from bot.cluster.snapshot import Snapshot
from bot.kube.access import EVERYTHING, NOTHING, Access
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from intents.domain import GapReason, ObjectRef

SHOP = Access(namespaces=frozenset({"shop"}))
SHOPS = Access(namespaces=frozenset({"shop*"}))
INSIDE = Access(namespaces=frozenset({"shop"}), cluster_scoped=False)


def volume(name: str, namespace: str) -> dict:
    claim = {"namespace": namespace, "name": "data"}
    return {"kind": "PersistentVolume", "metadata": {"name": name}, "spec": {"claimRef": claim}}


def pod(name: str, namespace: str) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": {"containers": [{"name": "a"}]}}


WORLD = {
    "objects": [
        {"kind": "Namespace", "metadata": {"name": "bank"}},
        {"kind": "Namespace", "metadata": {"name": "shop-eu"}},
        pod("vault", "bank"),
        pod("till", "shop-eu"),
        volume("pv-bank", "bank"),
        volume("pv-shop", "shop"),
    ],
    "events": [
        {"for": "Pod/bank/vault", "type": "Warning", "reason": "BackOff", "message": "Back-off"},
        {"for": "Namespace/bank", "type": "Warning", "reason": "Stuck", "message": "bank is not empty"},
        {"for": "PersistentVolume/pv-bank", "reason": "VolumeFailedDelete", "message": "bank/data"},
    ],
    "logs": [{"pod": "bank/vault", "text": "password accepted\n"}],
}

Open = Callable[..., AbstractAsyncContextManager[Snapshot]]


@pytest.fixture
def open_for(cluster: SimulatedCluster, kubeconfig: Path) -> Open:
    cluster.load(WORLD)

    @asynccontextmanager
    async def opened(access: Access) -> AsyncIterator[Snapshot]:
        settings = ClusterSettings(first_pause=0.001, longest_pause=0.01)
        async with connect(kubeconfig=kubeconfig, settings=settings) as connection:
            cluster.requests.clear()
            async with Snapshot(connection, access=access) as snapshot:
                yield snapshot

    return opened


def names(items) -> list[str]:
    return sorted(f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}" for item in items)


def paths(cluster: SimulatedCluster) -> list[str]:
    return sorted(request.path for request in cluster.requests)


HIDDEN = {
    "an object": lambda snapshot, name: snapshot.get("Pod", name, namespace="bank"),
    "an object looked for": lambda snapshot, name: snapshot.find("Pod", name, namespace="bank"),
    "a log": lambda snapshot, name: snapshot.log(LogQuery(namespace="bank", pod=name)),
    "events about an object": lambda snapshot, name: snapshot.events(
        ObjectRef(kind="Pod", namespace="bank", name=name)
    ),
}


@pytest.mark.parametrize("access", [SHOP, SHOPS, INSIDE, NOTHING], ids=["name", "pattern", "inside", "nothing"])
@pytest.mark.parametrize("read", HIDDEN.values(), ids=list(HIDDEN))
async def test_objects_of_a_hidden_namespace_are_not_read(
    open_for: Open, cluster: SimulatedCluster, access: Access, read
) -> None:
    said = []
    async with open_for(access) as snapshot:
        for name in ("vault", "absent"):
            with pytest.raises(NotAllowedHere, match="namespace bank may not be shown here") as raised:
                await read(snapshot, name)
            said.append(str(raised.value).replace(name, "NAME"))
            assert raised.value.gap().reason is GapReason.FORBIDDEN
            assert raised.value.gap().permission is None

    assert said[0] == said[1]
    assert not [path for path in paths(cluster) if "bank" in path]


@pytest.mark.parametrize("read", [Snapshot.list, lambda snapshot, kind, namespace: snapshot.events_in(namespace)])
async def test_a_hidden_namespace_is_not_listed(open_for: Open, cluster: SimulatedCluster, read) -> None:
    async with open_for(SHOP) as snapshot:
        with pytest.raises(NotAllowedHere, match="in bank: namespace bank may not be shown here"):
            await read(snapshot, "Pod", namespace="bank")

    assert not cluster.requests


async def test_few_namespaces_are_read_one_by_one(open_for: Open, cluster: SimulatedCluster) -> None:
    async with open_for(Access(namespaces=frozenset({"shop", "shop-eu"}))) as snapshot:
        listing = await snapshot.list("Pod")
        assert (await snapshot.get("Pod", "till", namespace="shop-eu")) in listing.items

    assert names(listing.items) == ["shop-eu/till", "shop/cart", "shop/web"]
    assert paths(cluster) == ["/api/v1/namespaces/shop-eu/pods", "/api/v1/namespaces/shop/pods"]


@pytest.mark.parametrize(
    "namespaces", [{"shop*"}, {"shop", "shop-eu", *(f"other-{number}" for number in range(MOST_APART))}]
)
async def test_many_namespaces_are_read_in_one_list_and_hidden_items_dropped(
    open_for: Open, cluster: SimulatedCluster, namespaces: set[str]
) -> None:
    async with open_for(Access(namespaces=frozenset(namespaces))) as snapshot:
        listing = await snapshot.list("Pod")
        selected = await snapshot.list("Pod", fields="metadata.name=vault")
        with pytest.raises(NotFound):
            await snapshot.get("Pod", "vault", namespace="shop")

    assert names(listing.items) == ["shop-eu/till", "shop/cart", "shop/web"]
    assert selected.items == ()
    assert paths(cluster) == ["/api/v1/pods"]


@pytest.mark.parametrize("access", [SHOP, SHOPS], ids=["name", "pattern"])
async def test_a_partial_list_does_not_prove_absence(open_for: Open, access: Access) -> None:
    async with open_for(access) as snapshot:
        with collect_gaps() as withheld:
            everywhere = await snapshot.list("Lease")
        with collect_gaps() as nothing:
            at_home = await snapshot.list("Pod", namespace="shop")
            nodes = await snapshot.list("Node")

    assert everywhere.truncated
    assert everywhere.gap("the leases")
    assert [str(gap) for gap in withheld] == [
        "cannot read leases in all namespaces: only the parts that may be shown here were read"
    ]
    assert not nothing
    assert not at_home.truncated
    assert not nodes.truncated
    assert at_home.gap("pods") is None


async def test_the_limit_holds_over_all_namespaces(open_for: Open) -> None:
    async with open_for(Access(namespaces=frozenset({"shop", "shop-eu"}))) as snapshot:
        assert len((await snapshot.list("Pod", limit=2)).items) == 2


@pytest.mark.parametrize(
    "read",
    [
        lambda snapshot: snapshot.get("Node", "worker-a"),
        lambda snapshot: snapshot.list("Node"),
        lambda snapshot: snapshot.list("APIService", fresh=False),
        lambda snapshot: snapshot.get("PersistentVolume", "pv-shop"),
        lambda snapshot: snapshot.events(ObjectRef(kind="Node", name="worker-a")),
    ],
)
async def test_all_cluster_scoped_objects_can_be_hidden(open_for: Open, cluster: SimulatedCluster, read) -> None:
    async with open_for(INSIDE) as snapshot:
        with pytest.raises(NotAllowedHere, match="cluster-scoped objects may not be shown here"):
            await read(snapshot)

    assert not cluster.requests


async def test_an_object_that_refers_to_a_hidden_namespace_is_hidden(open_for: Open) -> None:
    async with open_for(SHOP) as snapshot:
        listing = await snapshot.list("PersistentVolume")
        assert (await snapshot.get("PersistentVolume", "pv-shop"))["spec"]["claimRef"]["namespace"] == "shop"
    assert names(listing.items) == ["/pv-shop"]
    assert listing.truncated

    said = []
    for name in ("pv-bank", "pv-none"):
        for listed in (False, True):
            async with open_for(SHOP) as snapshot:
                if listed:
                    await snapshot.list("PersistentVolume")
                with pytest.raises(NotAllowedHere, match="does not exist or may not be shown here") as raised:
                    await snapshot.find("PersistentVolume", name)
                said.append(str(raised.value).replace(name, "NAME"))
    assert len(set(said)) == 1


async def test_the_namespace_object_of_a_hidden_namespace_is_hidden(open_for: Open, cluster: SimulatedCluster) -> None:
    async with open_for(INSIDE) as snapshot:
        assert (await snapshot.get("Namespace", "shop"))["metadata"]["name"] == "shop"
        with pytest.raises(NotAllowedHere):
            await snapshot.get("ns", "bank")
        assert names((await snapshot.list("Namespace")).items) == ["/shop"]
    assert "/api/v1/namespaces/bank" not in paths(cluster)


async def test_node_events_are_read_by_name_if_their_namespace_is_hidden(
    open_for: Open, cluster: SimulatedCluster
) -> None:
    async with open_for(SHOP) as snapshot:
        events = await snapshot.events(ObjectRef(kind="Node", name="worker-a"))
        for kind, name in [("Namespace", "bank"), ("PersistentVolume", "pv-bank"), ("PersistentVolume", "pv-none")]:
            with pytest.raises(NotAllowedHere):
                await snapshot.events(ObjectRef(kind=kind, name=name))

    assert [event["reason"] for event in events] == ["NodeReady"]
    assert [request.query["fieldSelector"] for request in cluster.requests] == [
        "involvedObject.kind=Node,involvedObject.name=worker-a"
    ]


async def test_events_next_to_node_events_reveal_nothing_hidden(open_for: Open) -> None:
    """They are kept in the namespace `default`, which may be shown, and concern cluster-scoped objects."""
    async with open_for(Access(namespaces=frozenset({"default"}))) as snapshot:
        with collect_gaps() as withheld:
            events = await snapshot.events_in("default")
    assert [event["reason"] for event in events] == ["NodeReady"]
    assert withheld

    async with open_for(EVERYTHING) as snapshot:
        assert {event["reason"] for event in await snapshot.events_in("default")} == {
            "NodeReady",
            "Stuck",
            "VolumeFailedDelete",
        }


@pytest.mark.parametrize(
    ("access", "home"),
    [
        (EVERYTHING, "shop"),
        (SHOPS, "shop"),
        (Access(namespaces=frozenset({"bank"})), "bank"),
        (Access(namespaces=frozenset({"bank", "till"})), ""),
        (Access(namespaces=frozenset({"bank*"})), ""),
        (NOTHING, ""),
    ],
)
async def test_a_bare_name_resolves_to_a_visible_namespace(open_for: Open, access: Access, home: str) -> None:
    async with open_for(access) as snapshot:
        assert snapshot.default_namespace == home
        if not home:
            with pytest.raises(NotAllowedHere, match="no namespace was given") as raised:
                await snapshot.get("Pod", "web")
            assert "shop" not in str(raised.value)


async def test_without_access_nothing_is_read(open_for: Open, cluster: SimulatedCluster) -> None:
    async with open_for(NOTHING) as snapshot:
        for kind in ("Pod", "Event", "Namespace", "Node"):
            with pytest.raises(NotAllowedHere):
                await snapshot.list(kind)

    assert not cluster.requests


async def test_a_snapshot_with_full_access_reads_everything(open_for: Open) -> None:
    async with open_for(EVERYTHING) as snapshot:
        listing = await snapshot.list("Pod")
        volumes = await snapshot.list("PersistentVolume")

    assert {"bank/vault", "bank/api", "shop/web"} <= {*names(listing.items)}
    assert names(volumes.items) == ["/pv-bank", "/pv-shop"]
    assert not listing.truncated
    assert not volumes.truncated
