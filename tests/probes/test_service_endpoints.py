"""What the selector of a Service leads to: pods, none of them, or others."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.service_endpoints import read as PROBE

WEB = {"containers": {"app": {"image": "web:7", "ports": {"http": 8080}}}, "pods": ["web-6c9f7d8b54-k2x8q"]}
OF_WEB = {"kind": "Service", "namespace": "shop", "name": "web"}


def scene(selector: dict[str, str] | None = None, *, ports: Any = 80, **web: Any) -> dict[str, Any]:
    service = {"ports": ports, "selector": selector} if selector is not None else {"ports": ports}
    return {"Deployment/shop/web": WEB | web, "Service/shop/web": service}


async def test_the_pods_behind_a_service(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene(), "faults": {"Pod/shop/web-6c9f7d8b54-k2x8q": {"ready": False, "since": "20m"}}})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["selected"], row.values["ready"], row.values["starting"]) == (1, 0, False)
    assert row.values["pod_states"] == ("web-6c9f7d8b54-k2x8q (not ready)",)
    assert (row.values["asked"], row.values["unready_s"], row.values["recovered_s"]) == (True, 1200, -1)


async def test_the_pods_that_a_selector_misses_by_a_label(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene({"app": "web", "tier": "backend"}, labels={"app": "web", "tier": "front"})})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["selected"], row.values["workload"]) == (0, "")
    assert row.values["closest"] == ("web-6c9f7d8b54-k2x8q",)
    assert (row.values["lacking"], row.values["instead"]) == (("tier=backend",), ("tier=front",))


async def test_the_same_value_under_another_key(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene({"app": "web"}, labels={"app.kubernetes.io/name": "web"})})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["lacking"], row.values["instead"]) == (("app=web",), ("app.kubernetes.io/name=web",))


async def test_a_workload_without_pods(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene(replicas=0, pods=[])})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["selected"], row.values["workload"], row.values["wanted"]) == (0, "Deployment/web", 0)


async def test_a_service_that_needs_no_selector(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene({})})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["selected"], row.values["selector"]) == (-1, "")


async def test_ports_that_no_container_declares(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene(ports={"a": "80:web", "b": "81:http", "c": "82:9090", "d": "83:8080"})})
    [row] = (await read(PROBE, **OF_WEB)).rows
    assert (row.values["unnamed"], row.values["undeclared"]) == (("web",), ("9090",))
    assert row.values["declared"] == ("http 8080",)


async def test_all_services_where_none_is_named(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": scene()})
    rows = {str(row.values["name"]): row.values for row in (await read(PROBE, namespace="shop")).rows}
    assert (rows["web"]["asked"], rows["web"]["ready"]) == (False, 1)
