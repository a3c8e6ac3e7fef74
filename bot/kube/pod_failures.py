"""Tell a pod that fails to get ready from one that is only starting."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.kube.ages import seconds_since
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.objects import created_at, metadata_of, node_name_of, spec_of
from bot.kube.pod_readiness import unready_reason
from intents.domain import Json

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
