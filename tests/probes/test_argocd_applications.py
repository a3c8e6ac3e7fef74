"""What Argo CD says of Applications that keep a Prometheus, beside what the Prometheus itself says."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.argocd_applications import read as PROBE

TOO_LONG = (
    "one or more objects failed to apply, reason: CustomResourceDefinition.apiextensions.k8s.io"
    ' "prometheuses.monitoring.coreos.com" is invalid: metadata.annotations: Too long: must have at most 262144 bytes'
)


def application(name: str = "metrics", *, server: str = "https://kubernetes.default.svc", **status: Any) -> dict:
    kept = {"group": "monitoring.coreos.com", "kind": "Prometheus", "name": "k8s", "namespace": "watch"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"destination": {"server": server}, "syncPolicy": {"syncOptions": ["CreateNamespace=true"]}},
        "status": {"health": {"status": "Progressing"}, "sync": {"status": "Synced"}, "resources": [kept]} | status,
    }


def prometheus(*conditions: dict) -> dict:
    status = {"status": {"conditions": list(conditions)}} if conditions else {}
    metadata = {"name": "k8s", "namespace": "watch"}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": metadata, "spec": {}} | status


def workload(kind: str, name: str, image: str, **status: int) -> dict:
    labels = {"app": name}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }
    return {"kind": kind, "metadata": {"name": name, "namespace": "watch"}, "spec": spec, "status": status}


RUNNING = workload("StatefulSet", "prometheus-k8s", "prometheus:v2", replicas=2, readyReplicas=2)
OPERATOR = workload("Deployment", "op", "quay.io/prometheus-operator/prometheus-operator:v0.49.0@sha256:aa")


async def test_a_prometheus_without_a_status_beside_its_running_pods(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [application(), prometheus(), RUNNING, OPERATOR]})
    [row] = (await read(PROBE)).rows

    assert (row.values["health"], row.values["prometheus"], row.values["here"]) == ("Progressing", "k8s", True)
    assert (row.values["exists"], row.values["available"]) == (True, "")
    assert (row.values["ready"], row.values["wanted"], row.values["operator"]) == (2, 2, "v0.49.0")
    assert row.values["options"] == ("CreateNamespace=true",)


async def test_a_status_tells_whether_it_is_available(cluster: SimulatedCluster, read: Any) -> None:
    failing = {"type": "Available", "status": "False", "reason": "NoPodReady", "message": "pod k8s-0: pending"}
    cluster.load({"objects": [application(), prometheus(failing)]})
    [row] = (await read(PROBE)).rows

    assert (row.values["available"], row.values["unavailable_because"]) == ("False", "pod k8s-0: pending")
    assert (row.values["ready"], row.values["operator"]) == (-1, "")


async def test_an_application_of_another_cluster_says_nothing_of_ours(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [application(server="https://10.1.2.3:6443"), prometheus(), RUNNING]})
    [row] = (await read(PROBE)).rows

    assert (row.values["here"], row.values["exists"], row.values["ready"]) == (False, False, -1)


async def test_what_is_too_long_to_apply_is_named(cluster: SimulatedCluster, read: Any) -> None:
    result = {"kind": "CustomResourceDefinition", "name": "probes.monitoring.coreos.com",
              "message": "metadata.annotations: Too long: may not be more than 262144 bytes"}  # fmt: skip
    failed = {"phase": "Failed", "message": TOO_LONG, "syncResult": {"resources": [result]}}
    cluster.load(
        {"objects": [application("crds", resources=[], operationState=failed), application("web", resources=[])]}
    )
    [row] = (await read(PROBE)).rows

    assert (row.values["name"], row.values["prometheus"]) == ("crds", "")
    assert row.values["too_long"] == ("probes.monitoring.coreos.com", "prometheuses.monitoring.coreos.com")


async def test_what_has_succeeded_since_is_no_error(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [application(operationState={"phase": "Succeeded", "message": TOO_LONG}), prometheus()]})
    [row] = (await read(PROBE)).rows

    assert row.values["too_long"] == ()


async def test_the_application_or_definition_named_is_what_is_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    failed = {"phase": "Error", "message": TOO_LONG}
    applied = [{"kind": "CustomResourceDefinition", "name": "prometheuses.monitoring.coreos.com"}]
    cluster.load({"objects": [
        application("a"), application("b", operationState=failed), application("c", resources=applied), prometheus(),
    ]})  # fmt: skip

    async def asked(**named: str) -> list[str]:
        return [str(row.values["name"]) for row in (await read(PROBE, named=named)).rows]

    assert await asked() == ["a", "b"]
    assert await asked(application="a") == ["a"]
    assert await asked(crd="prometheuses.monitoring.coreos.com") == ["b", "c"]
    assert await asked(crd="others.example.com") == []
    assert (await read(PROBE, named={"application": "gone"})).missing == "Application gone"


async def test_without_argo_cd_or_the_right_to_see_it(cluster: SimulatedCluster, read: Any) -> None:
    assert "not installed" in (await read(PROBE)).not_applicable

    cluster.load({"objects": [application(), prometheus(), RUNNING]})
    cluster.forbid(verb="list", group="monitoring.coreos.com", resource="prometheuses")
    reading = await read(PROBE)
    assert (reading.rows[0].values["exists"], len(reading.gaps)) == (False, 1)

    cluster.forbid(verb="list", group="argoproj.io", resource="applications")
    reading = await read(PROBE)
    assert (reading.rows, len(reading.gaps)) == ((), 1)
