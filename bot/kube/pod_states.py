"""Tell whether a pod is ready or only starting, and classify pods that were evicted or not admitted.

Both are Failed with a reason of the kubelet's. A pod that the eviction API, a taint or a preemption removes has the
condition DisruptionTarget, and is gone once its containers have stopped.

Wordings of evictions: k8s.io/kubernetes/pkg/kubelet/eviction, pressure on the node ("The node was low on resource: …",
"The node had condition: [DiskPressure]") or a limit of the pod's own ("… exceeds the total limit of containers 1Gi").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.kube.containers import Container, containers_in
from bot.kube.objects import (
    condition,
    created_at,
    is_terminating,
    metadata_of,
    node_name_of,
    phase_of,
    status_of,
)
from bot.kube.placement import required_terms, requirements
from bot.kube.timestamps import seconds_since
from intents.domain import Json


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


# The reasons of a run that the runtime could not begin.
_REFUSED_RUNS: Final = frozenset({"StartError", "ContainerCannotRun"})
# The calls that a runtime's message is wrapped in, and what of a mount only the node knows.
_WRAPPING: Final = re.compile(
    r"^.*(?:error during container init|unable to start container process|container init caused"
    r"|(?:OCI runtime|runc|crun) create failed|failed to create (?:containerd task|shim task)): (?=\S)"
)
_OF_NODE: Final = re.compile(
    r' "/var/lib/[^"]*"|mount src=\S+ dst=\S+ (?:dstFd=\S+ )?flags=\S+ |\s*Check if the specified .*'
)
_MOUNTED_AT: Final = re.compile(r'error mounting "[^"]*" to rootfs at "(?P<path>[^"]+)"')


def runtime_refusal(container: Container) -> str:
    """Return why the runtime could not start a container, in its words; "" for one that it has started last."""
    if container.state == "waiting" and container.reason in NOT_STARTED:
        return container.message
    last = container.detail if container.state == "terminated" else container.last_end
    return str(last.get("message") or "") if last.get("reason") in _REFUSED_RUNS else ""


def brief_refusal(message: str) -> str:
    """Return a runtime's message without the calls that it is wrapped in and without paths of the node."""
    return _OF_NODE.sub("", _WRAPPING.sub("", message)).strip()


def refused_mount(message: str) -> str:
    """Return the path in a container at which the runtime could not mount a file or directory; "" in other messages."""
    found = _MOUNTED_AT.search(message)
    return found["path"] if found else ""


def start_error(message: str) -> str:
    """Return what the runtime names as the cause: the memory limit or the command; "" for anything else."""
    return next((cause for cause, wording in _WORDINGS.items() if wording.search(message)), "")


class EvictionCause(StrEnum):
    """The resource that ran short when a pod was evicted."""

    NODEFS = "nodefs"
    IMAGEFS = "imagefs"
    EPHEMERAL_STORAGE = "ephemeral-storage"
    MEMORY = "memory"
    PIDS = "pids"
    OWN_LIMIT = "own-limit"  # the pod used more local storage than it may; the node had enough
    OTHER = "other"


DISK: Final = frozenset({EvictionCause.NODEFS, EvictionCause.IMAGEFS, EvictionCause.EPHEMERAL_STORAGE})

_RESOURCE: Final = re.compile(r"\blow on resource: ([a-z-]+)")
# Kubelets up to 1.9 named the condition in the first form: "The node was low on resource: [DiskPressure]."
_CONDITION: Final = re.compile(r"\b(?:had condition|low on resource): \[([A-Za-z, ]*)\]")
_OWN_LIMIT: Final = re.compile(r"exceed(?:s|ed) (?:the total limit|its local ephemeral storage limit|the limit)")
_RESOURCES: Final = {
    "nodefs": EvictionCause.NODEFS,
    "inodes": EvictionCause.NODEFS,
    "containerfs": EvictionCause.NODEFS,
    "imagefs": EvictionCause.IMAGEFS,
    "ephemeral-storage": EvictionCause.EPHEMERAL_STORAGE,
    "memory": EvictionCause.MEMORY,
    "pids": EvictionCause.PIDS,
}
_CONDITIONS: Final = {
    "DiskPressure": EvictionCause.EPHEMERAL_STORAGE,
    "MemoryPressure": EvictionCause.MEMORY,
    "PIDPressure": EvictionCause.PIDS,
}


def parse_eviction(message: str) -> EvictionCause:
    """Return the cause of an eviction by the pod's status message."""
    if found := _RESOURCE.search(message):
        return _RESOURCES.get(found[1], EvictionCause.OTHER)
    if found := _CONDITION.search(message):
        named = [part.strip() for part in found[1].split(",")]
        return next(
            (_CONDITIONS[name] for name in ("DiskPressure", *named) if name in named and name in _CONDITIONS),
            EvictionCause.OTHER,
        )
    return EvictionCause.OWN_LIMIT if _OWN_LIMIT.search(message) else EvictionCause.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The quantities that an eviction's message states, as the kubelet wrote them; "" for each it leaves out."""

    threshold: str = ""  # the node must keep more than this free
    available: str = ""
    container: str = ""  # the first that used more than it requested, or exceeded its own limit
    used: str = ""
    requested: str = ""
    limit: str = ""  # of the pod, one container or one volume


_THRESHOLD: Final = re.compile(
    r"Threshold quantity: (?P<threshold>[\w.]+), available: (?P<available>[\w.]+?)\.(?:\s|$)"
)
_USER: Final = re.compile(
    r"Container (?P<container>\S+) was using (?P<used>[\w.]+), (?:request is (?P<requested>\w+)|which)"
)
_LIMIT: Final = re.compile(
    r"(?:Container (?P<container>\S+) )?exceed(?:s|ed) (?:the total limit of containers|the limit"
    r"|its local ephemeral storage limit) \"?(?P<limit>\w+)"
)


def parse_amounts(message: str) -> Amounts:
    """Return the quantities that an eviction's message states."""
    found: dict[str, str] = {}
    for pattern in (_THRESHOLD, _USER, _LIMIT):
        if match := pattern.search(message):
            found |= {name: value for name, value in match.groupdict().items() if value}
    return Amounts(**found)


def never_allows(spec: Mapping[str, Any]) -> bool:
    """Tell whether the spec alone refuses every eviction, however healthy the pods are."""
    return str(spec.get("maxUnavailable")) in ("0", "0%") or str(spec.get("minAvailable")) == "100%"


def limit_of(spec: Mapping[str, Any]) -> str:
    """Return the budget's limit as its spec has it: `maxUnavailable: 0`; the API server's default where it has none."""
    for key in ("minAvailable", "maxUnavailable"):
        if spec.get(key) is not None:
            return f"{key}: {spec[key]}"
    return "maxUnavailable: 1"


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


# A pod may start for so long; it is the progress deadline that a Deployment has unless it sets one.
_START_S: Final = 600
# The time in which an autoscaler may add a node.
_PLACEMENT_S: Final = 300
_STARTING: Final = frozenset({"ContainerCreating", "PodInitializing", "Pending", "Running", "Unknown", "not ready"})


def failure_of(pod: Json, now: datetime) -> str:
    """Return why a pod does not get ready; "" for one that is ready, ends as told, or may still start."""
    reason = unready_reason(pod)
    if not reason:
        return ""
    if reason == "Terminating":
        # The deletion time includes the grace period.
        return reason if seconds_since(metadata_of(pod).get("deletionTimestamp"), now) > _START_S else ""
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False":
        waited = seconds_since(placed.get("lastTransitionTime") or created_at(pod), now)
        return str(placed.get("reason") or "Unschedulable") if waited >= _PLACEMENT_S else ""
    if reason not in _STARTING:
        return reason
    if any(each.restarts > 1 and not each.ready for each in containers_in(pod)):
        return "restarts again and again"
    return reason if seconds_since(changed_at(pod), now) >= _START_S else ""


def changed_at(pod: Json) -> str:
    """Return since when a pod is ready, or not."""
    return str(condition(pod, "Ready").get("lastTransitionTime") or created_at(pod))


def wanted_node(pod: Json) -> str:
    """Return the node of a pod, or the only one that a DaemonSet's controller lets it run on."""
    asked = (one for term in required_terms(pod) for one in requirements(term))
    named = (one.values[0] for one in asked if one.key == "metadata.name" and one.values)
    return node_name_of(pod) or next(named, "")
