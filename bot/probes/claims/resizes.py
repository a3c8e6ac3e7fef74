"""The claims that ask for more than their volume has: how far the resize has come, its error, and the class's rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import condition, name_of, namespace_of, ref, status_of
from bot.kube.quantities import whole
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import class_of, wanted_bytes
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, is_unbound
from bot.probes.claims.provisioning import Driver, driver_of
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from intents.domain import Json, ObjectRef, ProbeResult, Row

_RESIZER: Final = "external-resizer-"
_FAILED: Final = ("VolumeResizeFailed", "FileSystemResizeFailed")
_STARTED: Final = ("ExternalExpanding", "Resizing", "FileSystemResizeRequired")
# The conditions of a resize, with the stage that each stands for; the furthest comes first.
_STAGES: Final[Mapping[str, str]] = {
    "ControllerResizeError": "refused",
    "NodeResizeError": "refused",
    "FileSystemResizePending": "node",
    "Resizing": "storage",
}
_NODE: Final = "NodeResizePending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeShown(RowValues):
    """A bound claim, and how far its resize has come."""

    wants: int  # bytes
    has: int
    growing: bool
    stage: str  # refused, node (only the file system is left), storage; "" if nothing has begun
    since_s: int  # of the stage, else of the oldest event; -1 if neither is left
    error: str  # of the newest attempt that failed
    expands: bool  # the class allows it; true where the class cannot be read
    provisioner: str
    driver: Driver  # by the lease of its resizer


async def read(look: Look) -> ProbeResult:
    """Read the bound claims in question with their classes; events and the resizer only of those that grow."""
    question = await claims_in_question(look, wanted=_is_growing)
    bound = [each for each in question.claims if not is_unbound(each)]
    found = await look.whole("StorageClass") if bound else None
    classes = None if found is None else {name_of(each): each for each in found}
    return question.result(await asyncio.gather(*(_row(look, each, classes, question) for each in bound)))


def _capacity(claim: Json) -> int:
    try:
        return whole((status_of(claim).get("capacity") or {})["storage"])
    except (KeyError, ValueError):
        return UNKNOWN


def _is_growing(claim: Json) -> bool:
    return not is_unbound(claim) and 0 <= _capacity(claim) < wanted_bytes(claim)


async def _row(look: Look, claim: Json, classes: Mapping[str, Json] | None, question: ClaimsInQuestion) -> Row:
    growing = _is_growing(claim)
    storage_class = (classes or {}).get(class_of(claim) or "", {})
    provisioner = str(storage_class.get("provisioner") or "")
    events = await _events(look, claim, question) if growing else []
    driver = await driver_of(look, provisioner, sidecar=_RESIZER) if growing and provisioner else None
    stage, since_s = _stage(look, claim)
    if since_s == UNKNOWN:
        started = [each for each in events if each.get("reason") in _STARTED]
        began = [look.age_s(each.get("firstTimestamp") or each.get("eventTime")) for each in started]
        since_s = max(began, default=UNKNOWN)
    failed = [str(each.get("message") or "") for each in events if each.get("reason") in _FAILED]
    error = failed[-1] if failed else _refusal(claim)
    shown = ResizeShown(
        wants=wanted_bytes(claim),
        has=_capacity(claim),
        growing=growing,
        stage=stage,
        since_s=since_s,
        error=error,
        expands=classes is None or storage_class.get("allowVolumeExpansion") is True,
        provisioner=provisioner,
        driver=driver or Driver(),
    )
    quote = error or str(condition(claim, "FileSystemResizePending").get("message") or "")
    return question.row(claim, shown, quote=quote)


def _stage(look: Look, claim: Json) -> tuple[str, int]:
    """Return the stage of a resize and since when it lasts; "" and -1 where nothing has begun."""
    for kind, stage in _STAGES.items():
        found = condition(claim, kind)
        if found.get("status") == "True":
            return stage, look.age_s(found.get("lastTransitionTime"))
    said = str((status_of(claim).get("allocatedResourceStatuses") or {}).get("storage") or "")
    if said.endswith(("Infeasible", "Failed")):
        return "refused", UNKNOWN
    return ("node" if said == _NODE else "storage" if said else ""), UNKNOWN


def _refusal(claim: Json) -> str:
    kinds = (kind for kind, stage in _STAGES.items() if stage == "refused")
    return next((str(found.get("message") or "") for kind in kinds if (found := condition(claim, kind))), "")


async def _events(look: Look, claim: Json, question: ClaimsInQuestion) -> list[Json]:
    """Return the events about a claim, after those about its pod: the kubelet reports its part there."""
    about = [ref(claim, "PersistentVolumeClaim")]
    if pod := question.pod_of(claim):
        about.insert(0, ObjectRef(kind="Pod", namespace=namespace_of(claim), name=pod))
    return [each for one in about for each in await look.events_about(one)]
