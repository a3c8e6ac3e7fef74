"""Tell whether a pod is ready, and if not, the word that `kubectl get pods` shows for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.kube.conditions import condition
from bot.kube.objects import is_terminating, status_of


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod's condition Ready is True."""
    return condition(pod, "Ready").get("status") == "True"


def unready_reason(pod: Mapping[str, Any]) -> str:
    """Return CrashLoopBackOff, Pending, Terminating …; "" for a pod that is ready and stays."""
    if is_terminating(pod):
        return "Terminating"
    if is_ready(pod):
        return ""
    if reason := next(_container_reasons(pod), ""):
        return reason
    phase = str(status_of(pod).get("reason") or status_of(pod).get("phase") or "Unknown")
    return "not ready" if phase == "Running" else phase


def _container_reasons(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield why containers wait or ended, in the order they start; an init container that did its work is no reason."""
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in status_of(pod).get(key) or ():
            state = container.get("state") or {}
            reasons = (str((state.get(kind) or {}).get("reason") or "") for kind in ("waiting", "terminated"))
            yield from (each for each in reasons if each and (key == "containerStatuses" or each != "Completed"))
