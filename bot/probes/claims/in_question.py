"""The claims in question: the one named, those of the pods in question, or all that wait for something."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import name_of, namespace_of, phase_of, place_of
from bot.kube.volume_claims import claim_names, class_of
from bot.probes.contract import Look
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, GapReason, Json

MOST_CLAIMS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsInQuestion:
    """The claims in question, and the pods that mount each, by namespace and name."""

    claims: tuple[Json, ...] = ()
    pods: Mapping[tuple[str, str], Sequence[Json]]
    missing: str = ""
    gaps: tuple[Gap, ...] = ()
    looked_at: int = 0

    def chosen(self) -> tuple[tuple[Json, ...], tuple[Gap, ...]]:
        """Return the claims to look at, and the gap for those that are too many."""
        chosen = self.claims[:MOST_CLAIMS]
        if len(chosen) == len(self.claims):
            return chosen, ()
        detail = f"only {len(chosen)} of {len(self.claims)} claims were looked at"
        return chosen, (Gap(what="all claims", reason=GapReason.TRUNCATED, detail=detail),)

    def pod_of(self, claim: Json) -> str:
        """Return the first pod that mounts a claim, "" if none does."""
        return next((name_of(pod) for pod in self.pods.get(place_of(claim), ())), "")


def phase(claim: Json) -> str:
    """Return a claim's phase; a new claim has none yet."""
    return phase_of(claim) or "Pending"


def is_unbound(claim: Json) -> bool:
    """Tell whether a claim is not bound to a volume."""
    return phase(claim) != "Bound"


async def claims_in_question(look: Look, *, wanted: Callable[[Json], bool] = is_unbound) -> ClaimsInQuestion:
    """Read the claims in question; where neither a claim nor pods are named, those that are `wanted`."""
    focus = look.focus
    if focus.kind in ("PersistentVolumeClaim", "StorageClass") or not focus.names_object:
        return await _listed(look, wanted)
    suspects = await pods_of(look)
    names = [(namespace_of(pod), name) for pod in suspects.pods for name in claim_names(pod)]
    gaps = list(suspects.gaps)
    claims: list[Json] = []
    unique = sorted(dict.fromkeys(names))[:MOST_CLAIMS]
    for found in await asyncio.gather(*(_claim(look, namespace, name) for namespace, name in unique)):
        if isinstance(found, Gap):
            gaps.append(found)
        elif found is not None:
            claims.append(found)
    return ClaimsInQuestion(
        claims=tuple(claims),
        pods=_mounting(suspects.pods),
        missing=suspects.missing,
        gaps=tuple(gaps),
        looked_at=len(suspects.pods),
    )


async def _listed(look: Look, wanted: Callable[[Json], bool]) -> ClaimsInQuestion:
    """Return the claim named, wherever it is, or those of the namespace or the cluster that are wanted."""
    focus = look.focus
    named = focus.name if focus.kind == "PersistentVolumeClaim" else ""
    try:
        fields = f"metadata.name={named}" if named else ""
        listing = await look.snapshot.list("PersistentVolumeClaim", namespace=focus.namespace, fields=fields)
    except ClusterError as error:
        return ClaimsInQuestion(pods={}, gaps=(error.gap(),))
    asked = listing.items
    if focus.kind == "StorageClass" and focus.name:
        asked = tuple(each for each in asked if class_of(each) == focus.name)
    claims = [each for each in asked if named or wanted(each)]
    pods, no_pods = await _pods(look) if claims else ((), None)
    missing = f"PersistentVolumeClaim {focus.namespace}/{named}".replace(" /", " ") if named and not claims else ""
    return ClaimsInQuestion(
        claims=tuple(sorted(claims, key=place_of)),
        pods=_mounting(pods),
        missing=missing,
        gaps=tuple(gap for gap in (listing.gap("all claims"), no_pods) if gap),
        looked_at=len(asked),
    )


async def _pods(look: Look) -> tuple[tuple[Json, ...], Gap | None]:
    try:
        return (await look.snapshot.list("Pod", namespace=look.focus.namespace)).items, None
    except ClusterError as error:
        return (), error.gap("pods that mount the claims")


def _mounting(pods: Sequence[Json]) -> Mapping[tuple[str, str], Sequence[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for pod in sorted(pods, key=place_of):
        for name in claim_names(pod):
            found[namespace_of(pod), name].append(pod)
    return found


async def _claim(look: Look, namespace: str, name: str) -> Json | Gap | None:
    try:
        return await look.snapshot.find("PersistentVolumeClaim", name, namespace=namespace)
    except ClusterError as error:
        return error.gap()
