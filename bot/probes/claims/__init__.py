"""PersistentVolumeClaims: the class each asks for, and the volume each is bound to."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.claims import classes, provisioning, usage, volumes
from bot.probes.claims.in_question import ClaimRow
from bot.probes.contract import may, probe_of
from bot.probes.shared.scope import READS_PODS

read: Final = probe_of(
    {
        "class": classes.read,
        "volume": volumes.read_volumes,
        "missing": volumes.read_missing,
        "provisioning": provisioning.read_provisioning,
        "lost": volumes.read_lost,
        "resize": provisioning.read_resizes,
        "usage": usage.read,
    },
    says="a row per claim in question: the class it asks for and whether that exists, or the volume it is bound to",
    row=ClaimRow,
    args={
        "without_pods": "true, with `shows: usage`: nothing where the request names another object than a claim, so"
        " that a healthy pod costs no query",
        "among": "with `shows: volume`: RE2 pattern; where the request names no object, only pods with a container"
        " whose pod, name or image contains it",
    },
    permissions=(
        *READS_PODS,
        *owners.PERMISSIONS,
        *may("get list", "persistentvolumeclaims", "persistentvolumes", "leases.coordination.k8s.io"),
        *may("list", "events", "storageclasses.storage.k8s.io"),
        *may("get", "csidrivers.storage.k8s.io"),
    ),
)
