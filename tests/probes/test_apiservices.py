"""Test the apiservices probe: aggregated APIs, their Services, backends and rival providers."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.apiservices import read as PROBE
from intents.domain import GapReason, ProbeResult, Row


def apiservice(name: str, *, status: str = "False", reason: str = "", service: dict | None = None) -> dict:
    version, _, group = name.partition(".")
    return {
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {"group": group, "version": version} | ({"service": service} if service else {}),
        "status": {
            "conditions": [
                {
                    "type": "Available",
                    "status": status,
                    "reason": reason,
                    "message": f"{name}: {reason}",
                    "lastTransitionTime": "-10m",
                }
            ]
        },
    }


ADAPTER = {"namespace": "monitoring", "name": "adapter", "port": 443}


def adapter_service(**spec: Any) -> dict:
    return {
        "kind": "Service",
        "metadata": {"name": "adapter", "namespace": "monitoring"},
        "spec": {"selector": {"app": "adapter"}, "ports": [{"port": 443}]} | spec,
    }


def adapter_slice(*ready: bool | None) -> dict:
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": "adapter-x",
            "namespace": "monitoring",
            "labels": {"kubernetes.io/service-name": "adapter"},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [f"10.0.0.{at}"], "conditions": {} if one is None else {"ready": one}}
            for at, one in enumerate(ready)
        ],
    }


def deployment(name: str, *, namespace: str = "monitoring", replicas: int = 1, app: str = "") -> dict:
    labels = {"app": app or name}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}},
        },
    }


def row_of(reading: ProbeResult, name: str) -> Row:
    return next(row for row in reading.rows if row.values["name"] == name)


async def test_a_missing_service_is_told_from_one_that_could_not_be_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [apiservice("v1beta1.custom.metrics.k8s.io", reason="ServiceNotFound", service=ADAPTER)]})

    row = row_of(await read(PROBE), "v1beta1.custom.metrics.k8s.io")
    assert (row.values["service_exists"], row.values["ready_endpoints"]) == (False, 0)
    assert row.values["since_s"] == 600
    assert row.quote == "v1beta1.custom.metrics.k8s.io: ServiceNotFound"

    cluster.forbid(verb="get", resource="services")
    reading = await read(PROBE)
    row = row_of(reading, "v1beta1.custom.metrics.k8s.io")
    assert (row.values["service_exists"], row.values["ready_endpoints"]) == (True, -1)
    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]


async def test_endpoints_count_unless_they_say_not_ready(cluster: SimulatedCluster, read: Any) -> None:
    name = "v1.stats.example.io"
    cluster.load({"objects": [
        apiservice(name, service=ADAPTER), adapter_service(), adapter_slice(True, False, None),
    ]})  # fmt: skip

    assert row_of(await read(PROBE), name).values["ready_endpoints"] == 2


async def test_the_backend_is_found_though_it_is_scaled_to_zero(cluster: SimulatedCluster, read: Any) -> None:
    name = "v1.stats.example.io"
    cluster.load({"objects": [
        apiservice(name, service=ADAPTER), adapter_service(), deployment("adapter", replicas=0), deployment("other"),
    ]})  # fmt: skip

    values = row_of(await read(PROBE), name).values
    assert (values["backend_kind"], values["backend"], values["backend_replicas"]) == ("Deployment", "adapter", 0)
    assert values["ready_endpoints"] == 0


async def test_the_pods_behind_name_a_backend_that_is_no_deployment(cluster: SimulatedCluster, read: Any) -> None:
    name = "v1.stats.example.io"
    pod = {
        "kind": "Pod",
        "metadata": {
            "name": "adapter-x2x4z",
            "namespace": "monitoring",
            "labels": {"app": "adapter"},
            "ownerReferences": [{"kind": "DaemonSet", "name": "adapter"}],
        },
        "spec": {"containers": [{"name": "a", "image": "a"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
    }
    cluster.load({"objects": [apiservice(name, service=ADAPTER), adapter_service(), pod]})

    values = row_of(await read(PROBE), name).values
    assert (values["backend_kind"], values["backend"]) == ("DaemonSet", "adapter")
    assert values["unready_pods"] == ("adapter-x2x4z",)


async def test_a_service_without_selector_or_with_an_external_name_has_no_backend_here(
    cluster: SimulatedCluster, read: Any
) -> None:
    name = "v1.stats.example.io"
    external = adapter_service(type="ExternalName", externalName="stats.example.com", selector=None)
    cluster.load({"objects": [apiservice(name, service=ADAPTER), external]})

    values = row_of(await read(PROBE), name).values
    assert (values["service_exists"], values["ready_endpoints"], values["backend"]) == (True, -1, "")


async def test_both_providers_of_the_resource_metrics_are_named(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        apiservice("v1beta1.metrics.k8s.io", service=ADAPTER),
        adapter_service(),
        deployment("adapter", app="prometheus-adapter"),
        deployment("metrics-server", namespace="kube-system"),
        deployment("web", namespace="shop"),
    ]})  # fmt: skip

    values = row_of(await read(PROBE), "v1beta1.metrics.k8s.io").values
    assert values["claimants"] == ("kube-system/metrics-server", "monitoring/adapter")


async def test_what_can_be_read_stays_though_the_workloads_are_forbidden(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        apiservice("v1beta1.metrics.k8s.io", service=ADAPTER), adapter_service(), adapter_slice(False),
    ]})  # fmt: skip
    cluster.forbid(verb="list", group="apps", resource="deployments")

    reading = await read(PROBE)
    values = row_of(reading, "v1beta1.metrics.k8s.io").values
    assert (values["available"], values["ready_endpoints"]) == ("False", 0)
    assert {str(gap.permission) for gap in reading.gaps} == {"list on apps/deployments"}


async def test_the_backend_is_found_though_pods_are_forbidden(cluster: SimulatedCluster, read: Any) -> None:
    name = "v1.stats.example.io"
    cluster.load({"objects": [
        apiservice(name, service=ADAPTER), adapter_service(), adapter_slice(False), deployment("adapter"),
    ]})  # fmt: skip
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE)
    assert (row_of(reading, name).values["backend"], row_of(reading, name).values["ready_endpoints"]) == ("adapter", 0)
    assert [str(gap.permission) for gap in reading.gaps] == ["list on pods"]


async def test_only_the_api_that_was_named_is_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        apiservice("v1beta1.metrics.k8s.io", status="True", service=ADAPTER),
        apiservice("v1beta1.custom.metrics.k8s.io", service=ADAPTER),
        apiservice("v1.apps", status="True"),
    ]})  # fmt: skip

    def asked(reading: ProbeResult) -> list[str]:
        return [str(row.values["name"]) for row in reading.rows if row.values["asked"] and not row.values["local"]]

    by_group = await read(PROBE, named={"api": "custom.metrics.k8s.io/v1beta1"})
    assert asked(by_group) == ["v1beta1.custom.metrics.k8s.io"]
    assert asked(await read(PROBE, kind="APIService", name="v1beta1.metrics.k8s.io")) == ["v1beta1.metrics.k8s.io"]
    # A manifest's apiVersion is no complaint: nothing is named, so all are asked about.
    assert len(asked(await read(PROBE, named={"apiservice": "v1.apps"}))) == 2


async def test_an_api_that_is_not_registered_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [apiservice("v1beta1.metrics.k8s.io", service=ADAPTER)]})

    reading = await read(PROBE, named={"api": "external.metrics.k8s.io/v1beta1"})

    assert reading.missing == "APIService external.metrics.k8s.io/v1beta1"
    asked = [row.values for row in reading.rows if row.values["asked"]]
    assert [(each["name"], each["registered"], each["available"], each["claimants"]) for each in asked] == [
        ("v1beta1.external.metrics.k8s.io", False, "", ())
    ]


async def test_an_unknown_api_that_is_not_registered_has_no_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [apiservice("v1beta1.metrics.k8s.io", service=ADAPTER)]})

    reading = await read(PROBE, named={"api": "packages.operators.coreos.com/v1"})

    assert reading.missing == "APIService packages.operators.coreos.com/v1"
    assert not any(row.values["asked"] for row in reading.rows)


async def test_without_the_right_to_list_nothing_is_claimed(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid_everything()

    reading = await read(PROBE)

    assert reading.rows == ()
    assert [str(gap.permission) for gap in reading.gaps] == ["list on apiregistration.k8s.io/apiservices"]
