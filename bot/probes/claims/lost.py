"""The claims that lost their volume: whether it is gone or serves another claim, and volumes that are left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import name_of, namespace_of, phase_of, ref
from bot.kube.volume_claims import class_of, holder_of, volume_name_of
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look
from intents.domain import Gap, Json, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "pv": RowType.STRING,
    "volume": RowType.STRING,  # what became of it: gone, taken, there; "" if it could not be read
    "holder": RowType.STRING,  # the claim that a volume is bound to instead
    "kept": RowType.STRINGS,  # Released volumes that were bound to a claim of this name
}


async def read(look: Look) -> ProbeResult:
    """Read the claims in question that are Lost, and the volumes they name."""
    question = await claims_in_question(look)
    chosen, cut = question.chosen()
    gaps = [*question.gaps, *cut]
    lost = [each for each in chosen if phase(each) == "Lost"]
    rows = await asyncio.gather(*(_row(look, each, question, gaps) for each in lost))
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=question.missing,
        looked_at=len(question.claims) or question.looked_at,
    )


async def _row(look: Look, claim: Json, question: ClaimsInQuestion, gaps: list[Gap]) -> Row:
    namespace, name, pv = namespace_of(claim), name_of(claim), volume_name_of(claim)
    became, holder = await _volume(look, claim, gaps)
    return Row(
        values={
            "namespace": namespace,
            "pod": question.pod_of(claim),
            "pvc": name,
            "phase": "Lost",
            "storage_class": class_of(claim) or "",
            "pv": pv,
            "volume": became,
            "holder": holder,
            "kept": await _kept(look, claim, gaps),
        },
        subject=ref(claim, "PersistentVolumeClaim"),
        quote=f"phase: Lost, volumeName: {pv}",
        reproduce=f"kubectl -n {namespace} get pvc {name}; kubectl get pv {pv}",
    )


async def _volume(look: Look, claim: Json, gaps: list[Gap]) -> tuple[str, str]:
    try:
        volume = await look.snapshot.find("PersistentVolume", volume_name_of(claim))
    except ClusterError as error:
        gaps.append(error.gap())
        return "", ""
    if volume is None:
        return "gone", ""
    holder = holder_of(volume)
    return ("there", "") if holder in ("", f"{namespace_of(claim)}/{name_of(claim)}") else ("taken", holder)


async def _kept(look: Look, claim: Json, gaps: list[Gap]) -> tuple[str, ...]:
    try:
        volumes = (await look.snapshot.list("PersistentVolume")).items
    except ClusterError as error:
        gaps.append(error.gap("the PersistentVolumes"))
        return ()
    same = f"{namespace_of(claim)}/{name_of(claim)}"
    return tuple(sorted(name_of(each) for each in volumes if phase_of(each) == "Released" and holder_of(each) == same))
