"""Say what can hold a pod that is being deleted, and which controller removes a finalizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.kube.conditions import condition
from bot.kube.field_managers import last_written
from bot.kube.objects import metadata_of, spec_of, status_of

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
