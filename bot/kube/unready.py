"""Why a pod is not ready, in the word that `kubectl get pods` would show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.kube.conditions import condition


def is_ready(pod: Mapping[str, Any]) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def why_unready(pod: Mapping[str, Any]) -> str:
    """CrashLoopBackOff, Pending, Terminating …; "" for a pod that is ready and stays."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    if is_ready(pod):
        return ""
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(key) or ():
            state = container.get("state") or {}
            for kind in ("waiting", "terminated"):
                reason = str((state.get(kind) or {}).get("reason") or "")
                if reason and (key == "containerStatuses" or reason != "Completed"):
                    return reason
    phase = str(status.get("reason") or status.get("phase") or "Unknown")
    return "not ready" if phase == "Running" else phase
