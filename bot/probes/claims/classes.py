"""The class that each claim asks for: one that exists, one that does not, or none where there is no default.

Whether its class exists tells a Pending claim with a wrong name from one with a slow or missing provisioner.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube.objects import created_at, name_of, namespace_of, ref, spec_of
from bot.kube.owners import owner_of
from bot.kube.volume_claims import class_of, default_class
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, ObjectRef, ProbeResult, Row, RowType, Value

# A class whose name is less alike than this is not what was meant.
_ALIKE: Final = 60.0
# Reasons of events about a claim that is not bound yet.
_WAITING_REASONS: Final = frozenset({
    "ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "WaitForFirstConsumer", "WaitForPodScheduled",
    "Provisioning", "VolumeMismatch",
})  # fmt: skip

_CLASSES: Final = "the StorageClasses"

KEYS: Final[Mapping[str, RowType]] = {
    "age_s": RowType.INTEGER,
    "class_named": RowType.BOOLEAN,  # false: it leaves the class to the cluster's default
    "class_exists": RowType.BOOLEAN,
    "class_volumes": RowType.INTEGER,  # volumes of a class that does not exist, -1 if not counted
    "provisioner": RowType.STRING,
    "binding_mode": RowType.STRING,
    "default_class": RowType.STRING,
    "classes": RowType.STRINGS,
    "only_class": RowType.STRING,  # where the cluster has exactly one
    "nearest": RowType.STRING,  # the existing class whose name is most like the one named
    "message": RowType.STRING,  # of the newest event that says why it waits
    "owner_kind": RowType.STRING,
    "owner": RowType.STRING,
    "template": RowType.STRING,  # of the StatefulSet that made it
    "template_class": RowType.STRING,  # the class that the template names now
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """The classes of the cluster; `volumes` counts the volumes of each class, None where they were not counted."""

    classes: tuple[Json, ...] = ()
    volumes: Mapping[str, int] | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> ProbeResult:
    """Read the claims in question and the classes of the cluster."""
    question = await claims_in_question(look)
    if not question.claims:
        return ProbeResult(missing=question.missing, gaps=question.gaps, looked_at=question.looked_at)
    chosen, cut = question.chosen()
    gaps = [*question.gaps, *cut]
    storage = await _storage(look, chosen)
    gaps += storage.gaps
    rows: list[Row] = []
    if not any(gap.what == _CLASSES for gap in storage.gaps):
        for row, found in await asyncio.gather(*(_row(look, claim, question, storage) for claim in chosen)):
            rows.append(row)
            gaps += found
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=question.missing)


async def _storage(look: Look, claims: Sequence[Json]) -> _Storage:
    """Return the classes; and the volumes, only where a claim waits for a class that does not exist."""
    try:
        classes = (await look.snapshot.list("StorageClass")).items
    except ClusterError as error:
        return _Storage(gaps=(error.gap(_CLASSES),))
    known = {name_of(each) for each in classes}
    if all(phase(each) == "Bound" or (class_of(each) or "") in known for each in claims):
        return _Storage(classes=classes)
    try:
        volumes = (await look.snapshot.list("PersistentVolume")).items
    except ClusterError as error:
        return _Storage(classes=classes, gaps=(error.gap("the PersistentVolumes"),))
    counts: dict[str, int] = defaultdict(int)
    for volume in volumes:
        counts[str(spec_of(volume).get("storageClassName") or "")] += 1
    return _Storage(classes=classes, volumes=counts)


async def _row(look: Look, claim: Json, question: ClaimsInQuestion, storage: _Storage) -> tuple[Row, tuple[Gap, ...]]:
    namespace, name, state, named = namespace_of(claim), name_of(claim), phase(claim), class_of(claim)
    pods = question.pods.get((namespace, name), ())
    owned, gaps = await _owned(look, pods[0], name) if pods else (_NO_OWNER, ())
    message, gap = "", None
    if state != "Bound":
        message, gap = await _waiting_event(look, claim)
    values: dict[str, Value] = {
        "namespace": namespace,
        "pvc": name,
        "phase": state,
        "age_s": age_s(look.snapshot, created_at(claim)),
        "class_named": named is not None,
        "storage_class": named or "",
        "message": message,
        "pod": name_of(pods[0]) if pods else "",
        **_class(named or "", storage),
        **owned,
    }
    row = Row(
        values=values,
        subject=ref(claim, "PersistentVolumeClaim"),
        quote=message or f"storageClassName: {named if named is not None else '(none)'}, phase: {state}",
        reproduce=f"kubectl -n {namespace} describe pvc {name}; kubectl get storageclass",
    )
    return row, (*gaps, *((gap,) if gap else ()))


def _class(named: str, storage: _Storage) -> dict[str, Value]:
    by_name = {name_of(each): each for each in storage.classes}
    names = tuple(sorted(by_name))
    meant = by_name.get(named, {})
    exists = named in by_name
    alike = None if exists or not named else process.extractOne(named, names, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    counted = UNKNOWN if exists or storage.volumes is None else storage.volumes.get(named, 0)
    return {
        "class_exists": exists,
        "class_volumes": counted,
        "provisioner": str(meant.get("provisioner") or ""),
        "binding_mode": str(meant.get("volumeBindingMode") or ("Immediate" if meant else "")),
        "default_class": default_class(storage.classes),
        "classes": names,
        "only_class": names[0] if len(names) == 1 else "",
        "nearest": alike[0] if alike else "",
    }


async def _waiting_event(look: Look, claim: Json) -> tuple[str, Gap | None]:
    """Return the message of the newest event that says why a claim is not bound."""
    about: ObjectRef = ref(claim, "PersistentVolumeClaim")
    try:
        events = await look.snapshot.events(about)
    except ClusterError as error:
        return "", error.gap(f"events in {namespace_of(claim)}")
    waiting = [each for each in events if each.get("reason") in _WAITING_REASONS]
    return str(waiting[-1].get("message") or "") if waiting else "", None


_NO_OWNER: Final[Mapping[str, Value]] = {
    "owner_kind": "", "owner": "", "template": "", "template_class": "",
}  # fmt: skip


async def _owned(look: Look, pod: Json, claim: str) -> tuple[Mapping[str, Value], tuple[Gap, ...]]:
    """Return the owner of the pod, and the class that the template which made the claim names now."""
    found = await owners.owners_of(look.snapshot, pod)
    owner = owner_of(pod)
    workload = found.manifests[0] if found.manifests else {}
    template: Json = next(
        (
            each
            for each in spec_of(workload).get("volumeClaimTemplates") or ()
            if f"{name_of(each)}-{name_of(pod)}" == claim
        ),
        {},
    )
    values: dict[str, Value] = {
        "owner_kind": owner.kind,
        "owner": owner.name,
        "template": name_of(template),
        "template_class": class_of(template) or "",
    }
    return values, (found.gap,) if found.gap else ()
