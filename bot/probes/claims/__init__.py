"""PersistentVolumeClaims: the class each asks for, and the volume each is bound to."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.claims import classes, lost, provisioning, resizes, usage, volumes
from bot.probes.claims.in_question import ClaimRow
from bot.probes.contract import Look, may, probe
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the claims in question with what is asked about them."""
    kinds = {
        "volume": volumes.read,
        "missing": lost.read_missing,
        "provisioning": provisioning.read,
        "lost": lost.read_lost,
        "resize": resizes.read,
        "usage": usage.read,
    }
    return await kinds.get(str(look.args.get("shows")), classes.read)(look)


PROBE: Final = probe(
    name="claims",
    says="a row per claim in question: the class it asks for and whether that exists, or the volume it is bound to",
    row=ClaimRow,
    args={
        "shows": ArgDeclaration(
            says="class: the claim in question, those of the pods in question, or all that are not bound;"
            " volume: the claims of the pods in question, and the age of the cluster they serve;"
            " missing: those that waiting pods name and that do not exist;"
            " provisioning: those that a provisioner was asked to serve, with its error and its controller;"
            " lost: those whose volume is gone or bound to another claim;"
            " resize: how far the resize of the bound ones has come;"
            " usage: how full their volumes are, where a Prometheus is configured",
            choices=("class", "volume", "missing", "provisioning", "lost", "resize", "usage"),
            default="class",
            fills={
                "class": classes.ClassShown.keys(),
                "volume": volumes.VolumeShown.keys(),
                "missing": lost.MissingShown.keys(),
                "provisioning": provisioning.ProvisioningShown.keys(),
                "lost": lost.LostShown.keys(),
                "resize": resizes.ResizeShown.keys(),
                "usage": usage.UsageShown.keys(),
            },
        ),
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
    read=read,
)
