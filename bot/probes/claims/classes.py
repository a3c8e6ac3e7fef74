"""The class that each claim asks for: one that exists, one that does not, or none where there is no default.

Whether its class exists tells a Pending claim with a wrong name from one with a slow or missing provisioner.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import created_at, name_of, place_of, ref, spec_of
from bot.kube.owners import owner_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import class_of, class_of_volume, default_class
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look, RowValues, probe
from intents.domain import Json, ProbeResult, Row
from intents.spelling import closest

# Reasons of events about a claim that is not bound yet.
_WAITING_REASONS: Final = frozenset({
    "ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "WaitForFirstConsumer", "WaitForPodScheduled",
    "Provisioning", "VolumeMismatch",
})  # fmt: skip


class _Class(RowValues):
    """The class that a claim asks for, beside those that there are."""

    class_exists: bool
    class_volumes: int  # volumes of a class that does not exist, -1 if not counted
    provisioner: str
    binding_mode: str
    default_class: str
    classes: tuple[str, ...]
    only_class: str  # where the cluster has exactly one
    nearest: str  # the existing class whose name is most like the one named


class _Owner(RowValues):
    """The owner of the pod that mounts a claim."""

    owner_kind: str = ""
    owner: str = ""
    template: str = ""  # of the StatefulSet that made the claim
    template_class: str = ""  # the class that the template names now


class ClassShown(RowValues):
    """A claim with the class that it asks for."""

    age_s: int
    class_named: bool  # false: it leaves the class to the cluster's default
    message: str  # of the newest event that says why it waits
    asked: _Class
    owned: _Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """The classes of the cluster; `volumes` counts the volumes of each class, None where they were not counted."""

    classes: tuple[Json, ...]
    volumes: Mapping[str, int] | None = None


@probe(says="the claim in question, those of the pods in question, or all that are not bound", row=ClassShown)
async def read(look: Look) -> ProbeResult:
    """Read the claims in question and the classes of the cluster."""
    question = await claims_in_question(look)
    if not question.claims:
        return question.result(())
    storage = await _storage(look, question.claims)
    rows = await asyncio.gather(*(_row(look, claim, question, storage) for claim in question.claims if storage))
    return ProbeResult(rows=tuple(rows), missing=question.missing)


async def _storage(look: Look, claims: Sequence[Json]) -> _Storage | None:
    """Return the classes; and the volumes, only where a claim waits for a class that does not exist."""
    classes = await look.whole("StorageClass")
    if classes is None:
        return None
    known = {name_of(each) for each in classes}
    if all(phase(each) == "Bound" or (class_of(each) or "") in known for each in claims):
        return _Storage(classes=classes)
    volumes = await look.whole("PersistentVolume")
    return _Storage(classes=classes, volumes=None if volumes is None else Counter(map(class_of_volume, volumes)))


async def _row(look: Look, claim: Json, question: ClaimsInQuestion, storage: _Storage) -> Row:
    namespace, name = place_of(claim)
    state, named = phase(claim), class_of(claim)
    pods = question.pods.get((namespace, name), ())
    about = ref(claim, "PersistentVolumeClaim")
    message = await look.newest_message(about, *_WAITING_REASONS) if state != "Bound" else ""
    shown = ClassShown(
        age_s=look.age_s(created_at(claim)),
        class_named=named is not None,
        message=message,
        asked=_class(named or "", storage),
        owned=await _owner(look, pods[0], name) if pods else _Owner(),
    )
    return question.row(
        claim,
        shown,
        quote=message or f"storageClassName: {named if named is not None else '(none)'}, phase: {state}",
        reproduce=f"kubectl -n {namespace} describe pvc {name}; kubectl get storageclass",
    )


def _class(named: str, storage: _Storage) -> _Class:
    by_name = {name_of(each): each for each in storage.classes}
    names = tuple(sorted(by_name))
    meant = by_name.get(named, {})
    exists = named in by_name
    return _Class(
        class_exists=exists,
        class_volumes=UNKNOWN if exists or storage.volumes is None else storage.volumes.get(named, 0),
        provisioner=str(meant.get("provisioner") or ""),
        binding_mode=str(meant.get("volumeBindingMode") or ("Immediate" if meant else "")),
        default_class=default_class(storage.classes),
        classes=names,
        only_class=names[0] if len(names) == 1 else "",
        nearest="" if exists or not named else closest(named, names),
    )


async def _owner(look: Look, pod: Json, claim: str) -> _Owner:
    """Return the owner of the pod, and the class that the template which made the claim names now."""
    above = (await look.owners_of(pod)).manifests
    templates = spec_of(above[0]).get("volumeClaimTemplates") or () if above else ()
    template: Json = next((each for each in templates if f"{name_of(each)}-{name_of(pod)}" == claim), {})
    owner = owner_of(pod)
    return _Owner(
        owner_kind=owner.kind,
        owner=owner.name,
        template=name_of(template),
        template_class=class_of(template) or "",
    )
