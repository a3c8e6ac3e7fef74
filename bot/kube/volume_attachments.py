"""Volumes on nodes: what a pod mounts, where a volume is attached, and the limits and pods of CSI drivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import condition, is_terminating, name_of, phase_of, spec_of, status_of
from intents.domain import Json

_EXCLUSIVE: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MountedVolume:
    """A storage volume of a pod: that of a claim, or one that the pod describes itself (`inline`)."""

    volume: str
    claim: str = ""
    inline: Mapping[str, Any] | None = None


def mounted_volumes(pod: Mapping[str, Any]) -> tuple[MountedVolume, ...]:
    """Return the volumes of a pod that storage outside of the node serves; no ConfigMaps, Secrets or directories."""
    found = []
    for each in spec_of(pod).get("volumes") or ():
        name = str(each.get("name") or "")
        if claim := each.get("persistentVolumeClaim"):
            found.append(MountedVolume(volume=name, claim=str(claim.get("claimName") or "")))
        elif each.get("ephemeral"):
            found.append(MountedVolume(volume=name, claim=f"{name_of(pod)}-{name}"))
        elif source_of(each):
            found.append(MountedVolume(volume=name, inline=each))
    return tuple(found)


def source_of(spec: Mapping[str, Any]) -> str:
    """Return what serves a volume: the NFS server with its path, or the CSI driver; "" for any other source."""
    if nfs := spec.get("nfs"):
        return f"NFS {nfs.get('server', '')}:{nfs.get('path', '')}"
    return f"CSI {driver}" if (driver := driver_of(spec)) else ""


def driver_of(spec: Mapping[str, Any]) -> str:
    """Return the CSI driver of a PersistentVolume's spec or of a pod's volume, "" for any other source."""
    return str((spec.get("csi") or {}).get("driver") or "")


def is_exclusive(volume: Mapping[str, Any]) -> bool:
    """Tell whether a volume can be attached to one node at a time."""
    modes = spec_of(volume).get("accessModes") or ()
    return bool(modes) and set(modes) <= _EXCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A VolumeAttachment: the volume, its node, and the errors of the last attempts to attach and detach it."""

    volume: str
    node: str
    driver: str
    attached: bool
    detaching: bool
    attach_error: str
    attach_error_at: str
    detach_error: str


def attachment_in(manifest: Mapping[str, Any]) -> Attachment:
    """Return what a VolumeAttachment says."""
    spec, status = spec_of(manifest), status_of(manifest)
    failed = status.get("attachError") or {}
    return Attachment(
        volume=str((spec.get("source") or {}).get("persistentVolumeName") or ""),
        node=str(spec.get("nodeName") or ""),
        driver=str(spec.get("attacher") or ""),
        attached=bool(status.get("attached")),
        detaching=is_terminating(manifest),
        attach_error=str(failed.get("message") or ""),
        attach_error_at=str(failed.get("time") or ""),
        detach_error=str((status.get("detachError") or {}).get("message") or ""),
    )


def limit_of(csi_node: Mapping[str, Any], driver: str) -> int:
    """Return how many volumes of a driver its node takes, -1 where the driver sets no limit."""
    for each in spec_of(csi_node).get("drivers") or ():
        if each.get("name") == driver:
            count = (each.get("allocatable") or {}).get("count")
            return -1 if count is None else int(count)
    return -1


def is_registered(csi_node: Mapping[str, Any], driver: str) -> bool:
    """Tell whether the kubelet of the node knows the driver."""
    return any(each.get("name") == driver for each in spec_of(csi_node).get("drivers") or ())


def full_nodes(csi_nodes: Iterable[Json], attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """Return the nodes that take no further volume of a driver, with how many they hold and take."""
    found = []
    for node in csi_nodes:
        for driver in (str(each.get("name") or "") for each in spec_of(node).get("drivers") or ()):
            used = sum(each.node == name_of(node) and each.driver == driver for each in attachments)
            if used >= (limit := limit_of(node, driver)) >= 0:
                found.append(f"{name_of(node)} ({used} of {limit}, {driver})")
    return tuple(sorted(found))


def driver_pod(pods: Iterable[Json], driver: str) -> Json | None:
    """Return the pod of a node that serves a CSI driver: its containers or volumes name the driver's socket."""
    return next((each for each in pods if driver and _serves(each, driver)), None)


def _serves(pod: Mapping[str, Any], driver: str) -> bool:
    spec = spec_of(pod)
    words = [
        str(word)
        for each in spec.get("containers") or ()
        for word in (
            *(each.get("command") or ()),
            *(each.get("args") or ()),
            *((variable.get("value") or "") for variable in each.get("env") or ()),
        )
    ]
    paths = [str((each.get("hostPath") or {}).get("path") or "") for each in spec.get("volumes") or ()]
    return any(f"/{driver}/" in f"{each}/" for each in (*words, *paths))


def trouble_of(pod: Mapping[str, Any]) -> str:
    """Return why a driver's pod does not work, "" where it is ready."""
    if condition(pod, "Ready").get("status") == "True":
        return ""
    for each in status_of(pod).get("containerStatuses") or ():
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return f"container {each.get('name')}: {waiting['reason']}"
    return f"{phase_of(pod)}, not ready"
