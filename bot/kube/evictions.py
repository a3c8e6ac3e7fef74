"""Evictions: the kubelet's message about a pod it evicted, and what a PodDisruptionBudget allows.

Wordings of k8s.io/kubernetes/pkg/kubelet/eviction: pressure on the node ("The node was low on resource: …", "The node
had condition: [DiskPressure]") or a limit of the pod's own ("… exceeds the total limit of containers 1Gi").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class EvictionCause(StrEnum):
    """The resource that ran short when a pod was evicted."""

    NODEFS = "nodefs"
    IMAGEFS = "imagefs"
    EPHEMERAL_STORAGE = "ephemeral-storage"
    MEMORY = "memory"
    PIDS = "pids"
    OWN_LIMIT = "own-limit"  # the pod used more local storage than it may; the node had enough
    OTHER = "other"


DISK: Final = frozenset({EvictionCause.NODEFS, EvictionCause.IMAGEFS, EvictionCause.EPHEMERAL_STORAGE})

_RESOURCE: Final = re.compile(r"\blow on resource: ([a-z-]+)")
# Kubelets up to 1.9 named the condition in the first form: "The node was low on resource: [DiskPressure]."
_CONDITION: Final = re.compile(r"\b(?:had condition|low on resource): \[([A-Za-z, ]*)\]")
_OWN_LIMIT: Final = re.compile(r"exceed(?:s|ed) (?:the total limit|its local ephemeral storage limit|the limit)")
_RESOURCES: Final = {
    "nodefs": EvictionCause.NODEFS,
    "inodes": EvictionCause.NODEFS,
    "containerfs": EvictionCause.NODEFS,
    "imagefs": EvictionCause.IMAGEFS,
    "ephemeral-storage": EvictionCause.EPHEMERAL_STORAGE,
    "memory": EvictionCause.MEMORY,
    "pids": EvictionCause.PIDS,
}
_CONDITIONS: Final = {
    "DiskPressure": EvictionCause.EPHEMERAL_STORAGE,
    "MemoryPressure": EvictionCause.MEMORY,
    "PIDPressure": EvictionCause.PIDS,
}


def parse_eviction(message: str) -> EvictionCause:
    """Return the cause of an eviction by the pod's status message."""
    if found := _RESOURCE.search(message):
        return _RESOURCES.get(found[1], EvictionCause.OTHER)
    if found := _CONDITION.search(message):
        named = [part.strip() for part in found[1].split(",")]
        return next(
            (_CONDITIONS[name] for name in ("DiskPressure", *named) if name in named and name in _CONDITIONS),
            EvictionCause.OTHER,
        )
    return EvictionCause.OWN_LIMIT if _OWN_LIMIT.search(message) else EvictionCause.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The quantities that an eviction's message states, as the kubelet wrote them; "" for each it leaves out."""

    threshold: str = ""  # the node must keep more than this free
    available: str = ""
    container: str = ""  # the first that used more than it requested, or exceeded its own limit
    used: str = ""
    requested: str = ""
    limit: str = ""  # of the pod, one container or one volume


_THRESHOLD: Final = re.compile(
    r"Threshold quantity: (?P<threshold>[\w.]+), available: (?P<available>[\w.]+?)\.(?:\s|$)"
)
_USER: Final = re.compile(
    r"Container (?P<container>\S+) was using (?P<used>[\w.]+), (?:request is (?P<requested>\w+)|which)"
)
_LIMIT: Final = re.compile(
    r"(?:Container (?P<container>\S+) )?exceed(?:s|ed) (?:the total limit of containers|the limit"
    r"|its local ephemeral storage limit) \"?(?P<limit>\w+)"
)


def parse_amounts(message: str) -> Amounts:
    """Return the quantities that an eviction's message states."""
    found: dict[str, str] = {}
    for pattern in (_THRESHOLD, _USER, _LIMIT):
        if match := pattern.search(message):
            found |= {name: value for name, value in match.groupdict().items() if value}
    return Amounts(**found)


def never_allows(spec: Mapping[str, Any]) -> bool:
    """Tell whether the spec alone refuses every eviction, however healthy the pods are."""
    return str(spec.get("maxUnavailable")) in ("0", "0%") or str(spec.get("minAvailable")) == "100%"


def limit_of(spec: Mapping[str, Any]) -> str:
    """Return the budget's limit as its spec has it: `maxUnavailable: 0`; the API server's default where it has none."""
    for key in ("minAvailable", "maxUnavailable"):
        if spec.get(key) is not None:
            return f"{key}: {spec[key]}"
    return "maxUnavailable: 1"
