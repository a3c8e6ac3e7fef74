"""Test whether a component is scraped: three selections must meet, and the row names the one that does not."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.monitors import read as PROBE
from intents.domain import GapReason

ARGS = {"component": "kube-proxy"}
BY_ADDRESS = [{"relabelings": [{"targetLabel": "__address__", "replacement": "$1:10249"}]}]


def pod(
    name: str = "kube-proxy-a", *, labels: dict | None = None, ports: tuple = (), ready: str = "True", **container: Any
) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "labels": labels or {"k8s-app": "kube-proxy"}},
        "spec": {"containers": [{"name": "kube-proxy", "ports": list(ports)} | container]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    }


def monitor(
    name: str = "kube-proxy",
    *,
    kind: str = "PodMonitor",
    labels: dict | None = None,
    namespaces: Any = None,
    **spec: Any,
) -> dict:
    where = {"namespaceSelector": namespaces} if namespaces else {}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "monitoring", "labels": labels or {}},
        "spec": {"selector": {"matchLabels": {"k8s-app": "kube-proxy"}}} | where | spec,
    }


def prometheus(**spec: Any) -> dict:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "k8s", "namespace": "monitoring"},
        "spec": spec,
    }


KUBE_SYSTEM = {"matchNames": ["kube-system"]}
OTHER = monitor("other", selector={"matchLabels": {"app": "other"}}, podMetricsEndpoints=[{"port": "web"}])


async def values(cluster: SimulatedCluster, read: Any, *objects: dict) -> dict[str, Any]:
    cluster.load({"objects": list(objects)})
    [row] = (await read(PROBE, args=ARGS)).rows
    return dict(row.values)


async def test_without_the_operator_there_is_nothing_to_ask(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod()]})
    reading = await read(PROBE, args=ARGS)

    assert (reading.rows, reading.gaps) == ((), ())
    assert "not installed" in reading.not_applicable


async def test_pods_that_no_monitor_means(cluster: SimulatedCluster, read: Any) -> None:
    row = await values(cluster, read, pod(), pod("kube-proxy-b", ready="False"), OTHER)

    assert (row["pods"], row["unready_pods"], row["known"]) == (2, ("kube-proxy-b",), True)
    assert (row["monitors"], row["portless"], row["ignored"]) == ((), (), ())
    assert row["label_key"] == "k8s-app"


@pytest.mark.parametrize(("namespaces", "found"), [(None, False), (KUBE_SYSTEM, True), ({"any": True}, True)])
async def test_a_monitor_looks_into_its_own_namespace_unless_it_says_otherwise(
    cluster: SimulatedCluster, read: Any, namespaces: Any, found: bool
) -> None:
    row = await values(cluster, read, pod(), monitor(namespaces=namespaces, podMetricsEndpoints=BY_ADDRESS))

    assert row["monitors"] == (("PodMonitor monitoring/kube-proxy",) if found else ())


@pytest.mark.parametrize(("endpoint", "ports", "found"), [
    ({"targetPort": 10249}, (), False),
    ({"targetPort": 10249}, ({"containerPort": 10249},), True),
    ({"port": "metrics"}, ({"containerPort": 10249, "name": "metrics"},), True),
    ({"port": "metrics"}, ({"containerPort": 10249, "name": "http"},), False),
    ({"portNumber": 10249}, ({"containerPort": 10249},), True),
    ({}, (), True),
])  # fmt: skip
async def test_a_port_that_no_container_declares_makes_no_target(
    cluster: SimulatedCluster, read: Any, endpoint: dict, ports: tuple, found: bool
) -> None:
    row = await values(cluster, read, pod(ports=ports), monitor(namespaces=KUBE_SYSTEM, podMetricsEndpoints=[endpoint]))

    assert bool(row["monitors"]) is found
    assert bool(row["portless"]) is not found


async def test_a_service_monitor_finds_pods_through_a_service(cluster: SimulatedCluster, read: Any) -> None:
    service = {
        "kind": "Service",
        "metadata": {"name": "proxy", "namespace": "kube-system", "labels": {"k8s-app": "kube-proxy"}},
        "spec": {"selector": {"k8s-app": "kube-proxy"}, "ports": [{"name": "metrics", "port": 10249}]},
    }
    watching = monitor(kind="ServiceMonitor", namespaces=KUBE_SYSTEM, endpoints=[{"port": "metrics"}])
    row = await values(cluster, read, pod(), service, watching)
    assert row["monitors"] == ("ServiceMonitor monitoring/kube-proxy",)

    row = await values(cluster, read, pod(), service | {"spec": {"selector": {"app": "x"}, "ports": []}}, watching)
    assert row["monitors"] == ()


async def test_a_scrape_config_that_speaks_of_it_counts(cluster: SimulatedCluster, read: Any) -> None:
    config = monitor("proxy", kind="ScrapeConfig") | {"spec": {"jobName": "kube-proxy"}}
    row = await values(cluster, read, pod(), OTHER, config)

    assert row["monitors"] == ("ScrapeConfig monitoring/proxy",)


@pytest.mark.parametrize(("spec", "taken"), [
    ({}, False),
    ({"podMonitorSelector": {}}, True),
    ({"podMonitorSelector": {"matchLabels": {"release": "kps"}}}, False),
    ({"podMonitorSelector": {}, "podMonitorNamespaceSelector": {"matchLabels": {"team": "a"}}}, False),
    ({"podMonitorSelector": {}, "podMonitorNamespaceSelector": {}}, True),
])  # fmt: skip
async def test_a_monitor_that_no_prometheus_takes_is_ignored(
    cluster: SimulatedCluster, read: Any, spec: dict, taken: bool
) -> None:
    watching = monitor(namespaces=KUBE_SYSTEM, podMetricsEndpoints=BY_ADDRESS)
    row = await values(cluster, read, pod(), watching, prometheus(**spec))

    assert (bool(row["monitors"]), bool(row["ignored"])) == (taken, not taken)
    assert (row["prometheus_namespace"], row["prometheus"]) == ("monitoring", "k8s")


async def test_what_a_new_pod_monitor_must_carry(cluster: SimulatedCluster, read: Any) -> None:
    row = await values(cluster, read, OTHER, prometheus(podMonitorSelector={"matchLabels": {"release": "kps"}}))
    assert (row["release"], row["takes_any"], row["additional"]) == ("kps", False, False)

    row = await values(cluster, read, OTHER, prometheus(podMonitorSelector={}, additionalScrapeConfigs={"name": "s"}))
    assert (row["release"], row["takes_any"], row["additional"]) == ("", True, True)
    assert row["name_free"] is True
    assert (await values(cluster, read, monitor()))["name_free"] is False


async def test_static_pods_and_other_labels_are_known(cluster: SimulatedCluster, read: Any) -> None:
    row = await values(cluster, read, OTHER, pod("kube-proxy-gke-node-1", labels={"component": "kube-proxy"}))
    assert (row["pods"], row["label_key"]) == (1, "component")

    cluster.load({"objects": []})
    assert (await read(PROBE, args={"component": "kube-scheduler"})).rows[0].values["pods"] == 0


@pytest.mark.parametrize(("written", "address", "loopback"), [
    ('metricsBindAddress: ""', "127.0.0.1:10249", True),
    ("metricsBindAddress: 0.0.0.0:10249", "0.0.0.0:10249", False),
    ("mode: iptables", "", False),
])  # fmt: skip
async def test_where_its_metrics_listen(
    cluster: SimulatedCluster, read: Any, written: str, address: str, loopback: bool
) -> None:
    config = {
        "kind": "ConfigMap",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "data": {"config.conf": f"kind: KubeProxyConfiguration\n{written}\n"},
    }
    row = await values(cluster, read, pod(), OTHER, config)
    assert (row["address"], row["loopback"]) == (address, loopback)

    row = await values(cluster, read, pod(command=["kube-proxy", "--metrics-bind-address=10.0.0.1:10249"]))
    assert (row["address"], row["loopback"]) == ("10.0.0.1:10249", False)


async def test_monitors_that_may_not_be_read_leave_it_open(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod(), OTHER]})
    cluster.forbid(verb="list", group="monitoring.coreos.com", resource="podmonitors")
    reading = await read(PROBE, args=ARGS)
    assert reading.rows[0].values["known"] is False
    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]

    cluster.forbid(verb="list", resource="pods")
    assert (await read(PROBE, args=ARGS)).rows == ()
