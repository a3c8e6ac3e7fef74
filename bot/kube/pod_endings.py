"""Classify pods that were evicted, and pods that their node's kubelet did not admit.

Both are Failed with a reason of the kubelet's. A pod that the eviction API, a taint or a preemption removes has the
condition DisruptionTarget, and is gone once its containers have stopped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from bot.kube.evictions import EvictionCause, parse_eviction
from bot.kube.objects import condition, created_at, is_terminating, phase_of, status_of


class EvictedBy(StrEnum):
    """Say on whose decision a pod ended."""

    KUBELET = "kubelet"  # the node was short of a resource, or the pod used more than its own limit
    SHUTDOWN = "shutdown"
    PREEMPTION = "preemption"  # a pod of higher priority took its place
    TAINT = "taint"
    API = "api"  # a drain, an autoscaler or another caller of the eviction API
    NOBODY = ""


_REASONS: Final = {
    "Evicted": EvictedBy.KUBELET,
    "Preempting": EvictedBy.PREEMPTION,
    "Shutdown": EvictedBy.SHUTDOWN,
    "NodeShutdown": EvictedBy.SHUTDOWN,
    "Terminated": EvictedBy.SHUTDOWN,
}
_TARGETS: Final = {
    "PreemptionByScheduler": EvictedBy.PREEMPTION,
    "PreemptionByKubeScheduler": EvictedBy.PREEMPTION,
    "DeletionByTaintManager": EvictedBy.TAINT,
    "EvictionByEvictionAPI": EvictedBy.API,
    "TerminationByKubelet": EvictedBy.KUBELET,
}
_REFUSALS: Final = frozenset({
    "AppArmor", "InvalidNodeInfo", "NodeAffinity", "NodeName", "NodePorts", "PodFeatureUnsupported",
    "PodLevelResourcesNotSupported", "PodOSNotSupported", "PodOSSelectorNodeLabelDoesNotMatch", "SysctlForbidden",
    "SupplementalGroupsPolicyNotSupported", "TaintToleration", "TopologyAffinityError", "UnexpectedAdmissionError",
    "UnexpectedPredicateFailureType", "VolumeAttachmentLimitExceeded",
})  # fmt: skip
_REFUSED: Final = ("Pod was rejected", "Pod Predicate")


def eviction_cause(pod: Mapping[str, Any]) -> EvictionCause | None:
    """Return for what a kubelet evicted a pod that is still listed, None if it did not."""
    status = status_of(pod)
    return parse_eviction(str(status.get("message") or "")) if status.get("reason") == "Evicted" else None


def is_rejected(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod is Failed because its kubelet did not admit it: none of its containers ever ran."""
    status = status_of(pod)
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if phase_of(pod) != "Failed" or reason == "Evicted":
        return False
    return reason in _REFUSALS or reason.startswith("OutOf") or message.startswith(_REFUSED)


def evicted_by(pod: Mapping[str, Any]) -> EvictedBy:
    """Return on whose decision a pod ended or is about to end; NOBODY for any other pod."""
    failed = phase_of(pod) == "Failed"
    if is_rejected(pod) or not (failed or is_terminating(pod)):
        return EvictedBy.NOBODY
    if failed and (by := _REASONS.get(str(status_of(pod).get("reason") or ""))):
        return by
    target = condition(pod, "DisruptionTarget")
    reason = str(target.get("reason") or "") if target.get("status") == "True" else ""
    return _TARGETS.get(reason, EvictedBy.NOBODY)


def ended_at(pod: Mapping[str, Any]) -> str:
    """Return when a pod was evicted or refused: kubelets since 1.26 write it, else its last sign of life is nearest."""
    status = status_of(pod)
    if at := condition(pod, "DisruptionTarget").get("lastTransitionTime"):
        return str(at)
    ended = [
        str((each.get("state") or {}).get("terminated", {}).get("finishedAt") or "")
        for each in status.get("containerStatuses") or ()
    ]
    return max(ended, default="") or str(status.get("startTime") or created_at(pod))


COMMAND: Final = "command"
MEMORY: Final = "memory"
# The kubelet's reasons for a container that waits because the runtime refused it.
NOT_STARTED: Final = frozenset({"CreateContainerError", "RunContainerError"})

_WORDINGS: Final = {
    # runc, CRI-O, Docker, and runc with cgroup v1
    MEMORY: re.compile(
        r"init was OOM-killed|memory limit \d+ too low|minimum memory limit allowed|unable to set memory limit to", re.I
    ),
    COMMAND: re.compile(
        r"executable file (?:`[^`]*` )?not found in|exec: .*(?:no such file|permission denied|is a directory)"
        r"|no command specified"
    ),
}


def start_error(message: str) -> str:
    """Return what the runtime names as the cause: the memory limit or the command; "" for anything else."""
    return next((cause for cause, wording in _WORDINGS.items() if wording.search(message)), "")
