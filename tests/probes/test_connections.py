"""The connection from the object in question to what the text names, read from a cluster."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import connections

SOURCE = {"kind": "Deployment", "namespace": "shop", "name": "frontend"}
_RUNNING = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def pod(app: str, ip: str, *, namespace: str = "shop", **labels: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": f"{app}-0", "namespace": namespace, "labels": {"app": app, **labels}},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "main", "ports": [{"containerPort": 8000}]}]},
        "status": {**_RUNNING, "podIP": ip},
    }


def service(name: str, *, namespace: str = "shop", ip: str, **spec: Any) -> dict[str, Any]:
    given = {"clusterIP": ip, "selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8000}], **spec}
    return {"kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": given}


def slice_of(name: str, ip: str, *, namespace: str = "shop") -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": name}
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-x2x4z", "namespace": namespace, "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ip], "conditions": {"ready": True}}],
    }


DNS = {
    **service("kube-dns", namespace="kube-system", ip="10.96.0.10", ports=[{"port": 53}]),
    "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
}
POLICY = {
    "kind": "NetworkPolicy",
    "metadata": {"name": "few", "namespace": "shop"},
    "spec": {"podSelector": {"matchLabels": {"app": "backend"}}, "ingress": [{"from": [{"namespaceSelector": {}}]}]},
}
WORLD = [
    *({"kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "kube-system")),
    {
        "kind": "Deployment",
        "metadata": {"name": "frontend", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "frontend"}}},
    },
    pod("frontend", "10.244.1.6"),
    pod("backend", "10.244.1.7"),
    service("backend", ip="10.96.5.5"),
    slice_of("backend", "10.244.1.7"),
    DNS,
    pod("coredns", "10.244.9.9", namespace="kube-system", **{"k8s-app": "kube-dns"}),
    slice_of("kube-dns", "10.244.9.9", namespace="kube-system"),
    POLICY,
]


@pytest.mark.parametrize(
    ("named", "decides", "service_meant"),
    [
        ({"address": "backend:80"}, ("ingress", "ok"), "backend"),
        ({"address": "backend.shop.svc.cluster.local:8080"}, ("port", "broken"), "backend"),
        ({"url": "http://backend/health"}, ("ingress", "ok"), "backend"),
        ({"url": "https://backend.shop/health"}, ("port", "broken"), "backend"),
        ({"host": "backend:81"}, ("port", "broken"), "backend"),
        ({"host": "backend", "port": "81"}, ("port", "broken"), "backend"),
        ({"url": "http://backend/", "host": "backend"}, ("ingress", "ok"), "backend"),
        ({"host": "backnd", "address": "10.96.0.10:53"}, ("name", "broken"), "backnd"),
        ({"service": "backend", "port": "81"}, ("port", "broken"), "backend"),
        ({"address": "10.96.5.5:81"}, ("port", "broken"), "backend"),
        ({"address": "10.244.1.7:8000"}, ("ingress", "ok"), "backend-0"),
        ({"host": "db.example.com"}, ("outside", "unknown"), ""),
    ],
)
async def test_what_the_text_names_is_called(
    cluster: SimulatedCluster, read: Any, named: dict[str, str], decides: tuple[str, str], service_meant: str
) -> None:
    cluster.load({"objects": WORLD})

    reading = await read(connections.read, named=named, **SOURCE)

    (row,) = reading.rows
    assert (row.values["hop"], row.values["state"], row.values["service"]) == (*decides, service_meant)
    assert (row.values["pod"], row.values["source"]) == ("frontend-0", "Pod shop/frontend-0")


async def test_a_service_that_is_asked_about_is_walked_without_a_source(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": WORLD})

    reading = await read(connections.read, named={"host": "backend.shop.svc.cluster.local"})

    (row,) = reading.rows
    assert (row.values["pod"], row.values["hop"], row.values["state"]) == ("", "ingress", "ok")
    assert row.values["admits"] == ("few: from pods of namespaces (any)",)


async def test_nothing_is_read_where_nothing_is_called(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": WORLD})

    reading = await read(connections.read, **SOURCE)

    assert reading.rows == ()
    assert not any("services" in each.path or "networkpolicies" in each.path for each in cluster.requests)


@pytest.mark.parametrize("host", ["backend", "empty", "backnd", "10.244.1.7", "10.96.5.5", "db.example.com"])
async def test_a_walk_costs_at_most_fifteen_calls(cluster: SimulatedCluster, read: Any, host: str) -> None:
    cluster.load({"objects": [*WORLD, service("empty", ip="10.96.5.9")]})

    await read(connections.read, named={"address": f"{host}:80"}, **SOURCE)

    assert len(cluster.requests) <= 15


@pytest.mark.parametrize(
    ("resource", "hop"),
    [("services", "name"), ("pods", "selector"), ("endpointslices", "endpoints"), ("networkpolicies", "ingress")],
)
async def test_what_may_not_be_read_is_not_known(cluster: SimulatedCluster, read: Any, resource: str, hop: str) -> None:
    cluster.load({"objects": WORLD})
    cluster.forbid(verb="list", resource=resource)

    reading = await read(connections.read, named={"host": "backend.shop.svc.cluster.local"})

    (row,) = reading.rows
    assert (row.values["hop"], row.values["state"]) == (hop, "unknown")
    assert {gap.permission.resource for gap in reading.gaps if gap.permission} == {resource}


@pytest.mark.parametrize("name", ["frontend", "shop/frontend", "deployment shop/frontend"])
async def test_a_client_is_found_by_its_name(cluster: SimulatedCluster, read: Any, name: str) -> None:
    cluster.load({"objects": WORLD})

    reading = await read(connections.read, named={"name": name, "host": "backend"})

    assert reading.rows[0].values["pod"] == "frontend-0"
    assert len(cluster.requests) <= 15


async def test_a_client_that_is_not_found_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": WORLD})

    reading = await read(connections.read, named={"name": "checkout", "host": "backend"})

    assert reading.rows[0].values["pod"] == ""
    assert [str(gap.what) for gap in reading.gaps] == ["the client checkout"]
