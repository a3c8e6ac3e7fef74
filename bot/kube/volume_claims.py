"""What a PersistentVolumeClaim asks for, and whether a PersistentVolume could satisfy it.

Rules: FindMatchingVolume of k8s.io/component-helpers/storage/volume. Which node a volume is on is asked apart, because
a claim that waits for its first consumer may be bound on any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.kube.placement import matches_node, selects
from bot.kube.quantities import whole

# Where a class's volumes are made by hand, or by something that only finds disks.
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"

_CLASS_OF_OLD: Final = "volume.beta.kubernetes.io/storage-class"
_IS_DEFAULT: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def class_of(claim: Mapping[str, Any]) -> str | None:
    """The class a claim (or a claim template) names; "" if it asks for none on purpose, None if it leaves it open."""
    annotations = (claim.get("metadata") or {}).get("annotations") or {}
    if _CLASS_OF_OLD in annotations:
        return str(annotations[_CLASS_OF_OLD])
    named = (claim.get("spec") or {}).get("storageClassName")
    return None if named is None else str(named)


def default_class(classes: Iterable[Mapping[str, Any]]) -> str:
    """The class that claims get which name none: the newest of the default ones, "" if there is none."""
    marked = [each for each in classes if _is_default(each)]
    newest = max(marked, key=lambda each: (_created(each), _name(each)), default={})
    return _name(newest)


def wanted_bytes(claim: Mapping[str, Any]) -> int:
    """The size a claim asks for, -1 if it does not say."""
    return _bytes((((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage"))


def capacity_bytes(volume: Mapping[str, Any]) -> int:
    """A volume's size, -1 if it does not say."""
    return _bytes(((volume.get("spec") or {}).get("capacity") or {}).get("storage"))


def misfit(volume: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """Why a volume of the right class could not satisfy a claim even if it were free; "" if it could."""
    spec, wants = volume.get("spec") or {}, claim.get("spec") or {}
    if capacity_bytes(volume) < wanted_bytes(claim):
        return "too small"
    if not set(wants.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return "other access modes"
    if (spec.get("volumeMode") or "Filesystem") != (wants.get("volumeMode") or "Filesystem"):
        return "other volume mode"
    selector = wants.get("selector")
    if selector and not selects(selector, (volume.get("metadata") or {}).get("labels") or {}):
        return "other labels"
    return ""


def is_free_for(volume: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    """Whether nothing else holds the volume: it is Available, or kept for this very claim."""
    if (volume.get("metadata") or {}).get("deletionTimestamp"):
        return False
    holder = (volume.get("spec") or {}).get("claimRef")
    if holder:
        metadata = claim.get("metadata") or {}
        same = holder.get("namespace") == metadata.get("namespace") and holder.get("name") == metadata.get("name")
        return same and holder.get("uid") in (None, "", metadata.get("uid"))
    return (volume.get("status") or {}).get("phase") == "Available"


def reaches(volume: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether the volume can be used on the node."""
    terms = _terms(volume)
    return terms is None or matches_node(terms, node)


def nodes_of(volume: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes a volume's affinity names by their host name; () if it says nothing of the kind."""
    return tuple(
        sorted({
            str(value)
            for term in _terms(volume) or ()
            for expression in (*(term.get("matchExpressions") or ()), *(term.get("matchFields") or ()))
            if expression.get("key") in ("kubernetes.io/hostname", "metadata.name")
            and expression.get("operator") == "In"
            for value in expression.get("values") or ()
        })
    )  # fmt: skip


def claim_names(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the claims that a pod mounts, in its own order."""
    spec, name = pod.get("spec") or {}, _name(pod)
    found: dict[str, None] = {}
    for volume in spec.get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            found[str(claim.get("claimName") or "")] = None
        elif volume.get("ephemeral"):
            found[f"{name}-{volume.get('name', '')}"] = None
    return tuple(each for each in found if each)


def _terms(volume: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    required = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required")
    return None if required is None else required.get("nodeSelectorTerms") or ()


def _is_default(storage_class: Mapping[str, Any]) -> bool:
    annotations = (storage_class.get("metadata") or {}).get("annotations") or {}
    return any(annotations.get(key) == "true" for key in _IS_DEFAULT)


def _created(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "")


def _name(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _bytes(quantity: Any) -> int:
    try:
        return -1 if quantity is None else whole(quantity)
    except ValueError:
        return -1
