"""The claims that lost their volume: whether it is gone or serves another claim, and volumes that are left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.kube.objects import name_of, phase_of, place_of
from bot.kube.volume_claims import holder_of, volume_name_of
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from intents.domain import Json, ProbeResult, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class LostShown(RowValues):
    """The volume that a claim lost."""

    pv: str
    volume: str  # what became of it: gone, taken, there; "" if it could not be read
    holder: str  # the claim that a volume is bound to instead
    kept: tuple[str, ...]  # Released volumes that were bound to a claim of this name


async def read(look: Look) -> ProbeResult:
    """Read the claims in question that are Lost, and the volumes they name."""
    question = await claims_in_question(look)
    lost = [each for each in question.chosen if phase(each) == "Lost"]
    return question.result(await asyncio.gather(*(_row(look, each, question) for each in lost)))


async def _row(look: Look, claim: Json, question: ClaimsInQuestion) -> Row:
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
