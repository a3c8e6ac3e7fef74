"""Certificate signing requests of kubelets."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_certificates import read as PROBE

APPROVED = {"type": "Approved", "status": "True", "reason": "KubectlApprove", "message": "approved"}


def request(age: str, *, node: str = "worker-b", signer: str = "kubelet-serving", **status: Any) -> dict[str, Any]:
    spec = {
        "request": "LS0tLS1CRUdJTg==",
        "signerName": f"kubernetes.io/{signer}",
        "usages": ["digital signature", "server auth"],
        "username": f"system:node:{node}",
    }
    return {"age": age, "spec": spec, "status": status}


async def states(cluster: SimulatedCluster, read: Any, requests: dict[str, Any], **asked: Any) -> list[Any]:
    cluster.load({"scene": {f"CertificateSigningRequest/{name}": each for name, each in requests.items()}})
    rows = (await read(PROBE, **asked)).rows
    return [tuple(row.values[key] for key in ("name", "node", "state", "since_s", "requests")) for row in rows]


async def test_requests_that_follow_each_other_are_one_row(cluster: SimulatedCluster, read: Any) -> None:
    issued = request("9h", certificate="LS0t", conditions=[APPROVED])
    of_one = {"csr-a": issued, "csr-b": request("50m"), "csr-c": request("20m"), "csr-d": request("5m")}
    assert await states(cluster, read, of_one) == [("csr-d", "worker-b", "pending", 3000, 3)]


async def test_a_renewal_ends_what_was_pending(cluster: SimulatedCluster, read: Any) -> None:
    renewed = {"csr-a": request("50m"), "csr-b": request("9m", certificate="LS0t", conditions=[APPROVED])}
    assert await states(cluster, read, renewed) == [("csr-b", "worker-b", "issued", 540, 1)]


async def test_only_requests_of_kubelets_and_of_the_node_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    mixed = {
        "csr-a": request("9m"),
        "csr-b": request("9m", node="worker-c"),
        "csr-c": request("9m", signer="kube-apiserver-client"),
    }
    asked = {"kind": "Node", "name": "worker-c"}
    assert await states(cluster, read, mixed, **asked) == [("csr-b", "worker-c", "pending", 540, 1)]
