"""The Lease by which a storage driver's controller says that it runs: that of its provisioner or its resizer.

The sidecars of CSI drivers elect a leader by a Lease named after the driver, in the namespace of the controller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import name_of, namespace_of, spec_of
from bot.kube.volume_attachments import trouble_of
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.holders import Holders
from intents.domain import Gap, Json

RESIZER: Final = "external-resizer-"
PROVISIONER: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverLease:
    """How long ago a driver's controller renewed its lease, and the pod that holds it; all empty without a lease."""

    namespace: str = ""
    renewed_s: int = UNKNOWN
    pod: str = ""
    trouble: str = ""


async def lease_of(look: Look, driver: str, *, sidecar: str) -> tuple[DriverLease, Gap | None]:
    """Read the newest lease of a driver's sidecar, and the pod behind it."""
    name = sidecar + re.sub(r"[^a-zA-Z0-9-]", "-", driver)
    try:
        found = (await look.snapshot.list("Lease", fields=f"metadata.name={name}")).items
        if not found:
            return DriverLease(), None
        lease = max(found, key=lambda each: str(spec_of(each).get("renewTime") or ""))
        namespace = namespace_of(lease)
        pods = (await look.snapshot.list("Pod", namespace=namespace)).items
    except ClusterError as error:
        return DriverLease(), error.gap(f"the controller of {driver}")
    pod: Json | None = Holders(pods).of(lease)
    return DriverLease(
        namespace=namespace,
        renewed_s=age_s(look.snapshot, spec_of(lease).get("renewTime")),
        pod=name_of(pod) if pod else "",
        trouble=trouble_of(pod) if pod else "",
    ), None
