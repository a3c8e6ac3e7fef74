"""Every kind can be read by any of its words; an unknown kind differs from a missing object."""

import pytest

from bot.cluster.errors import NotServed, ServerError
from bot.cluster.resources import WELL_KNOWN, well_known
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster

WIDGETS = {
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.factory.example"},
    "spec": {
        "group": "factory.example",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wd"]},
        "versions": [{"name": "v1beta1", "served": True, "storage": True}],
    },
}
WIDGET = {"kind": "Widget", "apiVersion": "factory.example/v1beta1", "metadata": {"name": "gear", "namespace": "shop"}}
DEAD_METRICS = {
    "kind": "APIService",
    "apiVersion": "apiregistration.k8s.io/v1",
    "metadata": {"name": "v1beta1.metrics.k8s.io"},
    "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "service": {"namespace": "kube-system", "name": "gone"}},
    "status": {"conditions": [{"type": "Available", "status": "False", "reason": "ServiceNotFound"}]},
}


@pytest.mark.parametrize("word", ["Widget", "widget", "widgets", "WD", "widgets.factory.example", "wd.factory.example"])
async def test_a_custom_resource_by_any_word(snapshot: Snapshot, cluster: SimulatedCluster, word: str) -> None:
    cluster.load({"objects": [WIDGETS, WIDGET]})

    assert (await snapshot.get(word, "gear", namespace="shop"))["metadata"]["name"] == "gear"
    (item,) = (await snapshot.list(word)).items
    assert (item["apiVersion"], item["kind"]) == ("factory.example/v1beta1", "Widget")
    assert [request.path for request in cluster.requests] == [
        "/apis",
        "/apis/factory.example/v1beta1/namespaces/shop/widgets/gear",
        "/apis/factory.example/v1beta1/widgets",
    ]


async def test_well_known_kinds_need_no_discovery(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    for resource in WELL_KNOWN:
        assert await snapshot.served(resource.kind) is resource
    assert cluster.requests == []


async def test_every_well_known_kind_can_be_listed(snapshot: Snapshot) -> None:
    """The table agrees with the simulated server, which follows recordings of a real one."""
    for resource in WELL_KNOWN:
        assert not (await snapshot.list(resource)).truncated


async def test_a_kind_that_is_not_installed(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    assert await snapshot.served("Certificate") is None
    with pytest.raises(NotServed, match="this cluster does not know that kind"):
        await snapshot.list("Certificate")
    assert [request.path for request in cluster.requests] == ["/apis"]


@pytest.mark.parametrize(("typo", "meant"), [("Deploiment", "Deployment"), ("podd", "Pod"), ("Widgt", "Widget")])
async def test_a_mistyped_kind_gets_a_suggestion(
    snapshot: Snapshot, cluster: SimulatedCluster, typo: str, meant: str
) -> None:
    cluster.load({"objects": [WIDGETS]})

    with pytest.raises(NotServed, match=rf"did you mean {meant}\?"):
        await snapshot.get(typo, "x")


async def test_a_group_whose_backend_is_down_does_not_hide_others(
    snapshot: Snapshot, cluster: SimulatedCluster
) -> None:
    cluster.load({"objects": [WIDGETS, DEAD_METRICS]})

    assert await snapshot.served("Widget") is not None
    with pytest.raises(ServerError, match=r"metrics\.k8s\.io is registered, but its backend is down"):
        await snapshot.served("podmetrics.metrics.k8s.io")


async def test_failed_discovery_does_not_prove_absence(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix="/apis", status=500, times=10)

    with pytest.raises(ServerError, match="the served kinds"):
        await snapshot.served("Widget")


@pytest.mark.parametrize(
    ("word", "plural"), [("deploy", "deployments"), ("ingress.networking.k8s.io", "ingresses"), ("Events", "events")]
)
def test_words_of_the_table(word: str, plural: str) -> None:
    resource = well_known(word)
    assert resource is not None
    assert resource.plural == plural


async def test_an_older_server_is_queried_group_by_group(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    """A server without aggregated discovery answers /apis with the plain list, whatever the Accept header."""
    cluster.load({"objects": [WIDGETS, WIDGET, DEAD_METRICS]})
    plain = {
        "kind": "APIGroupList",
        "groups": [
            {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
            {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}]},
            {
                "name": "factory.example",
                "versions": [{"groupVersion": "factory.example/v1beta1", "version": "v1beta1"}],
            },
        ],
    }
    cluster.fail(path_prefix="/apis", status=200, body=plain)

    assert (await snapshot.get("wd", "gear", namespace="shop"))["metadata"]["name"] == "gear"
    paths = {request.path for request in cluster.requests}
    assert paths == {
        "/apis",
        "/apis/metrics.k8s.io/v1beta1",
        "/apis/factory.example/v1beta1",
        "/apis/factory.example/v1beta1/namespaces/shop/widgets/gear",
    }
