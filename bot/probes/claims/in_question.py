"""The claims in question: the one named, those of the pods in question, or all that wait for something."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import name_of, namespace_of, phase_of, place_of, ref
from bot.kube.volumes import claim_names, class_of
from bot.probes.contract import Look, RowValues, at_most
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ProbeResult, Row

MOST_CLAIMS: Final = 24


class ClaimRow(RowValues):
    """A claim in question."""

    of_subject = ("namespace",)

    pod: str  # the first that mounts it
    pvc: str
    phase: str = ""  # Pending, Bound, Lost
    storage_class: str = ""  # "" where it names none


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsInQuestion:
    """The claims in question, and the pods that mount each, by namespace and name."""

    claims: Sequence[Json] = ()
    pods: Mapping[tuple[str, str], Sequence[Json]]
    missing: str = ""
    looked_at: int = 0

    def pod_of(self, claim: Json) -> str:
        """Return the first pod that mounts a claim, "" if none does."""
        return next((name_of(pod) for pod in self.pods.get(place_of(claim), ())), "")

    def row(self, claim: Json, shown: RowValues, *, quote: str, reproduce: str = "") -> Row:
        """Return the row of a claim, with the values that the argument `shows` adds."""
        namespace, name = place_of(claim)
        about = ClaimRow(
            pod=self.pod_of(claim),
            pvc=name,
            phase=phase(claim),
            storage_class=class_of(claim) or "",
        )
        reproduce = reproduce or f"kubectl -n {namespace} describe pvc {name}"
        return about.row(ref(claim, "PersistentVolumeClaim"), quote=quote, reproduce=reproduce, more=shown.values())

    def result(self, rows: Iterable[Row]) -> ProbeResult:
        """Return the result of a read that has rows for some of the claims only."""
        looked_at = len(self.claims) or self.looked_at
        return ProbeResult(rows=tuple(rows), missing=self.missing, looked_at=looked_at)


def phase(claim: Json) -> str:
    """Return a claim's phase; a new claim has none yet."""
    return phase_of(claim) or "Pending"


def is_unbound(claim: Json) -> bool:
    """Tell whether a claim is not bound to a volume."""
    return phase(claim) != "Bound"


async def claims_in_question(look: Look, *, wanted: Callable[[Json], bool] = is_unbound) -> ClaimsInQuestion:
    """Return the claims in question; where neither a claim nor pods are named, those that are `wanted`."""
    focus = look.focus
    if focus.kind in ("PersistentVolumeClaim", "StorageClass") or not focus.names_object:
        return await _listed(look, wanted)
    suspects = await pods_of(look)
    names = sorted({(namespace_of(pod), name) for pod in suspects.pods for name in claim_names(pod)})[:MOST_CLAIMS]
    claims = await asyncio.gather(*(look.find("PersistentVolumeClaim", name, namespace=home) for home, name in names))
    return ClaimsInQuestion(
        claims=tuple(each for each in claims if each is not None),
        pods=_mounting(suspects.pods),
        missing=suspects.missing,
        looked_at=len(suspects.pods),
    )


async def _listed(look: Look, wanted: Callable[[Json], bool]) -> ClaimsInQuestion:
    """Return the claim named, wherever it is, or those of the namespace or the cluster that are wanted."""
    focus = look.focus
    named = focus.name if focus.kind == "PersistentVolumeClaim" else ""
    fields = f"metadata.name={named}" if named else ""
    asked = (await look.snapshot.list("PersistentVolumeClaim", namespace=focus.namespace, fields=fields)).items
    if focus.kind == "StorageClass" and focus.name:
        asked = tuple(each for each in asked if class_of(each) == focus.name)
    claims = sorted((each for each in asked if named or wanted(each)), key=place_of)
    pods = await look.list("Pod", namespace=focus.namespace) if claims else ()
    missing = f"PersistentVolumeClaim {focus.namespace}/{named}".replace(" /", " ") if named and not claims else ""
    return ClaimsInQuestion(
        claims=at_most(MOST_CLAIMS, claims, what="all claims", says="claims were looked at"),
        pods=_mounting(pods),
        missing=missing,
        looked_at=len(asked),
    )


def _mounting(pods: Sequence[Json]) -> Mapping[tuple[str, str], Sequence[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for pod in sorted(pods, key=place_of):
        for name in claim_names(pod):
            found[namespace_of(pod), name].append(pod)
    return found
