"""The claims that wait for storage: no provisioner has made a volume, or a larger one, for them.

A claim that waits for its first pod, or for a class that does not exist, waits for no provisioner. The sidecars of CSI
drivers, provisioners as well as resizers, elect a leader by a Lease named after the driver, in the namespace of the
controller: it says that the controller runs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.kube.objects import annotations_of, condition, created_at, name_of, namespace_of, ref, spec_of, status_of
from bot.kube.quantities import whole_or
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import NO_PROVISIONER, class_of, trouble_of, wanted_bytes
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, is_unbound, phase
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.holders import Holders
from intents.domain import Json, ObjectRef, ProbeResult, Row

_ASKED: Final = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_NOT_PROVISIONED: Final = "ProvisioningFailed"
_PROVISIONING: Final = ("ExternalProvisioning", "Provisioning")


class Driver(RowValues):
    """The controller of a storage driver, by the lease of its sidecar; all empty without a lease."""

    lease_s: int = UNKNOWN  # since the sidecar renewed its lease
    driver_namespace: str = ""
    driver_pod: str = ""  # that holds the lease
    driver_trouble: str = ""


class ProvisioningShown(RowValues):
    """A claim that a provisioner was asked to serve."""

    provisioner: str
    waits_s: int  # since the provisioner was asked, -1 if not known
    error: str  # of the newest attempt that failed
    error_age_s: int
    driver_installed: bool  # a CSIDriver of this name, or a lease of its provisioner; true if that was not read
    driver: Driver


@probe(says="those that a provisioner was asked to serve, with its error and its controller", row=ProvisioningShown)
async def read_provisioning(look: Look) -> ProbeResult:
    """Read the unbound claims in question, their events, and the controller of their provisioner."""
    question = await claims_in_question(look)
    waiting = [each for each in question.claims if phase(each) == "Pending"]
    classes = {name_of(each): each for each in (await look.list("StorageClass") if waiting else ())}
    rows = await asyncio.gather(*(_asked_row(look, each, classes, question) for each in waiting))
    return question.result(filter(None, rows))


async def _asked_row(look: Look, claim: Json, classes: Mapping[str, Json], question: ClaimsInQuestion) -> Row | None:
    """Return the row of a claim that its provisioner was asked to serve, None for any other."""
    storage_class = classes.get(class_of(claim) or "", {})
    provisioner = _asked_provisioner(claim) or str(storage_class.get("provisioner") or "")
    if not storage_class or provisioner == NO_PROVISIONER:
        return None
    events = await look.events_about(ref(claim, "PersistentVolumeClaim"))
    failed = [each for each in events if each.get("reason") == _NOT_PROVISIONED]
    started = [each for each in events if each.get("reason") in _PROVISIONING]
    if not (failed or started or _asked_provisioner(claim)):
        return None
    error = str(failed[-1].get("message") or "") if failed else ""
    driver = await driver_of(look, provisioner)
    shown = ProvisioningShown(
        provisioner=provisioner,
        waits_s=_waits_s(look, claim, storage_class, (*failed, *started)),
        error=error,
        error_age_s=look.seen_s(failed[-1]) if failed else UNKNOWN,
        driver_installed=driver != Driver()
        or await look.unless_refused(look.snapshot.find("CSIDriver", provisioner), {}) is not None,
        driver=driver or Driver(),
    )
    return question.row(claim, shown, quote=error or (str(started[-1].get("message") or "") if started else ""))


def _asked_provisioner(claim: Json) -> str:
    annotations = annotations_of(claim)
    return next((str(annotations[key]) for key in _ASKED if annotations.get(key)), "")


def _waits_s(look: Look, claim: Json, storage_class: Json, events: Sequence[Json]) -> int:
    """Return how long the provisioner has been asked: by its events, else by the age of a claim that binds at once."""
    first = [look.age_s(each.get("firstTimestamp") or each.get("eventTime")) for each in events]
    if not first and storage_class.get("volumeBindingMode") != "WaitForFirstConsumer":
        first = [look.age_s(created_at(claim))]
    return max(first, default=UNKNOWN)


async def driver_of(look: Look, driver: str, *, sidecar: str = "") -> Driver | None:
    """Return the controller of a driver by the newest lease of its sidecar; None if that is not readable.

    The Leases of provisioners have the driver's name alone, others begin with the name of the `sidecar`.
    """
    return await look.unless_refused(_driver(look, sidecar + re.sub(r"[^a-zA-Z0-9-]", "-", driver)), None)


async def _driver(look: Look, lease_name: str) -> Driver:
    found = (await look.snapshot.list("Lease", fields=f"metadata.name={lease_name}")).items
    if not found:
        return Driver()
    lease = max(found, key=lambda each: str(spec_of(each).get("renewTime") or ""))
    pods = await look.snapshot.list("Pod", namespace=namespace_of(lease))
    pod = Holders(pods.items).of(lease)
    return Driver(
        lease_s=look.age_s(spec_of(lease).get("renewTime")),
        driver_namespace=namespace_of(lease),
        driver_pod=name_of(pod) if pod else "",
        driver_trouble=trouble_of(pod) if pod else "",
    )


_RESIZER: Final = "external-resizer-"
_NOT_RESIZED: Final = ("VolumeResizeFailed", "FileSystemResizeFailed")
_RESIZING: Final = ("ExternalExpanding", "Resizing", "FileSystemResizeRequired")
# The conditions of a resize, with the stage that each stands for; the furthest comes first.
_STAGES: Final[Mapping[str, str]] = {
    "ControllerResizeError": "refused",
    "NodeResizeError": "refused",
    "FileSystemResizePending": "node",
    "Resizing": "storage",
}
_NODE: Final = "NodeResizePending"


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


@probe(says="how far the resize of the bound ones has come", row=ResizeShown)
async def read_resizes(look: Look) -> ProbeResult:
    """Read the bound claims in question with their classes; events and the resizer only of those that grow."""
    question = await claims_in_question(look, wanted=_is_growing)
    bound = [each for each in question.claims if not is_unbound(each)]
    found = await look.whole("StorageClass") if bound else None
    classes = None if found is None else {name_of(each): each for each in found}
    return question.result(await asyncio.gather(*(_resize_row(look, each, classes, question) for each in bound)))


def _capacity(claim: Json) -> int:
    return whole_or((status_of(claim).get("capacity") or {}).get("storage"), UNKNOWN)


def _is_growing(claim: Json) -> bool:
    return not is_unbound(claim) and 0 <= _capacity(claim) < wanted_bytes(claim)


async def _resize_row(look: Look, claim: Json, classes: Mapping[str, Json] | None, question: ClaimsInQuestion) -> Row:
    growing = _is_growing(claim)
    storage_class = (classes or {}).get(class_of(claim) or "", {})
    provisioner = str(storage_class.get("provisioner") or "")
    events = await _events(look, claim, question) if growing else []
    driver = await driver_of(look, provisioner, sidecar=_RESIZER) if growing and provisioner else None
    stage, since_s = _stage(look, claim)
    if since_s == UNKNOWN:
        started = [each for each in events if each.get("reason") in _RESIZING]
        began = [look.age_s(each.get("firstTimestamp") or each.get("eventTime")) for each in started]
        since_s = max(began, default=UNKNOWN)
    failed = [str(each.get("message") or "") for each in events if each.get("reason") in _NOT_RESIZED]
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
