"""Custom resources by their conditions."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.custom_resources import read as PROBE

CONTROLLER = "Deployment/cert-manager/cert-manager"
CERTIFICATE = {
    "apiVersion": "cert-manager.io/v1",
    "metadata": {"generation": 3},
    "status": {
        "observedGeneration": 2,
        "conditions": [
            {"type": "Issuing", "status": "True", "reason": "DoesNotExist", "lastTransitionTime": "-9m"},
            {"type": "Ready", "status": "False", "reason": "DoesNotExist", "lastTransitionTime": "-9m"},
        ],
    },
}
SCENE = {CONTROLLER: {"containers": {"controller": "cert-manager:1.16"}}, "Certificate/shop/web-tls": CERTIFICATE}


async def test_the_object_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE})
    [row] = (await read(PROBE, kind="Certificate", namespace="shop", name="web-tls")).rows
    seen = {key: row.values[key] for key in ("condition", "status", "reason", "bad", "at_work", "since_s", "behind")}
    assert seen == {"condition": "Ready", "status": "False", "reason": "DoesNotExist", "bad": True, "at_work": True,
                    "since_s": 540, "behind": True}  # fmt: skip
    assert (row.values["controller"], row.values["controller_ready"]) == ("cert-manager/cert-manager", 1)


async def test_a_controller_without_ready_pods(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE, "faults": {CONTROLLER: {"exited": 1, "waiting": "CrashLoopBackOff"}}})
    [row] = (await read(PROBE, kind="Certificate", namespace="shop", name="web-tls")).rows
    assert row.values["controller_ready"] == 0


async def test_a_text_that_names_no_kind_reads_widespread_kinds(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE})
    assert [row.values["name"] for row in (await read(PROBE)).rows] == ["web-tls"]


async def test_a_kind_that_is_built_in_or_not_served_is_not_applicable(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": SCENE})
    assert (await read(PROBE, named={"kind": "Deployment", "name": "web"})).not_applicable
    assert (await read(PROBE, named={"kind": "Widget", "name": "web"})).not_applicable
    assert (await read(PROBE, kind="Certificate", namespace="shop", name="gone")).missing == "Certificate shop/gone"


ISSUED = {"type": "Ready", "status": "False", "reason": "Pending", "message": "waits", "lastTransitionTime": "-9m"}
FAILED = {"type": "Ready", "status": "False", "reason": "Failed", "message": "DNS record", "lastTransitionTime": "-9m"}


def waiting(
    condition: dict[str, str], *, group: str = "cert-manager.io", owner: str = "", **spec: Any
) -> dict[str, Any]:
    written = {"apiVersion": f"{group}/v1", "spec": spec, "status": {"conditions": [condition]}}
    return written | ({"owner": owner} if owner else {})


async def test_the_chain_down_to_the_object_that_fails(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": {
        "Certificate/shop/web-tls": waiting(ISSUED, issuerRef={"name": "letsencrypt"}),
        "Issuer/shop/letsencrypt": waiting({**ISSUED, "status": "True"}),
        "CertificateRequest/shop/web-tls-1": waiting(ISSUED, owner="Certificate/web-tls"),
        "Order/shop/web-tls-1-77": waiting(ISSUED, group="acme.cert-manager.io", owner="CertificateRequest/web-tls-1"),
        "Challenge/shop/web-tls-1-77-5": waiting(FAILED, group="acme.cert-manager.io", owner="Order/web-tls-1-77"),
    }})  # fmt: skip
    rows = (await read(PROBE, kind="Certificate", namespace="shop", name="web-tls")).rows
    assert [(row.values["kind"], row.values["needed_by"]) for row in rows] == [
        ("Challenge", "Order shop/web-tls-1-77"),
        ("Order", "CertificateRequest shop/web-tls-1"),
        ("CertificateRequest", "Certificate shop/web-tls"),
        ("Certificate", ""),
    ]
    assert rows[0].values["message"] == "DNS record"


async def test_an_object_that_is_not_there(cluster: SimulatedCluster, read: Any) -> None:
    other = waiting({**ISSUED, "status": "True"})
    cluster.load({"scene": {
        "Certificate/shop/web-tls": waiting(ISSUED, issuerRef={"name": "letsencrypt", "kind": "ClusterIssuer"}),
        "ClusterIssuer/other": other,
    }})  # fmt: skip
    missing, asked = (await read(PROBE, kind="Certificate", namespace="shop", name="web-tls")).rows
    assert (missing.subject.kind, missing.subject.namespace, missing.values["exists"]) == ("ClusterIssuer", "", False)
    assert missing.values["needed_by"] == "Certificate shop/web-tls"
    assert asked.values["exists"]


async def test_an_argo_cd_application_down_to_its_workload(cluster: SimulatedCluster, read: Any) -> None:
    def resource(kind: str, name: str, health: str, group: str = "apps") -> dict[str, Any]:
        told = {"health": {"status": health}} if health else {}
        return {"group": group, "version": "v1", "kind": kind, "namespace": "shop", "name": name, **told}

    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "status": {
            "health": {"status": "Degraded", "lastTransitionTime": "-9m"},
            "resources": [
                resource("Service", "web", "Healthy", group=""),
                resource("Deployment", "web", "Degraded"),
                resource("Deployment", "calm", ""),
                resource("ConfigMap", "gone", "Missing", group=""),
                resource("Secret", "hidden", "Missing", group=""),
            ],
        },
    }
    world = {
        "scene": {
            "Application/argocd/shop": application,
            "Deployment/shop/web": {"containers": {"app": "app:1"}},
            "Deployment/shop/calm": {"containers": {"app": "app:1"}},
        },
        "faults": {"Deployment/shop/web": {"exited": 1, "restarts": 8, "waiting": "CrashLoopBackOff"}},
    }
    cluster.load(world)
    rows = (await read(PROBE, kind="Application", namespace="argocd", name="shop")).rows
    assert [(row.values["kind"], row.values["name"], row.values["exists"]) for row in rows] == [
        ("Deployment", "web", True),
        ("ConfigMap", "gone", False),
        ("Application", "shop", True),
    ]
    assert (rows[-1].values["condition"], rows[-1].values["reason"], rows[-1].values["bad"]) == (
        "Healthy", "Degraded", True,
    )  # fmt: skip


async def test_pods_that_belong_to_the_object(cluster: SimulatedCluster, read: Any) -> None:
    pod, well = "main-kafka-0", waiting({**ISSUED, "status": "True"}, group="kafka.strimzi.io")
    kafka = {"owner": "Kafka/main", "containers": {"kafka": "kafka:4"}, "pods": [pod]}
    cluster.load(
        {
            "scene": {"Kafka/stream/main": well, "StatefulSet/stream/main-kafka": kafka},
            "faults": {f"Pod/stream/{pod}": {"exited": 1, "waiting": "CrashLoopBackOff", "restarts": 7}},
        }
    )
    [row] = (await read(PROBE, kind="Kafka", namespace="stream", name="main")).rows
    assert (row.values["bad"], row.values["pods"]) == (False, (pod,))
