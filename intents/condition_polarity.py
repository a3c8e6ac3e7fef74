"""Tell which conditions are trouble: the good status of a condition depends on the kind and the type.

Conditions of built-in kinds are listed. Those of other kinds follow the conventions of the API: Ready is good if True,
Degraded if False. A type that fits no convention is trouble only if its words say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Polarity(StrEnum):
    """The meaning of a condition that is True."""

    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"  # neither status is trouble by itself
    UNKNOWN = "unknown"


_GOOD: Final[Mapping[str, frozenset[str]]] = {
    "APIService": frozenset({"Available"}),
    "CustomResourceDefinition": frozenset({"Established", "KubernetesAPIApprovalPolicyConformant", "NamesAccepted"}),
    "Deployment": frozenset({"Available", "Progressing"}),
    "Gateway": frozenset({"Accepted", "Programmed", "Ready", "ResolvedRefs", "Scheduled"}),
    "HorizontalPodAutoscaler": frozenset({"AbleToScale", "ScalingActive"}),
    "Node": frozenset({"Ready"}),
    "Pod": frozenset({"PodScheduled"}),
}
_BAD: Final[Mapping[str, frozenset[str]]] = {
    "CustomResourceDefinition": frozenset({"NonStructuralSchema", "Terminating"}),
    "Deployment": frozenset({"ReplicaFailure"}),
    "Gateway": frozenset({"Conflicted", "OverlappingTLSConfig", "PartiallyInvalid"}),
    "HorizontalPodAutoscaler": frozenset({"ScalingLimited"}),
    "Job": frozenset({"Failed", "FailureTarget"}),
    "Namespace": frozenset({
        "NamespaceContentRemaining", "NamespaceDeletionContentFailure", "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure", "NamespaceFinalizersRemaining",
    }),
    # Beside the kubelet's, those of node-problem-detector.
    "Node": frozenset({
        "ContainerRuntimeUnhealthy", "CorruptDockerOverlay2", "CperHardwareErrorFatal", "DiskPressure",
        "FrequentContainerdRestart", "FrequentDockerRestart", "FrequentKubeletRestart", "FrequentUnregisterNetDevice",
        "KernelDeadlock", "KubeletUnhealthy", "MemoryPressure", "NTPProblem", "NetworkUnavailable", "OutOfDisk",
        "PIDPressure", "ReadonlyFilesystem", "XfsShutdown",
    }),
    "PersistentVolumeClaim": frozenset({
        "ControllerResizeError", "FileSystemResizePending", "ModifyVolumeError", "NodeResizeError",
    }),
    "Pod": frozenset({"DisruptionTarget", "PodResizePending"}),
    "ReplicaSet": frozenset({"ReplicaFailure"}),
    "ReplicationController": frozenset({"ReplicaFailure"}),
    "Service": frozenset({"LoadBalancerPortsError"}),
}  # fmt: skip
# The containers of a pod say why it is not ready; a Job is also finished, or suspended on purpose.
_NEUTRAL: Final[Mapping[str, frozenset[str]]] = {
    "CustomResourceDefinition": frozenset({"StorageMigrating"}),
    "Job": frozenset({"Complete", "SuccessCriteriaMet", "Suspended"}),
    "PersistentVolumeClaim": frozenset({"ModifyingVolume", "Resizing", "Unused"}),
    "Pod": frozenset({
        "ContainersReady", "Initialized", "PodReadyToStartContainers", "PodResizeInProgress", "Ready",
    }),
    # A budget that is used up protects its pods, as it should.
    "PodDisruptionBudget": frozenset({"DisruptionAllowed"}),
}  # fmt: skip
# Reasons of a bad status that are the normal state: the load needs no more than the least number of replicas; a target
# scaled to zero on purpose; a rollout that somebody has paused, or resumed a moment ago.
_NORMAL: Final = frozenset({
    ("Deployment", "Progressing", "DeploymentPaused"),
    ("Deployment", "Progressing", "DeploymentResumed"),
    ("HorizontalPodAutoscaler", "ScalingLimited", "TooFewReplicas"),
    ("HorizontalPodAutoscaler", "ScalingActive", "ScalingDisabled"),
})  # fmt: skip

_ENDS_BAD: Final = re.compile(
    r"(?:Conflict(?:ed)?|Deadlock|Degraded|Denied|Error|Errors|Exceeded|Exhausted|Failed|Failing|Failure|Invalid|"
    r"Mismatch|NotReady|Pressure|Problem|Remaining|Stalled|Terminating|Unavailable|Unhealthy|Unreachable)$"
)
_BEGINS_BAD: Final = re.compile(r"(?:Corrupt|Frequent|Missing|Not|Readonly)(?=[A-Z])")
_ENDS_GOOD: Final = re.compile(
    r"(?:Accepted|Available|Bound|Configured|Connected|Established|Healthy|Installed|Issued|Programmed|Provisioned|"
    r"Ready|Reconciled|ResolvedRefs|Succeeded|Synced|SyncSuccessful|Valid|Verified)$"
)
# Reconciling: the controller is at work, and Ready says whether that fails.
_ENDS_NEUTRAL: Final = re.compile(r"(?:Complete|Completed|Paused|Progressing|Reconciling|Suspended|Upgradeable)$")
_SAYS_TROUBLE: Final = re.compile(
    r"(?<!no )(?<!not )(?<!without )(?<!without any )"
    r"\b(?:cannot|can't|crash\w*|denied|errors?|exceeded|fail(?:ed|ing|s|ure|ures)|forbidden|invalid|refused|"
    r"time(?:d out|out)|unable|unhealthy|unreachable)\b",
    re.IGNORECASE,
)
# The words of a reason: ReconcileError.
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def polarity(kind: str, condition_type: str) -> Polarity:
    """Return what it means that a condition of an object of this kind, or of any if it is empty, is True."""
    for listed, means in ((_GOOD, Polarity.GOOD), (_BAD, Polarity.BAD), (_NEUTRAL, Polarity.NEUTRAL)):
        if any(condition_type in types for of, types in listed.items() if kind in ("", of)):
            return means
    # A vendor's prefix, such as networking.example.com/Ready.
    bare = condition_type.rpartition("/")[2]
    if _ENDS_BAD.search(bare) or _BEGINS_BAD.match(bare):
        return Polarity.BAD
    if _ENDS_GOOD.search(bare):
        return Polarity.GOOD
    return Polarity.NEUTRAL if _ENDS_NEUTRAL.search(bare) else Polarity.UNKNOWN


def is_trouble(kind: str, condition: Mapping[str, Any]) -> bool:
    """Return whether a condition says that something is wrong with its object."""
    name, status = str(condition.get("type") or ""), str(condition.get("status") or "")
    reason, message = str(condition.get("reason") or ""), str(condition.get("message") or "")
    match polarity(kind, name):
        case _ if (kind, name, reason) in _NORMAL:
            return False
        case Polarity.GOOD:
            # A controller that has not looked yet says neither why nor False.
            return status == "False" or (status != "True" and bool(reason or message))
        case Polarity.BAD:
            return status == "True"
        case Polarity.UNKNOWN:
            return says_trouble(condition)
    return False


def says_trouble(condition: Mapping[str, Any]) -> bool:
    """Return whether the reason or the message of a condition speaks of a failure."""
    reason, message = str(condition.get("reason") or ""), str(condition.get("message") or "")
    return bool(_SAYS_TROUBLE.search(f"{_WORD.sub(' ', reason)}: {message}"))
