"""Autoscalers in a mesh: whether the proxy drives them, and which Sidecar holds for it."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.pod_autoscalers import read as PROBE
from intents.domain import GapReason

ISTIO = {"proxy": "istio"}


def pod(name: str = "demo-0", *, native: bool = False, proxy: bool = True, labels: dict | None = None) -> dict:
    containers = [{"name": "demo"}]
    inits: list[dict] = []
    if proxy:
        (inits if native else containers).append({"name": "istio-proxy"})
    return {
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "labels": labels or {"app": "demo"},
            "ownerReferences": [{"kind": "StatefulSet", "name": "demo"}],
        },
        "spec": {"containers": containers, "initContainers": inits},
        "status": {"phase": "Running"},
    }  # fmt: skip


SET: dict[str, Any] = {
    "kind": "StatefulSet",
    "metadata": {"name": "demo", "namespace": "shop"},
    "spec": {"selector": {"matchLabels": {"app": "demo"}}},
}


def use(name: str = "demo-0", **containers: tuple[str, str]) -> dict:
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": name, "namespace": "shop"},
        "containers": [
            {"name": key.replace("_", "-"), "usage": {"cpu": cpu, "memory": memory}}
            for key, (cpu, memory) in containers.items()
        ],
    }


def scaler(
    name: str = "demo",
    *,
    current: int = 4,
    most: int = 4,
    percent: int = 90,
    kind: str = "Resource",
    key: str = "resource",
) -> dict:
    target = {"type": "Utilization", "averageUtilization": 70}
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "demo"},
            "minReplicas": 1,
            "maxReplicas": most,
            "metrics": [{"type": kind, key: {"name": "cpu", "container": "demo", "target": target}}],
        },
        "status": {
            "currentReplicas": current,
            "desiredReplicas": current,
            "lastScaleTime": "-5m",
            "currentMetrics": [{"type": kind, key: {"name": "cpu", "current": {"averageUtilization": percent}}}],
        },
    }


def sidecar(
    name: str = "default",
    *,
    namespace: str = "istio-system",
    hosts: tuple[str, ...] = ("./*", "istio-system/*"),
    **spec: Any,
) -> dict:
    egress = {"egress": [{"hosts": list(hosts)}]} if hosts else {}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.istio.io/v1beta1", "kind": "Sidecar", "metadata": metadata, "spec": egress | spec}


METRICS = {
    "kind": "APIService",
    "metadata": {"name": "v1beta1.metrics.k8s.io"},
    "spec": {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "service": {"namespace": "kube-system", "name": "metrics-server"},
    },
}
ELSEWHERE = sidecar("x", namespace="elsewhere")
HEAVY = use(demo=("30m", "60Mi"), istio_proxy=("270m", "180Mi"))


async def values(cluster: SimulatedCluster, read: Any, *objects: dict) -> dict[str, Any]:
    cluster.load({"objects": [SET, *objects]})
    [row] = (await read(PROBE, args=ISTIO)).rows
    return dict(row.values)


async def test_the_share_of_the_proxy_in_what_is_scaled_by(cluster: SimulatedCluster, read: Any) -> None:
    row = await values(cluster, read, pod(), scaler(), ELSEWHERE, METRICS, HEAVY)

    assert (row["at_max"], row["over"], row["percent"], row["target_percent"]) == (True, True, 90, 70)
    assert (row["resource"], row["proxy_share"], row["proxy_use"], row["app_use"]) == ("cpu", 90, "270m", "30m")
    assert (row["sidecar"], row["root"], row["root_default"]) == ("", "istio-system", "")


async def test_a_native_sidecar_counts_and_a_pod_without_proxy_does_not(cluster: SimulatedCluster, read: Any) -> None:
    assert await values(cluster, read, pod(native=True), scaler(), ELSEWHERE)

    cluster.load({"objects": [pod(proxy=False)]})
    assert (await read(PROBE, args=ISTIO)).rows == ()


@pytest.mark.parametrize(("current", "most", "at_max"), [(3, 4, False), (4, 4, True), (1, 1, False)])
async def test_at_its_maximum(cluster: SimulatedCluster, read: Any, current: int, most: int, at_max: bool) -> None:
    row = await values(cluster, read, pod(), scaler(current=current, most=most, percent=10), ELSEWHERE)

    assert (row["at_max"], row["over"]) == (at_max, False)


async def test_a_metric_of_one_container_leaves_the_proxy_out(cluster: SimulatedCluster, read: Any) -> None:
    row = await values(
        cluster, read, pod(), scaler(kind="ContainerResource", key="containerResource"), ELSEWHERE, METRICS, HEAVY
    )

    assert (row["one_container"], row["percent"]) == (True, 90)


@pytest.mark.parametrize(("sidecars", "bound", "root_default"), [
    ([sidecar()], "istio-system/default", "default"),
    ([sidecar(hosts=("*/*",))], "", "default"),
    ([sidecar(hosts=())], "", "default"),
    ([sidecar(workloadSelector={"labels": {"app": "demo"}})], "", ""),
    ([sidecar(), sidecar("all", namespace="shop", hosts=("*/*",))], "", "default"),
    ([sidecar("mine", namespace="shop", workloadSelector={"labels": {"app": "demo"}})], "shop/mine", ""),
    ([sidecar("theirs", namespace="shop", workloadSelector={"labels": {"app": "x"}})], "", ""),
])  # fmt: skip
async def test_which_sidecar_holds(
    cluster: SimulatedCluster, read: Any, sidecars: list[dict], bound: str, root_default: str
) -> None:
    row = await values(cluster, read, pod(), scaler(), *sidecars)

    assert (row["sidecar"], row["root_default"]) == (bound, root_default)


async def test_the_root_namespace_is_what_the_mesh_says(cluster: SimulatedCluster, read: Any) -> None:
    config = {
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": "accessLogFile: /dev/stdout\nrootNamespace: mesh-root\n"},
    }
    row = await values(cluster, read, pod(), scaler(), config, sidecar(namespace="mesh-root"))

    assert (row["root"], row["sidecar"]) == ("mesh-root", "mesh-root/default")


async def test_the_request_says_which_autoscaler_is_meant(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [SET, pod(), scaler(), scaler("other"), ELSEWHERE]})

    assert len((await read(PROBE, args=ISTIO, kind="Pod", namespace="shop", name="demo-0")).rows) == 2
    assert len((await read(PROBE, args=ISTIO, kind="StatefulSet", namespace="shop", name="demo")).rows) == 2
    assert (await read(PROBE, args=ISTIO, kind="Deployment", namespace="shop", name="demo")).rows == ()
    assert (await read(PROBE, args=ISTIO, namespace="elsewhere")).rows == ()
    assert [row.values["name"] for row in (await read(PROBE, args=ISTIO, named={"hpa": "other"})).rows] == ["other"]
    assert (await read(PROBE, args=ISTIO, named={"hpa": "gone"})).missing == "HorizontalPodAutoscaler gone"


async def test_without_istio_metrics_or_permission(cluster: SimulatedCluster, read: Any) -> None:
    assert "sidecars.networking.istio.io" in (await read(PROBE, args=ISTIO)).not_applicable

    cluster.load({"objects": [SET, pod(), scaler(), ELSEWHERE]})
    reading = await read(PROBE, args=ISTIO)
    assert reading.rows[0].values["proxy_share"] == -1
    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_CONFIGURED]

    cluster.load({"objects": [METRICS, HEAVY]})
    cluster.forbid(verb="list", group="metrics.k8s.io", resource="pods")
    assert [gap.reason for gap in (await read(PROBE, args=ISTIO)).gaps] == [GapReason.FORBIDDEN]

    cluster.forbid(verb="list", group="autoscaling", resource="horizontalpodautoscalers")
    reading = await read(PROBE, args=ISTIO)
    assert (reading.rows, len(reading.gaps)) == ((), 1)


async def test_without_a_proxy_asked_for_every_autoscaler_has_a_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [{
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5},
        "status": {"currentReplicas": 5},
    }]})  # fmt: skip

    [row] = (await read(PROBE, namespace="shop")).rows

    assert (row.values["target_kind"], row.values["target"], row.values["at_max"]) == ("Deployment", "web", True)
    assert (await read(PROBE, named={"hpa": "gone"})).missing == "HorizontalPodAutoscaler gone"


def blind(message: str, reason: str = "FailedGetResourceMetric") -> dict:
    one = scaler(current=1)
    one["status"]["conditions"] = [
        {"type": "ScalingActive", "status": "False", "reason": reason, "message": message, "lastTransitionTime": "-9m"}
    ]
    return one


WORKLOAD: dict[str, Any] = SET | {
    "spec": SET["spec"] | {"serviceName": "demo", "template": {
        "metadata": {"labels": {"app": "demo"}},
        "spec": {"containers": [
            {"name": "demo", "image": "demo:1", "resources": {"requests": {"cpu": "1"}}},
            {"name": "agent", "image": "agent:1"},
            {"name": "limited", "image": "limited:1", "resources": {"limits": {"cpu": "1"}}},
        ]},
    }}
}  # fmt: skip


async def test_names_the_containers_without_a_request(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [WORKLOAD, blind("failed to get cpu utilization: missing request for cpu")]})
    [row] = (await read(PROBE)).rows
    assert row.values["no_request"] == ("agent",)
    assert (row.values["active"], row.values["active_s"], row.values["api"]) == ("False", 540, "metrics.k8s.io")


async def test_takes_the_container_that_the_controller_names(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {"objects": [blind("failed to get cpu utilization: missing request for cpu in container app of Pod demo-0")]}
    )
    [row] = (await read(PROBE)).rows
    assert row.values["no_request"] == ("app",)


async def test_says_that_nothing_serves_the_metrics(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [blind("unable to get external metric shop/queue", "FailedGetExternalMetric")]})
    [row] = (await read(PROBE)).rows
    assert row.values["api_problem"] == "no APIService is registered for it"


async def test_reads_nothing_more_for_one_with_metrics(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [WORKLOAD, scaler()]})
    [row] = (await read(PROBE)).rows
    assert row.values["above"] == "cpu: 90%/70%"
    assert [sent.path for sent in cluster.requests if "apiservices" in sent.path] == []
