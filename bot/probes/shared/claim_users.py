"""The pods in question, where the object in question may also be a claim: then those that name it."""

from __future__ import annotations

from bot.cluster.errors import ClusterError
from bot.kube.objects import place_of
from bot.kube.volume_claims import claim_names
from bot.probes.contract import Look
from bot.probes.shared.scope import Suspects, pods_of


async def pods_or_claim_users(look: Look) -> Suspects:
    """Read the pods in question; of a claim those that name it."""
    focus = look.focus
    if focus.kind != "PersistentVolumeClaim" or not focus.name:
        return await pods_of(look)
    try:
        listing = await look.snapshot.list("Pod", namespace=focus.namespace)
    except ClusterError as error:
        return Suspects(gaps=(error.gap("the pods that name the claim"),))
    gap = listing.gap("the pods that name the claim")
    users = (pod for pod in listing.items if focus.name in claim_names(pod))
    return Suspects(pods=tuple(sorted(users, key=place_of)), gaps=(gap,) if gap else ())
