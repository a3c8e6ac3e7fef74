"""Say what can hold a pod or a namespace that is being deleted, and which controller removes a finalizer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bot.kube.field_managers import last_written
from bot.kube.objects import condition, metadata_of, spec_of, status_of

_KEEPERS: Final = {
    "batch.kubernetes.io/job-tracking": "the Job controller of kube-controller-manager",
    "foregroundDeletion": "the garbage collector of kube-controller-manager, once the dependents are gone",
    "orphan": "the garbage collector of kube-controller-manager",
}


def finalizers_of(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Return an object's finalizers."""
    return tuple(str(each) for each in metadata_of(obj).get("finalizers") or ())


def keeper_of(obj: Mapping[str, Any], finalizer: str) -> str:
    """Return who removes a finalizer: a controller of Kubernetes, else the field manager or domain that added it."""
    if known := _KEEPERS.get(finalizer):
        return known
    writer = last_written(obj, ("metadata", "finalizers")).manager
    domain = finalizer.partition("/")[0]
    return f"the controller of {domain}" + (f", written by {writer}" if writer else "")


def still_running(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the containers that run by the kubelet's last report."""
    return tuple(
        str(each.get("name") or "")
        for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for each in status_of(pod).get(key) or ()
        if "running" in (each.get("state") or {})
    )


def stop_hooks(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the containers with a preStop hook."""
    return tuple(
        str(each.get("name") or "")
        for each in spec_of(pod).get("containers") or ()
        if (each.get("lifecycle") or {}).get("preStop")
    )


def claims_of(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the claims that a pod mounts."""
    found = ((each.get("persistentVolumeClaim") or {}).get("claimName") for each in spec_of(pod).get("volumes") or ())
    return tuple(str(each) for each in found if each)


def node_state(node: Mapping[str, Any] | None) -> str:
    """Return "ready", "not ready", "not reporting" or "gone", which is the state of a node that does not exist."""
    if node is None:
        return "gone"
    ready = str(condition(node, "Ready").get("status") or "Unknown")
    return {"True": "ready", "False": "not ready"}.get(ready, "not reporting")


# "configmaps. has 2 resource instances, widgets.kw.example has 1 resource instances"
_LEFT: Final = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9.-]*)?) has (\d+) resource instances")
# "kubernetes.io/pvc-protection in 1 resource instances, kw.example/backup in 2 resource instances"
_HELD: Final = re.compile(r"([^\s,:]+) in (\d+) resource instances")


def message_if_true(namespace: Mapping[str, Any], kind: str) -> str:
    """Return the message of a condition that is True, else ""."""
    found = condition(namespace, kind)
    return str(found.get("message") or "") if found.get("status") == "True" else ""


def kinds_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return how many objects of each kind are left: {"configmaps": 2, "widgets.kw.example": 1}."""
    message = message_if_true(namespace, "NamespaceContentRemaining")
    return {kind.rstrip("."): int(count) for kind, count in _LEFT.findall(message)}


def finalizers_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return on how many objects each finalizer is left."""
    message = message_if_true(namespace, "NamespaceFinalizersRemaining")
    return {finalizer: int(count) for finalizer, count in _HELD.findall(message)}
