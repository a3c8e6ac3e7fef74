"""Tell whether a pod is ready, and a pod that fails to get ready from one that is only starting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bot.kube.ages import seconds_since
from bot.kube.containers import containers_in
from bot.kube.objects import condition, created_at, is_terminating, metadata_of, node_name_of, spec_of, status_of
from intents.domain import Json


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
    return reason if seconds_since(_unready_since(pod), now) >= _START_S else ""


def _unready_since(pod: Json) -> str:
    return str(condition(pod, "Ready").get("lastTransitionTime") or created_at(pod))


def wanted_node(pod: Json) -> str:
    """Return the node of a pod, or the only one that a DaemonSet's controller lets it run on."""
    if node := node_name_of(pod):
        return node
    required = ((spec_of(pod).get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""
