"""Custom resources by their conditions."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.custom_resources import PROBE

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
