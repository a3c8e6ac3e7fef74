"""The claims whose provisioner was asked for a volume and has not made it: its error, or its silence.

A claim that waits for its first pod, or for a class that does not exist, is none of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen
from bot.kube.objects import annotations_of, created_at, name_of, namespace_of, ref
from bot.kube.volume_claims import NO_PROVISIONER, class_of
from bot.probes.claims.driver_leases import PROVISIONER, lease_of
from bot.probes.claims.in_question import ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "provisioner": RowType.STRING,
    "waits_s": RowType.INTEGER,  # since the provisioner was asked, -1 if not known
    "error": RowType.STRING,  # of the newest attempt that failed
    "error_age_s": RowType.INTEGER,
    "driver_installed": RowType.BOOLEAN,  # a CSIDriver of this name, or a lease of its provisioner; true if not read
    "lease_s": RowType.INTEGER,  # since the provisioner renewed its lease, -1 if it has none
    "driver_namespace": RowType.STRING,
    "driver_pod": RowType.STRING,  # that holds the lease
    "driver_trouble": RowType.STRING,
}

_ASKED: Final = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_FAILED: Final = "ProvisioningFailed"
_STARTED: Final = ("ExternalProvisioning", "Provisioning")


async def read(look: Look) -> ProbeResult:
    """Read the unbound claims in question, their events, and the controller of their provisioner."""
    question = await claims_in_question(look)
    chosen, cut = question.chosen()
    waiting = [each for each in chosen if phase(each) == "Pending"]
    gaps = [*question.gaps, *cut]
    rows: list[Row] = []
    if waiting:
        try:
            classes = {name_of(each): each for each in (await look.snapshot.list("StorageClass")).items}
        except ClusterError as error:
            return ProbeResult(gaps=(*gaps, error.gap("the StorageClasses")), missing=question.missing)
        for row, found in await asyncio.gather(*(_row(look, each, classes, question) for each in waiting)):
            rows += [row] if row else []
            gaps += found
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=question.missing,
        looked_at=len(question.claims) or question.looked_at,
    )


async def _row(
    look: Look, claim: Json, classes: Mapping[str, Json], question: ClaimsInQuestion
) -> tuple[Row | None, list[Gap]]:
    """Return the row of a claim that its provisioner was asked to serve, None for any other."""
    storage_class = classes.get(class_of(claim) or "", {})
    provisioner = _asked_provisioner(claim) or str(storage_class.get("provisioner") or "")
    if not storage_class or provisioner == NO_PROVISIONER:
        return None, []
    namespace, name = namespace_of(claim), name_of(claim)
    try:
        events = await look.snapshot.events(ref(claim, "PersistentVolumeClaim"))
    except ClusterError as error:
        if not _asked_provisioner(claim):
            return None, [error.gap(f"events in {namespace}")]
        events, gaps = (), [error.gap(f"events in {namespace}")]
    else:
        gaps = []
    failed = [each for each in events if each.get("reason") == _FAILED]
    started = [each for each in events if each.get("reason") in _STARTED]
    if not (failed or started or _asked_provisioner(claim)):
        return None, gaps
    message = str(failed[-1].get("message") or "") if failed else ""
    row = Row(
        values={
            "namespace": namespace,
            "pod": question.pod_of(claim),
            "pvc": name,
            "phase": "Pending",
            "storage_class": name_of(storage_class),
            "provisioner": provisioner,
            "waits_s": _waits_s(look, claim, storage_class, (*failed, *started)),
            "error": message,
            "error_age_s": _last_s(look, failed),
            **await _driver(look, provisioner, gaps),
        },
        subject=ref(claim, "PersistentVolumeClaim"),
        quote=message or (str(started[-1].get("message") or "") if started else ""),
        reproduce=f"kubectl -n {namespace} describe pvc {name}",
    )
    return row, gaps


def _asked_provisioner(claim: Json) -> str:
    annotations = annotations_of(claim)
    return next((str(annotations[key]) for key in _ASKED if annotations.get(key)), "")


def _waits_s(look: Look, claim: Json, storage_class: Json, events: Sequence[Json]) -> int:
    """Return how long the provisioner has been asked: by its events, else by the age of a claim that binds at once."""
    first = [age_s(look.snapshot, each.get("firstTimestamp") or each.get("eventTime")) for each in events]
    if not first and storage_class.get("volumeBindingMode") != "WaitForFirstConsumer":
        first = [age_s(look.snapshot, created_at(claim))]
    return max(first, default=UNKNOWN)


def _last_s(look: Look, events: Sequence[Json]) -> int:
    seen = event_last_seen(events[-1]) if events else None
    return UNKNOWN if seen is None else max(int((look.now - seen).total_seconds()), 0)


async def _driver(look: Look, provisioner: str, gaps: list[Gap]) -> Mapping[str, Any]:
    lease, gap = await lease_of(look, provisioner, sidecar=PROVISIONER)
    gaps += [gap] if gap else []
    installed = True
    if not gap and not lease.namespace:
        try:
            installed = await look.snapshot.find("CSIDriver", provisioner) is not None
        except ClusterError as error:
            gaps.append(error.gap())
    return {
        "driver_installed": installed,
        "lease_s": lease.renewed_s,
        "driver_namespace": lease.namespace,
        "driver_pod": lease.pod,
        "driver_trouble": lease.trouble,
    }
