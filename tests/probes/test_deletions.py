"""Objects that are being deleted: their finalizers, the controllers of these, and what still uses them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.deletions import read as PROBE
from bot.probes.terminating_namespaces import read as NAMESPACES

CHALLENGE = {"apiVersion": "acme.cert-manager.io/v1"}
HELD = {"deleted": "3h", "finalizers": ["finalizer.acme.cert-manager.io"]}
OF_CHALLENGE = {"kind": "Challenge", "namespace": "edge", "name": "web-tls-1"}
OF_CLAIM = {"kind": "PersistentVolumeClaim", "namespace": "ledger", "name": "data-book-0"}
BOOK = {
    "StatefulSet/ledger/book": {
        "containers": {"book": "book:7"},
        "pods": {"book-0": {"node": "worker-b"}},
        "claims": {"data": {"size": "20Gi", "mount": "/data"}},
    }
}


@pytest.mark.parametrize(("replicas", "state", "controller"), [
    (1, "running", "Deployment cert-manager/cert-manager"),
    (0, "down", "Deployment cert-manager/cert-manager"),
    (None, "missing", ""),
])  # fmt: skip
async def test_the_controller_of_a_finalizer(
    cluster: SimulatedCluster, read: Any, replicas: int | None, state: str, controller: str
) -> None:
    scene: dict[str, Any] = {"Challenge/edge/web-tls-1": CHALLENGE}
    if replicas is not None:
        scene["Deployment/cert-manager/cert-manager"] = {"replicas": replicas, "containers": {"c": "cert-manager:1"}}
    cluster.load({"scene": scene, "faults": {"Challenge/edge/web-tls-1": HELD}})
    [row] = (await read(PROBE, **OF_CHALLENGE)).rows
    assert (row.values["controller_state"], row.values["controller"]) == (state, controller)
    assert (row.values["remover"], row.values["since_s"]) == ("cert-manager", 10800)


async def test_a_claim_waits_for_its_pods(cluster: SimulatedCluster, read: Any) -> None:
    held = {"deleted": "3h", "finalizers": ["kubernetes.io/pvc-protection"]}
    cluster.load({"scene": BOOK, "faults": {"PersistentVolumeClaim/ledger/data-book-0": held}})
    [row] = (await read(PROBE, **OF_CLAIM)).rows
    assert (row.values["users"], row.values["controller_state"]) == (("pod book-0",), "")
    assert row.values["remover"] == "kube-controller-manager, once no pod uses the claim"


async def test_an_object_that_stays_costs_one_call(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": BOOK})
    found = await read(PROBE, **OF_CLAIM)
    assert (found.rows, found.looked_at) == ((), 1)
    path = "/api/v1/namespaces/ledger/persistentvolumeclaims/data-book-0"
    assert [each.path for each in cluster.requests] == ["/version", path]


async def test_an_object_that_is_gone(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": BOOK})
    found = await read(PROBE, **(OF_CLAIM | {"name": "data-book-9"}))
    assert found.missing == "PersistentVolumeClaim ledger/data-book-9"


async def test_what_is_left_in_a_namespace(cluster: SimulatedCluster, read: Any) -> None:
    left = {
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": "Some resources are remaining: challenges.acme.cert-manager.io has 1 resource instances",
    }
    finalizers = {
        "status": "True",
        "reason": "SomeFinalizersRemain",
        "message": "Some content in the namespace has finalizers remaining: finalizer.acme.cert-manager.io in 1 "
        "resource instances",
    }
    conditions = {"NamespaceContentRemaining": left, "NamespaceFinalizersRemaining": finalizers}
    cluster.load({
        "scene": {"Namespace/edge": {"age": "9d"}, "Challenge/edge/web-tls-1": CHALLENGE},
        "faults": {
            "Namespace/edge": {"deleted": "3h", "conditions": conditions},
            "Challenge/edge/web-tls-1": HELD,
        },
    })  # fmt: skip
    [row] = (await read(PROBE, args={"inside": True}, kind="Namespace", name="edge")).rows
    assert (row.values["kind"], row.values["name"]) == ("Challenge", "web-tls-1")
    [namespace] = (await read(NAMESPACES, kind="Namespace", name="edge")).rows
    assert namespace.values["left"] == ("challenges.acme.cert-manager.io (1)",)
    assert namespace.values["held"] == ("finalizer.acme.cert-manager.io (1)",)


async def test_namespaces_that_stay_have_no_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": BOOK})
    found = await read(NAMESPACES, kind="Namespace", name="ledger")
    assert (found.rows, found.looked_at) == ((), 1)
