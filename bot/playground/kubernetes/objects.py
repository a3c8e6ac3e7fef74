"""Read and change the parts that all objects have: labels, owners, conditions, finalizers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from bot.playground.kubernetes.resources import Json


def labels_of(obj: Json) -> dict[str, str]:
    """Return the labels of an object, empty without any."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Json) -> dict[str, str]:
    """Return the annotations of an object, empty without any."""
    return obj["metadata"].get("annotations") or {}


def status_of(obj: Json) -> Json:
    """Return the status of an object, empty without one."""
    return obj.get("status") or {}


def conditions_of(obj: Json) -> list[Json]:
    """Return the conditions of an object, empty without any."""
    return status_of(obj).get("conditions") or []


def condition(obj: Json, kind: str) -> Json:
    """Return the condition of this type, {} without one."""
    return next((each for each in conditions_of(obj) if each.get("type") == kind), {})


def made_condition(kind: str, status: str, *, at: str, **why: str) -> Json:
    """Return a new condition of a pod."""
    return {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": at, **why}


def is_true(obj: Json, kind: str) -> bool:
    """Return whether the condition of this type is True."""
    return condition(obj, kind).get("status") == "True"


def is_ready(pod: Json) -> bool:
    """Return whether a pod's Ready condition is True."""
    return is_true(pod, "Ready")


def has_ended(pod: Json) -> bool:
    """Return whether all containers of a pod have ended for good."""
    return status_of(pod).get("phase") in ("Succeeded", "Failed")


def is_terminating(obj: Json) -> bool:
    """Return whether an object is being deleted."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def selected(selector: Mapping[str, str], obj: Json) -> bool:
    """Return whether an object carries all labels of a Service's selector."""
    return selector.items() <= labels_of(obj).items()


def without(mapping: Mapping[str, Any], *keys: str) -> Json:
    """Return a mapping without these keys."""
    return {key: value for key, value in mapping.items() if key not in keys}


def with_metadata(obj: Json, **changes: Any) -> Json:
    """Return an object with other metadata; an empty value removes its key."""
    kept = obj["metadata"] | changes
    return obj | {"metadata": {key: value for key, value in kept.items() if value or key not in changes}}


def with_status(obj: Json, **changes: Any) -> Json:
    """Return an object with changes to its status."""
    return obj | {"status": status_of(obj) | changes}


def amount(value: int | str, *, of: int, rounded: Callable[[float], int] = math.ceil) -> int:
    """Return a number of pods that is written as such or as a percentage."""
    return rounded(of * int(value[:-1]) / 100) if isinstance(value, str) and value.endswith("%") else int(value)


def is_controlled_by(obj: Json, uid: str) -> bool:
    """Return whether the object with this uid is the controller of another."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return any(each.get("uid") == uid and each.get("controller") for each in owners)


def owner_reference(owner: Json) -> Json:
    """Return the ownerReference to a controller."""
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def container_names(pod: Json) -> list[str]:
    """Return the names of all containers of a pod, init containers first, as error texts list them."""
    spec = pod.get("spec") or {}
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [each["name"] for key in kinds for each in spec.get(key) or ()]
