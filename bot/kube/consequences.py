"""Name the consequence that a condition, an event or a container's state shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from intents.catalog.fields import Consequence

_REASONS: Final[Mapping[str, Consequence]] = {
    # of containers that wait, and of events
    "CrashLoopBackOff": Consequence.EXIT,
    "RunContainerError": Consequence.NOT_STARTED,
    "CreateContainerConfigError": Consequence.NOT_STARTED,
    "CreateContainerError": Consequence.NOT_STARTED,
    "ErrImageNeverPull": Consequence.NOT_STARTED,
    "ErrImagePull": Consequence.NOT_STARTED,
    "ImageInspectError": Consequence.NOT_STARTED,
    "ImagePullBackOff": Consequence.NOT_STARTED,
    "InvalidImageName": Consequence.NOT_STARTED,
    "FailedCreatePodSandBox": Consequence.NOT_STARTED,
    "FailedPodSandBoxStatus": Consequence.NOT_STARTED,
    "NetworkNotReady": Consequence.NOT_STARTED,
    "FailedScheduling": Consequence.UNSCHEDULED,
    "NotTriggerScaleUp": Consequence.UNSCHEDULED,
    "Unschedulable": Consequence.UNSCHEDULED,
    "Evicted": Consequence.EVICTED,
    "EvictionThresholdMet": Consequence.EVICTED,
    "TaintManagerEviction": Consequence.EVICTED,
    "NodeNotReady": Consequence.UNREADY,
    "ProbeWarning": Consequence.UNREADY,
    "Unhealthy": Consequence.UNREADY,
}
_CONDITIONS: Final[Mapping[tuple[str, str], Consequence]] = {
    ("Pod", "PodScheduled"): Consequence.UNSCHEDULED,
    ("Pod", "DisruptionTarget"): Consequence.EVICTED,
    ("Deployment", "Available"): Consequence.UNREADY,
    ("Deployment", "Progressing"): Consequence.UNREADY,
}


def of_reason(reason: str) -> Consequence | None:
    """Return the consequence that a reason of a pod or a container shows, None if it may be a cause."""
    return _REASONS.get(reason)


def of_event(reason: str, message: str) -> Consequence | None:
    """Return the consequence that an event shows; the kubelet backs off from containers and from images."""
    if reason == "BackOff":
        return Consequence.EXIT if "restarting" in message else Consequence.NOT_STARTED
    return of_reason(reason)


def of_condition(kind: str, condition_type: str) -> Consequence | None:
    """Return the consequence that a condition in trouble shows."""
    return _CONDITIONS.get((kind, condition_type))


def of_exit(pod_reason: str) -> Consequence:
    """Return the consequence that an ended container shows: the kubelet ends those of an evicted pod."""
    return Consequence.EVICTED if pod_reason == "Evicted" else Consequence.EXIT
