"""Tell which object an alert is about, from its labels.

kube-state-metrics puts its own `job`, `pod`, `instance` and `container` beside the labels of what it measures:
the most specific label names the object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from intents.named_objects import Focus

# From specific to general. `job` is the scrape job of Prometheus, never a Job of Kubernetes.
KINDS: Final[Mapping[str, str]] = {
    "job_name": "Job",
    "cronjob": "CronJob",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "hpa": "HorizontalPodAutoscaler",
    "poddisruptionbudget": "PodDisruptionBudget",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "persistentvolume": "PersistentVolume",
    "resourcequota": "ResourceQuota",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "deployment": "Deployment",
    "replicaset": "ReplicaSet",
    "ingress": "Ingress",
    "exported_pod": "Pod",
    "pod": "Pod",
    "pod_name": "Pod",
    "node": "Node",
    "service": "Service",
}
# Exporters measure a machine; their `instance` is its name with a port, unless it is an address.
_OF_MACHINES: Final = re.compile(r"Node[A-Z]\w+|Kubelet\w+|KubeNode\w+")
_MACHINE: Final = re.compile(r"([a-z0-9][a-z0-9.-]{0,252})(?::\d+)?")
_ADDRESS: Final = re.compile(r"[\d.]+")
_NOT_IN_NAMESPACES: Final = frozenset({"Node", "PersistentVolume"})


def object_of(labels: Mapping[str, str]) -> Focus | None:
    """Return the object that the labels name; None where they name none.

    A namespace without an object in it is the object.
    """
    if machine := _machine(labels):
        return Focus(kind="Node", name=machine)
    namespace = labels.get("exported_namespace") or labels.get("namespace", "")
    for label, kind in KINDS.items():
        if name := labels.get(label, ""):
            container = labels.get("exported_container") or labels.get("container", "") if kind == "Pod" else ""
            home = "" if kind in _NOT_IN_NAMESPACES else namespace
            return Focus(kind=kind, namespace=home, name=name, container=container)
    return Focus(kind="Namespace", name=namespace) if namespace else None


def _machine(labels: Mapping[str, str]) -> str:
    """Return the name of the node that an alert about machines names, "" for any other alert."""
    if not _OF_MACHINES.fullmatch(labels.get("alertname", "")):
        return ""
    named = labels.get("node") or labels.get("nodename", "")
    match = _MACHINE.fullmatch(labels.get("instance", ""))
    return named or (match[1] if match and not _ADDRESS.fullmatch(match[1]) else "")
