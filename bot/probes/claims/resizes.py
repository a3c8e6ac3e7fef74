"""The claims that ask for more than their volume has: how far the resize has come, its error, and the class's rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.objects import name_of, namespace_of, place_of, ref, status_of
from bot.kube.quantities import whole
from bot.kube.volume_claims import class_of, wanted_bytes
from bot.probes.claims.driver_leases import RESIZER, DriverLease, lease_of
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, is_unbound
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, ObjectRef, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "wants": RowType.INTEGER,  # bytes
    "has": RowType.INTEGER,
    "growing": RowType.BOOLEAN,
    "stage": RowType.STRING,  # refused, node (only the file system is left), storage; "" if nothing has begun
    "since_s": RowType.INTEGER,  # of the stage, else of the oldest event; -1 if neither is left
    "error": RowType.STRING,  # of the newest attempt that failed
    "expands": RowType.BOOLEAN,  # the class allows it; true where the class cannot be read
    "provisioner": RowType.STRING,
    "lease_s": RowType.INTEGER,  # since the resizer renewed its lease, -1 if it has none
    "driver_namespace": RowType.STRING,
    "driver_pod": RowType.STRING,  # that holds the lease
    "driver_trouble": RowType.STRING,
}

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


async def read(look: Look) -> ProbeResult:
    """Read the bound claims in question with their classes; events and the resizer only of those that grow."""
    question = await claims_in_question(look, wanted=_is_growing)
    chosen, cut = question.chosen()
    gaps = [*question.gaps, *cut]
    bound = [each for each in chosen if not is_unbound(each)]
    classes: Mapping[str, Json] | None = None
    if bound:
        try:
            classes = {name_of(each): each for each in (await look.snapshot.list("StorageClass")).items}
        except ClusterError as error:
            gaps.append(error.gap("the StorageClasses"))
    rows = await asyncio.gather(*(_row(look, each, classes, question, gaps) for each in bound))
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=question.missing,
        looked_at=len(question.claims) or question.looked_at,
    )


def _capacity(claim: Json) -> int:
    try:
        return whole((status_of(claim).get("capacity") or {})["storage"])
    except (KeyError, ValueError):
        return UNKNOWN


def _is_growing(claim: Json) -> bool:
    return not is_unbound(claim) and 0 <= _capacity(claim) < wanted_bytes(claim)


async def _row(
    look: Look, claim: Json, classes: Mapping[str, Json] | None, question: ClaimsInQuestion, gaps: list[Gap]
) -> Row:
    namespace, name, growing = namespace_of(claim), name_of(claim), _is_growing(claim)
    storage_class = (classes or {}).get(class_of(claim) or "", {})
    provisioner = str(storage_class.get("provisioner") or "")
    failed, started = await _events(look, claim, question, gaps) if growing else ((), ())
    lease, gap = (
        await lease_of(look, provisioner, sidecar=RESIZER) if growing and provisioner else (DriverLease(), None)
    )
    gaps += [gap] if gap else []
    stage, since_s = _stage(look, claim)
    if since_s == UNKNOWN:
        began = [age_s(look.snapshot, each.get("firstTimestamp") or each.get("eventTime")) for each in started]
        since_s = max(began, default=UNKNOWN)
    error = str(failed[-1].get("message") or "") if failed else _refusal(claim)
    return Row(
        values={
            "namespace": namespace,
            "pod": question.pod_of(claim),
            "pvc": name,
            "phase": "Bound",
            "storage_class": class_of(claim) or "",
            "wants": wanted_bytes(claim),
            "has": _capacity(claim),
            "growing": growing,
            "stage": stage,
            "since_s": since_s,
            "error": error,
            "expands": classes is None or storage_class.get("allowVolumeExpansion") is True,
            "provisioner": provisioner,
            "lease_s": lease.renewed_s,
            "driver_namespace": lease.namespace,
            "driver_pod": lease.pod,
            "driver_trouble": lease.trouble,
        },
        subject=ref(claim, "PersistentVolumeClaim"),
        quote=error or str(condition(claim, "FileSystemResizePending").get("message") or ""),
        reproduce=f"kubectl -n {namespace} describe pvc {name}",
    )


def _stage(look: Look, claim: Json) -> tuple[str, int]:
    """Return the stage of a resize and since when it lasts; "" and -1 where nothing has begun."""
    for kind, stage in _STAGES.items():
        found = condition(claim, kind)
        if found.get("status") == "True":
            return stage, age_s(look.snapshot, found.get("lastTransitionTime"))
    said = str((status_of(claim).get("allocatedResourceStatuses") or {}).get("storage") or "")
    if said.endswith(("Infeasible", "Failed")):
        return "refused", UNKNOWN
    return ("node" if said == _NODE else "storage" if said else ""), UNKNOWN


def _refusal(claim: Json) -> str:
    kinds = (kind for kind, stage in _STAGES.items() if stage == "refused")
    return next((str(found.get("message") or "") for kind in kinds if (found := condition(claim, kind))), "")


async def _events(
    look: Look, claim: Json, question: ClaimsInQuestion, gaps: list[Gap]
) -> tuple[Sequence[Json], Sequence[Json]]:
    """Return the events of attempts that failed and of the start: the kubelet reports its part about the pod."""
    about = [ref(claim, "PersistentVolumeClaim")]
    if pod := question.pod_of(claim):
        about.append(ObjectRef(kind="Pod", namespace=place_of(claim)[0], name=pod))
    try:
        found = [each for one in reversed(about) for each in await look.snapshot.events(one)]
    except ClusterError as error:
        gaps.append(error.gap(f"events in {namespace_of(claim)}"))
        return (), ()
    return (
        [each for each in found if each.get("reason") in _FAILED],
        [each for each in found if each.get("reason") in _STARTED],
    )
