"""The pods in question, where the object in question may also be a claim: then those that name it."""

from __future__ import annotations

from bot.kube.objects import place_of
from bot.kube.volumes import claim_names
from bot.probes.contract import Look
from bot.probes.shared.scope import Suspects, pods_of


async def pods_or_claim_users(look: Look) -> Suspects:
    """Read the pods in question; of a claim those that name it."""
    focus = look.focus
    if focus.kind != "PersistentVolumeClaim" or not focus.name:
        return await pods_of(look)
    pods = await look.list("Pod", namespace=focus.namespace)
    return Suspects(pods=tuple(sorted((pod for pod in pods if focus.name in claim_names(pod)), key=place_of)))
