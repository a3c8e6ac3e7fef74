"""Apply faults to claims: a claim that waits for a volume, with the pods that use it, or one that lost its volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.playground.kubernetes.claims import VOLUMES
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, pod_faults
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage, address
from bot.playground.kubernetes.world_checks import WorldError

KIND: Final = "PersistentVolumeClaim"
_ATTEMPTS_S: Final = 15
_FAILED: Final = "ProvisioningFailed"
_LOST: Final = ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
_NO_CLASS: Final = ("FailedBinding", "no persistent volumes available for this claim and no storage class is set")
_NO_POD_YET: Final = ("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
_WAITS: Final = (
    "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)
_UNBOUND: Final = "0/{} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
_DELAYED: Final = "WaitForFirstConsumer"
_NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
_ASKED: Final = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")


def apply(claim: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a claim, without its volume if the fault asks for that."""
    check(fault, keys.CLAIM_FAULTS, keys.ANY_FAULTS, path=path)
    pending = fault.get("pending")
    if not isinstance(pending, bool | str | None):
        raise WorldError(f"{'.'.join(path)}: pending: expected true or the event's message, got {pending!r}", path=path)
    if not pending and not fault.get("lost"):
        return
    since = stage.when(fault.get("since", claim["metadata"]["creationTimestamp"]), path=(*path, "since"))
    _remove_volume(claim, stage=stage)
    if fault.get("lost"):
        stage.put(claim | {"status": {"phase": "Lost"}})
        reason, message = _LOST
    else:
        spec = {key: value for key, value in claim["spec"].items() if key != "volumeName"}
        stage.put(claim | {"metadata": _asked(claim, stage=stage), "spec": spec, "status": {"phase": "Pending"}})
        reason, message = _cause(claim, stage=stage) if pending is True else (_FAILED, str(pending))
        reason = fault.get("reason", reason)
    if "events" not in fault and message:
        last = max(since, stage.when("10s"))
        count = max(1, int((last - since).total_seconds()) // _ATTEMPTS_S)
        kind = "Warning" if reason in (_FAILED, _LOST[0]) else "Normal"
        stage.tell(
            claim, reason=reason, message=message, first=since, last=last, count=count, type=kind,
            source="persistentvolume-controller",
        )  # fmt: skip


def hold_up_pods(faults: Mapping[tuple[str, str, str], Json], *, stage: Stage, path: tuple[str, ...]) -> None:
    """Let pods without a fault of their own wait for their pending claims."""
    for (kind, namespace, name), fault in faults.items():
        claim = stage.get(kind, namespace, name) if kind == KIND and fault.get("pending") else None
        if claim is None or _is_delayed(claim, stage=stage):
            continue
        for pod in list(_users(claim, stage=stage)):
            if ("Pod", namespace, pod["metadata"]["name"]) in faults or pod["status"].get("phase") != "Running":
                continue
            message = _UNBOUND.format(len(stage.names("Node", "")))
            stage.put(pod_faults.apply(pod, {"unschedulable": message}, stage=stage, path=(*path, address(pod))))


def _remove_volume(claim: Json, *, stage: Stage) -> None:
    volume = stage.state.store.get(table=VOLUMES, namespace="", name=claim["spec"].get("volumeName", ""))
    if volume is not None and (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]:
        stage.remove(volume)


def _users(claim: Json, *, stage: Stage) -> Iterator[Json]:
    for pod in stage.pods(claim["metadata"]["namespace"]):
        sources = [each.get("persistentVolumeClaim") or {} for each in pod["spec"].get("volumes") or ()]
        if claim["metadata"]["name"] in [each.get("claimName") for each in sources]:
            yield pod


def _class(claim: Json, *, stage: Stage) -> Json | None:
    name = claim["spec"].get("storageClassName") or ""
    return stage.get("StorageClass", "", name) if name else None


def _asked(claim: Json, *, stage: Stage) -> Json:
    """Return a waiting claim's metadata: the controller notes there which provisioner it asks for a volume."""
    found: Mapping[str, Any] = _class(claim, stage=stage) or {}
    metadata: Json = claim["metadata"]
    provisioner = found.get("provisioner", _NO_PROVISIONER)
    if provisioner == _NO_PROVISIONER or (_is_delayed(claim, stage=stage) and not list(_users(claim, stage=stage))):
        return metadata
    return metadata | {"annotations": metadata.get("annotations", {}) | dict.fromkeys(_ASKED, provisioner)}


def _is_delayed(claim: Json, *, stage: Stage) -> bool:
    found: Mapping[str, Any] = _class(claim, stage=stage) or {}
    return found.get("volumeBindingMode") == _DELAYED


def _cause(claim: Json, *, stage: Stage) -> tuple[str, str]:
    """Return the reason and message of the controller's event about a claim that waits."""
    name = claim["spec"].get("storageClassName") or ""
    found = _class(claim, stage=stage)
    if not name:
        return _NO_CLASS
    if found is None:
        return _FAILED, f'storageclass.storage.k8s.io "{name}" not found'
    if _is_delayed(claim, stage=stage) and not list(_users(claim, stage=stage)):
        return _NO_POD_YET
    return "ExternalProvisioning", _WAITS.format(found.get("provisioner", ""))
