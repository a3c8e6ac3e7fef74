"""Test the cluster-dns probe: the Service that answers names."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.services import read as PROBE

DNS = {"which": "cluster-dns"}


def dns_service(name: str = "kube-dns", *, port: int = 53, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"clusterIP": "10.96.0.10", "selector": {"k8s-app": "kube-dns"}, "ports": [{"port": port}]} | spec,
    }


def dns_pod(name: str, *, ready: bool) -> dict[str, Any]:
    state = {"running": {"startedAt": "-9d"}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"containers": [{"name": "coredns", "image": "coredns"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": "-10m"}],
            "containerStatuses": [
                {"name": "coredns", "ready": ready, "restartCount": 0 if ready else 6, "state": state}
            ],
        },
    }


def deployment(name: str = "coredns") -> dict[str, Any]:
    labels = {"k8s-app": "kube-dns"}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}},
    }


async def test_a_dns_that_is_down_names_its_pods_and_its_workload(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        dns_service(), deployment(), dns_pod("coredns-b", ready=False), dns_pod("coredns-a", ready=False),
    ]})  # fmt: skip

    (row,) = (await read(PROBE, args=DNS)).rows

    assert (row.values["ready_endpoints"], row.values["pods"], row.values["ready_pods"]) == (0, 2, 0)
    assert row.values["unready"] == "coredns-a (CrashLoopBackOff), coredns-b (CrashLoopBackOff)"
    assert (row.values["backend_kind"], row.values["backend"]) == ("Deployment", "coredns")
    assert (row.values["restarts"], row.values["cluster_ip"]) == (12, "10.96.0.10")


async def test_one_pod_of_two_is_ready(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [dns_service(), dns_pod("coredns-a", ready=True), dns_pod("coredns-b", ready=False)]})

    (row,) = (await read(PROBE, args=DNS)).rows
    assert (row.values["pods"], row.values["ready_pods"]) == (2, 1)


async def test_a_service_for_its_metrics_answers_no_names(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [dns_service("kube-dns-metrics", port=9153)]})

    assert "k8s-app=kube-dns" in (await read(PROBE, args=DNS)).not_applicable


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [dns_service(), dns_pod("coredns-a", ready=True)]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE, args=DNS)
    assert (reading.rows[0].values["pods"], [str(gap.permission) for gap in reading.gaps]) == (0, ["list on pods"])

    cluster.forbid_everything()
    reading = await read(PROBE, args=DNS)
    assert (reading.rows, [str(gap.permission) for gap in reading.gaps]) == ((), ["list on services"])


async def test_a_service_without_selector_tells_only_of_its_endpoints(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [dns_service(selector=None)]})

    (row,) = (await read(PROBE, args=DNS)).rows
    assert (row.values["ready_endpoints"], row.values["backend"]) == (0, "")
