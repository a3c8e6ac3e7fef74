"""The claims that waiting pods name and that do not exist, with the existing claim whose name is most like each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz, process

from bot.cluster.errors import ClusterError
from bot.kube.objects import created_at, name_of, namespace_of, phase_of, ref
from bot.kube.owners import owner_of
from bot.kube.volume_claims import claim_names
from bot.probes.contract import Look
from bot.probes.shared.ages import age_s
from bot.probes.shared.claim_users import pods_or_claim_users
from intents.domain import Gap, Json, ProbeResult, Row, RowType

# The pods of one owner name the same claim.
MOST_PODS: Final = 8
_MOST_LISTED: Final = 500
# A claim whose name is less alike than this is not what was meant.
_ALIKE: Final = 60.0

KEYS: Final[Mapping[str, RowType]] = {
    "age_s": RowType.INTEGER,  # of the pod
    "owner_kind": RowType.STRING,
    "owner": RowType.STRING,
    "nearest": RowType.STRING,
    "elsewhere": RowType.STRINGS,  # namespaces that have a claim of this name
}


async def read(look: Look) -> ProbeResult:
    """Read the claims that the pods in question name, as far as these pods wait for their start."""
    suspects = await pods_or_claim_users(look)
    waiting = [pod for pod in suspects.pods if phase_of(pod) == "Pending" and claim_names(pod)][:MOST_PODS]
    gaps = list(suspects.gaps)
    named = [(pod, name) for pod in waiting for name in claim_names(pod)]
    found = await asyncio.gather(*(_is_missing(look, namespace_of(pod), name, gaps) for pod, name in named))
    lost = [one for one, missing in zip(named, found, strict=True) if missing]
    rows = await asyncio.gather(*(_row(look, pod, name) for pod, name in lost))
    return ProbeResult(
        rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing, looked_at=len(suspects.pods)
    )


async def _is_missing(look: Look, namespace: str, name: str, gaps: list[Gap]) -> bool:
    try:
        return await look.snapshot.find("PersistentVolumeClaim", name, namespace=namespace) is None
    except ClusterError as error:
        gaps.append(error.gap(f"PersistentVolumeClaim {namespace}/{name}"))
        return False


async def _row(look: Look, pod: Json, name: str) -> Row:
    namespace, owner = namespace_of(pod), owner_of(pod)
    near, elsewhere = await _others(look, namespace, name)
    return Row(
        values={
            "namespace": namespace,
            "pod": name_of(pod),
            "pvc": name,
            "phase": "",
            "storage_class": "",
            "age_s": age_s(look.snapshot, created_at(pod)),
            "owner_kind": owner.kind,
            "owner": owner.name,
            "nearest": near,
            "elsewhere": elsewhere,
        },
        subject=ref(pod, "Pod"),
        quote=f'persistentvolumeclaim "{name}" not found',
        reproduce=f"kubectl -n {namespace} get pvc; kubectl -n {namespace} describe pod {name_of(pod)}",
    )


async def _others(look: Look, namespace: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the claim of the namespace whose name is most like this, and other namespaces with one of this name."""
    try:
        own, same = await asyncio.gather(
            look.snapshot.list("PersistentVolumeClaim", namespace=namespace, limit=_MOST_LISTED),
            look.snapshot.list("PersistentVolumeClaim", fields=f"metadata.name={name}"),
        )
    except ClusterError:
        return "", ()
    return _most_like(name, [name_of(each) for each in own.items]), tuple(sorted(map(namespace_of, same.items)))


def _most_like(name: str, choices: Sequence[str]) -> str:
    found = process.extractOne(name, sorted(choices), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return str(found[0]) if found else ""
