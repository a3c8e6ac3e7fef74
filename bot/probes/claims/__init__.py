"""PersistentVolumeClaims: the class each asks for, and the volume each is bound to."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.claims import classes, provisioning, usage, volumes
from bot.probes.claims.in_question import ClaimRow
from bot.probes.contract import Shown, may, probe
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration

PROBE: Final = probe(
    says="a row per claim in question: the class it asks for and whether that exists, or the volume it is bound to",
    row=ClaimRow,
    shows={
        "class": Shown(
            says="the claim in question, those of the pods in question, or all that are not bound",
            row=classes.ClassShown,
            read=classes.read,
        ),
        "volume": Shown(
            says="the claims of the pods in question, and the age of the cluster they serve",
            row=volumes.VolumeShown,
            read=volumes.read_volumes,
        ),
        "missing": Shown(
            says="those that waiting pods name and that do not exist",
            row=volumes.MissingShown,
            read=volumes.read_missing,
        ),
        "provisioning": Shown(
            says="those that a provisioner was asked to serve, with its error and its controller",
            row=provisioning.ProvisioningShown,
            read=provisioning.read_provisioning,
        ),
        "lost": Shown(
            says="those whose volume is gone or bound to another claim", row=volumes.LostShown, read=volumes.read_lost
        ),
        "resize": Shown(
            says="how far the resize of the bound ones has come",
            row=provisioning.ResizeShown,
            read=provisioning.read_resizes,
        ),
        "usage": Shown(
            says="how full their volumes are, where a Prometheus is configured", row=usage.UsageShown, read=usage.read
        ),
    },
    args={
        "without_pods": ArgDeclaration(
            says="true, with `shows: usage`: nothing where the request names another object than a claim, so that a"
            " healthy pod costs no query"
        ),
        "among": ArgDeclaration(
            says="with `shows: volume`: RE2 pattern; where the request names no object, only pods with a container"
            " whose pod, name or image contains it"
        ),
    },
    permissions=(
        *READS_PODS,
        *owners.PERMISSIONS,
        *may("get list", "persistentvolumeclaims", "persistentvolumes", "leases.coordination.k8s.io"),
        *may("list", "events", "storageclasses.storage.k8s.io"),
        *may("get", "csidrivers.storage.k8s.io"),
    ),
)
