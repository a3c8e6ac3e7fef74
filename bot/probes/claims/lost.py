"""The claims that do not exist though pods name them, and those whose volume is gone or serves another claim."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import created_at, name_of, namespace_of, phase_of, place_of, ref
from bot.kube.owners import owner_of
from bot.kube.volumes import claim_names, holder_of, volume_name_of
from bot.probes.claims.in_question import ClaimRow, ClaimsInQuestion, claims_in_question, most_like, phase
from bot.probes.contract import Look, beside_the_verdict
from bot.probes.rows import RowValues
from bot.probes.shared.scope import pods_or_claim_users
from intents.domain import Json, ProbeResult, Row

# The pods of one owner name the same claim.
MOST_PODS: Final = 8
_MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingShown(RowValues):
    """A claim that a pod names and that does not exist."""

    age_s: int  # of the pod
    owner_kind: str
    owner: str
    nearest: str
    elsewhere: tuple[str, ...]  # namespaces that have a claim of this name


async def read_missing(look: Look) -> ProbeResult:
    """Read the claims that the pods in question name, as far as these pods wait for their start."""
    suspects = await pods_or_claim_users(look)
    waiting = [pod for pod in suspects.pods if phase_of(pod) == "Pending" and claim_names(pod)][:MOST_PODS]
    named = [(pod, name) for pod in waiting for name in claim_names(pod)]
    found = await asyncio.gather(*(_is_missing(look, namespace_of(pod), name) for pod, name in named))
    absent = [one for one, missing in zip(named, found, strict=True) if missing]
    rows = await asyncio.gather(*(_missing_row(look, pod, name) for pod, name in absent))
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


async def _is_missing(look: Look, namespace: str, name: str) -> bool:
    claim = look.snapshot.find("PersistentVolumeClaim", name, namespace=namespace)
    return await look.unless_refused(claim, {}) is None


async def _missing_row(look: Look, pod: Json, name: str) -> Row:
    namespace, owner = namespace_of(pod), owner_of(pod)
    with beside_the_verdict():  # Other claims are told only as what may be meant.
        own, same = await asyncio.gather(
            look.list("PersistentVolumeClaim", namespace=namespace, limit=_MOST_LISTED),
            look.list("PersistentVolumeClaim", fields=f"metadata.name={name}"),
        )
    shown = MissingShown(
        age_s=look.age_s(created_at(pod)),
        owner_kind=owner.kind,
        owner=owner.name,
        nearest=most_like(name, map(name_of, own)),
        elsewhere=tuple(sorted(map(namespace_of, same))),
    )
    return ClaimRow(namespace=namespace, pod=name_of(pod), pvc=name).row(
        ref(pod, "Pod"),
        quote=f'persistentvolumeclaim "{name}" not found',
        reproduce=f"kubectl -n {namespace} get pvc; kubectl -n {namespace} describe pod {name_of(pod)}",
        more=shown.values(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LostShown(RowValues):
    """The volume that a claim lost."""

    pv: str
    volume: str  # what became of it: gone, taken, there; "" if it could not be read
    holder: str  # the claim that a volume is bound to instead
    kept: tuple[str, ...]  # Released volumes that were bound to a claim of this name


async def read_lost(look: Look) -> ProbeResult:
    """Read the claims in question that are Lost, and the volumes they name."""
    question = await claims_in_question(look)
    lost = [each for each in question.claims if phase(each) == "Lost"]
    return question.result(await asyncio.gather(*(_lost_row(look, each, question) for each in lost)))


async def _lost_row(look: Look, claim: Json, question: ClaimsInQuestion) -> Row:
    pv, same = volume_name_of(claim), "/".join(place_of(claim))
    became, holder = await look.unless_refused(_volume(look, pv, same), ("", ""))
    volumes = await look.list("PersistentVolume")
    kept = (name_of(each) for each in volumes if phase_of(each) == "Released" and holder_of(each) == same)
    return question.row(
        claim,
        LostShown(pv=pv, volume=became, holder=holder, kept=tuple(sorted(kept))),
        quote=f"phase: Lost, volumeName: {pv}",
        reproduce=f"kubectl -n {place_of(claim)[0]} get pvc {name_of(claim)}; kubectl get pv {pv}",
    )


async def _volume(look: Look, name: str, claim: str) -> tuple[str, str]:
    volume = await look.snapshot.find("PersistentVolume", name)
    if volume is None:
        return "gone", ""
    holder = holder_of(volume)
    return ("there", "") if holder in ("", claim) else ("taken", holder)
