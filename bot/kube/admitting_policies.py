"""Write the NetworkPolicy that would admit a blocked connection, for people to copy: policies add up.

It selects only pods that policies restrict in that direction already, so it takes nothing from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from bot.kube.network_policy_fields import METADATA_NAME
from bot.kube.network_policy_rules import Connection, Direction, End
from bot.kube.objects import labels_of, namespace_of
from bot.kube.owners import owner_of
from intents.domain import Json

# Labels that controllers and package managers write anew for each pod, revision or release.
_CHANGING: Final = frozenset({
    "pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index", "controller-uid", "batch.kubernetes.io/controller-uid", "job-name",
    "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index", "helm.sh/chart", "version",
    "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
})  # fmt: skip


def admitting(connection: Connection, direction: Direction) -> str:
    """Return the policy in one line of YAML; "" where an end, its labels or the port are not known."""
    pod, peer = connection.pod(direction), connection.peer(direction)
    other = _peer(peer, home=namespace_of(pod or {}))
    if pod is None or not connection.ports or not (mine := _labels(pod)) or not other:
        return ""
    ports = [{"port": port, "protocol": connection.protocol or "TCP"} for port in sorted(connection.ports, key=str)]
    rule = {direction.peers: [other], "ports": ports}
    name = "-".join((owner_of(pod).name, direction.peers, owner_of(peer.pod).name if peer and peer.pod else "outside"))
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace_of(pod)},
        "spec": {
            "podSelector": {"matchLabels": mine},
            "policyTypes": [direction.capitalize()],
            direction.value: [rule],
        },
    }
    return yaml.safe_dump(policy, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _peer(end: End | None, *, home: str) -> Json:
    if end is None or end.pod is None:
        bits = 128 if end and ":" in end.ip else 32
        return {"ipBlock": {"cidr": f"{end.ip}/{bits}"}} if end and end.ip else {}
    if not (labels := _labels(end.pod)):
        return {}
    elsewhere = {"namespaceSelector": {"matchLabels": {METADATA_NAME: end.namespace}}} if end.namespace != home else {}
    return {**elsewhere, "podSelector": {"matchLabels": labels}}


def _labels(pod: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in sorted(labels_of(pod).items()) if key not in _CHANGING}
