"""Reading the kubelet's message about a pod it evicted.

Wordings of k8s.io/kubernetes/pkg/kubelet/eviction: pressure on the node ("The node was low on resource: …", "The node
had condition: [DiskPressure]") or a limit of the pod's own ("… exceeds the total limit of containers 1Gi").
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Evicted(StrEnum):
    """What there was too little of."""

    NODEFS = "nodefs"
    IMAGEFS = "imagefs"
    EPHEMERAL_STORAGE = "ephemeral-storage"
    MEMORY = "memory"
    PIDS = "pids"
    OWN_LIMIT = "own-limit"  # the pod used more local storage than it is allowed: nothing of the node's
    OTHER = "other"


DISK: Final = frozenset({Evicted.NODEFS, Evicted.IMAGEFS, Evicted.EPHEMERAL_STORAGE})

_RESOURCE: Final = re.compile(r"\blow on resource: ([a-z-]+)")
# Kubelets up to 1.9 named the condition in the first form: "The node was low on resource: [DiskPressure]."
_CONDITION: Final = re.compile(r"\b(?:had condition|low on resource): \[([A-Za-z, ]*)\]")
_OWN_LIMIT: Final = re.compile(r"exceed(?:s|ed) (?:the total limit|its local ephemeral storage limit|the limit)")
_RESOURCES: Final = {
    "nodefs": Evicted.NODEFS,
    "inodes": Evicted.NODEFS,
    "containerfs": Evicted.NODEFS,
    "imagefs": Evicted.IMAGEFS,
    "ephemeral-storage": Evicted.EPHEMERAL_STORAGE,
    "memory": Evicted.MEMORY,
    "pids": Evicted.PIDS,
}
_CONDITIONS: Final = {
    "DiskPressure": Evicted.EPHEMERAL_STORAGE,
    "MemoryPressure": Evicted.MEMORY,
    "PIDPressure": Evicted.PIDS,
}


def parse_eviction(message: str) -> Evicted:
    """What a pod was evicted for, as its status message says."""
    if found := _RESOURCE.search(message):
        return _RESOURCES.get(found[1], Evicted.OTHER)
    if found := _CONDITION.search(message):
        named = [part.strip() for part in found[1].split(",")]
        return next(
            (_CONDITIONS[name] for name in ("DiskPressure", *named) if name in named and name in _CONDITIONS),
            Evicted.OTHER,
        )
    return Evicted.OWN_LIMIT if _OWN_LIMIT.search(message) else Evicted.OTHER
