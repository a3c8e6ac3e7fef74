"""Claims and volumes: what a claim asks for, which volume could satisfy it, and where volumes are attached.

Rules: FindMatchingVolume of k8s.io/component-helpers/storage/volume. Where a volume can be used is a question of its
own (`reaches`), because a claim that waits for its first consumer may be bound on any node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import (
    ZONES,
    annotations_of,
    condition,
    created_at,
    is_terminating,
    labels_of,
    metadata_of,
    name_of,
    phase_of,
    place_of,
    spec_of,
    status_of,
)
from bot.kube.placement import matches_node, requirements, selects
from bot.kube.quantities import whole_or
from intents.domain import Json

# The provisioner of classes whose volumes are made by hand, or by something that only finds disks.
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"

_CLASS_OF_OLD: Final = "volume.beta.kubernetes.io/storage-class"
_IS_DEFAULT: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def class_of_volume(volume: Mapping[str, Any]) -> str:
    """Return the class of a volume, "" where it has none."""
    return str(spec_of(volume).get("storageClassName") or "")


def class_of(claim: Mapping[str, Any]) -> str | None:
    """Return the class a claim or claim template names: "" if it asks for none on purpose, None if it names none."""
    annotations = annotations_of(claim)
    if _CLASS_OF_OLD in annotations:
        return str(annotations[_CLASS_OF_OLD])
    named = spec_of(claim).get("storageClassName")
    return None if named is None else str(named)


def default_class(classes: Iterable[Mapping[str, Any]]) -> str:
    """Return the class that a claim without one gets: the newest of the default ones, "" if there is none."""
    marked = [each for each in classes if any(annotations_of(each).get(key) == "true" for key in _IS_DEFAULT)]
    return name_of(max(marked, key=lambda each: (created_at(each), name_of(each)), default={}))


def wanted_bytes(claim: Mapping[str, Any]) -> int:
    """Return the size a claim asks for, -1 if it does not say."""
    return whole_or(((spec_of(claim).get("resources") or {}).get("requests") or {}).get("storage"), -1)


def capacity_bytes(volume: Mapping[str, Any]) -> int:
    """Return a volume's size, -1 if it does not say."""
    return whole_or((spec_of(volume).get("capacity") or {}).get("storage"), -1)


def volume_name_of(claim: Mapping[str, Any]) -> str:
    """Return the volume that a claim is bound to or asks for by name, "" where there is none."""
    return str(spec_of(claim).get("volumeName") or "")


def reclaim_policy_of(volume: Mapping[str, Any]) -> str:
    """Return a volume's reclaim policy, "" where it does not say."""
    return str(spec_of(volume).get("persistentVolumeReclaimPolicy") or "")


def is_local(volume: Mapping[str, Any]) -> bool:
    """Tell whether a volume is a disk or directory of one node."""
    return bool(spec_of(volume).get("local") or spec_of(volume).get("hostPath"))


def claim_reference(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claimRef of a volume; empty for a volume without one."""
    return spec_of(volume).get("claimRef") or {}


def holder_of(volume: Mapping[str, Any]) -> str:
    """Return namespace/name of the claim that holds a volume, "" for a volume without one."""
    holder = claim_reference(volume)
    return f"{holder.get('namespace', '')}/{holder['name']}" if holder.get("name") else ""


def misfit(volume: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """Return why a volume of the right class could not satisfy a claim even if it were free; "" if it could."""
    spec, wants = spec_of(volume), spec_of(claim)
    if volume_name_of(claim) not in ("", name_of(volume)):
        return "not the volume that the claim names"
    if capacity_bytes(volume) < wanted_bytes(claim):
        return "too small"
    if not _access_modes(claim) <= _access_modes(volume):
        return "other access modes"
    if _mode(spec) != _mode(wants):
        return "other volume mode"
    selector = wants.get("selector")
    return "other labels" if selector and not selects(selector, labels_of(volume)) else ""


def _access_modes(obj: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(spec_of(obj).get("accessModes") or ())


def _mode(spec: Mapping[str, Any]) -> str:
    return str(spec.get("volumeMode") or "Filesystem")


def is_free_for(volume: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    """Tell whether nothing else holds the volume: it is Available, or kept for this very claim."""
    if is_terminating(volume):
        return False
    holder = spec_of(volume).get("claimRef")
    if not holder:
        return phase_of(volume) == "Available"
    same = (holder.get("namespace") or "", holder.get("name") or "") == place_of(claim)
    return same and holder.get("uid") in (None, "", metadata_of(claim).get("uid"))


def reaches(volume: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Tell whether the volume can be used on the node."""
    terms = _terms(volume)
    in_zone = all(labels_of(node).get(key) in (None, *zones.split("__")) for key, zones in _zones_of(volume).items())
    return in_zone and (terms is None or matches_node(terms, node))


def place_of_volume(volume: Mapping[str, Any]) -> str:
    """Return the labels of nodes that reach a volume, "" for one that every node reaches."""
    written = [" and ".join(map(str, requirements(each))) for each in _terms(volume) or ()]
    return " or ".join(each for each in written if each) or ", ".join(
        f"{key}={zones.replace('__', ' or ')}" for key, zones in _zones_of(volume).items()
    )


def _zones_of(volume: Mapping[str, Any]) -> dict[str, str]:
    """Return the zone labels of a volume, which the scheduler compares with the node's; several are a__b."""
    return {key: str(labels_of(volume)[key]) for key in ZONES if key in labels_of(volume)}


def nodes_of(volume: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the nodes that a volume's affinity names by host name; () if it names none so."""
    asked = (each for term in _terms(volume) or () for each in requirements(term) if each.operator == "In")
    by_name = (each for each in asked if each.key in ("kubernetes.io/hostname", "metadata.name"))
    return tuple(sorted({value for each in by_name for value in each.values}))


def claim_names(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the claims that a pod mounts, in its own order."""
    return tuple(dict.fromkeys(each.claim for each in mounted_volumes(pod) if each.claim))


def volumes_by_claim(pod: Mapping[str, Any]) -> dict[str, str]:
    """Map each claim to the pod's volume of it. Ephemeral volumes are left out: they are created with each pod."""
    volumes = spec_of(pod).get("volumes") or ()
    named = {str((each.get("persistentVolumeClaim") or {}).get("claimName") or ""): each for each in volumes}
    return {claim: str(each.get("name", "")) for claim, each in named.items() if claim}


def claim_templates_of(workload: Json) -> dict[str, Json]:
    """Return the claim templates of a StatefulSet by name; none for any other kind."""
    if workload.get("kind") != "StatefulSet":
        return {}
    return {name_of(each): each for each in spec_of(workload).get("volumeClaimTemplates") or ()}


def _terms(volume: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    required = (spec_of(volume).get("nodeAffinity") or {}).get("required")
    return None if required is None else required.get("nodeSelectorTerms") or ()


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
    attach_error: str
    detach_error: str


def attachment_in(manifest: Mapping[str, Any]) -> Attachment:
    """Return what a VolumeAttachment says."""
    spec, status = spec_of(manifest), status_of(manifest)
    return Attachment(
        volume=str((spec.get("source") or {}).get("persistentVolumeName") or ""),
        node=str(spec.get("nodeName") or ""),
        driver=str(spec.get("attacher") or ""),
        attached=bool(status.get("attached")),
        attach_error=str((status.get("attachError") or {}).get("message") or ""),
        detach_error=str((status.get("detachError") or {}).get("message") or ""),
    )


def limit_of(csi_node: Mapping[str, Any], driver: str) -> int:
    """Return how many volumes of a driver its node takes, -1 where the driver sets no limit."""
    count = (_drivers(csi_node).get(driver, {}).get("allocatable") or {}).get("count")
    return -1 if count is None else int(count)


def _drivers(csi_node: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {str(each.get("name") or ""): each for each in spec_of(csi_node).get("drivers") or ()}


def is_registered(csi_node: Mapping[str, Any], driver: str) -> bool:
    """Tell whether the kubelet of the node knows the driver."""
    return driver in _drivers(csi_node)


def full_nodes(csi_nodes: Iterable[Json], attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """Return the nodes that take no further volume of a driver, with how many they hold and take."""
    found = []
    for node in csi_nodes:
        for driver in _drivers(node):
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
