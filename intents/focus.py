"""Which object a hypothesis is about, from the names that the text gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Focus, Hypothesis

# The kinds that words of the vocabulary stand for.
KINDS: Final[Mapping[str, str]] = {
    "pod": "Pod",
    "statefulset": "StatefulSet",
    "deployment": "Deployment",
    "daemonset": "DaemonSet",
    "replicaset": "ReplicaSet",
    "job": "Job",
    "cronjob": "CronJob",
    "service": "Service",
    "node": "Node",
    "pvc": "PersistentVolumeClaim",
    "pv": "PersistentVolume",
    "lease": "Lease",
    "apiservice": "APIService",
    "storageclass": "StorageClass",
    "tidbcluster": "TidbCluster",
}
_CLUSTER_SCOPED: Final = frozenset({"Node", "PersistentVolume", "APIService", "StorageClass"})


def focus_of(incident: Incident, hypothesis: Hypothesis, *, namespace: str = "") -> Focus:
    """The object named, by the incident's own order of words; `namespace` is the surface's hint.

    A name without a namespace stays so: probes then look for it everywhere.
    """
    named = hypothesis.named
    home = named.get("namespace", "") or namespace
    node, container = named.get("node", ""), named.get("container", "")
    for word in incident.about:
        if name := named.get(word, ""):
            kind = KINDS[word]
            return Focus(
                kind=kind,
                namespace="" if kind in _CLUSTER_SCOPED else home,
                name=name,
                container=container,
                node=node,
            )
    return Focus(namespace=home, container=container, node=node)
