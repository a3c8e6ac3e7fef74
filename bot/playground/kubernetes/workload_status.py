"""Compute the status counters and conditions that workload controllers maintain."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import amount, conditions_of, is_ready, labels_of, status_of
from bot.playground.kubernetes.resources import WIRE, Json

_COUNTERS: Final[dict[str, dict[str, str]]] = WIRE["counters"]
# The counters that are shown even if they are 0.
_SHOWN: Final = frozenset(WIRE["shown_counters"].split())


def update_revision(owner: Json) -> str:
    """Return the ControllerRevision's name for the owner's template: the world's own name until the owner changes."""
    status = status_of(owner)
    if owner["metadata"].get("generation", 1) == status.get("observedGeneration") and status.get("updateRevision"):
        return str(status["updateRevision"])
    template = json.dumps(owner["spec"].get("template") or {}, sort_keys=True)
    return f"{owner['metadata']['name']}-{suffix(template, length=10)}"


def refreshed(
    owner: Json,
    *,
    pods: list[Json],
    updated: list[Json],
    leaving: int,
    hidden: dict[str, int],
    now: datetime,
    newest: str,
) -> Json:
    """Return the status of a workload with these pods; `hidden` counts pods that the world does not contain."""
    kind = owner["kind"]
    if kind not in _COUNTERS:
        return dict(status_of(owner))
    ready = sum(is_ready(pod) for pod in pods) + hidden.get("readyReplicas", 0)
    total = len(pods) + hidden.get("replicas", 0)
    counts: Json = {"pods": len(pods), "total": total, "ready": ready, "leaving": leaving}
    if kind == "Deployment":
        desired = int(owner["spec"].get("replicas", 1))
        counts["updated"] = len(updated) + hidden.get("replicas", 0)
        counts["unavailable"] = max(0, max(total, desired) - ready)
    elif kind == "StatefulSet":
        counts |= _revisions(owner, pods, all_ready=ready >= total, total=total)
    elif kind == "DaemonSet":
        template_hash = update_revision(owner).rpartition("-")[2]
        counts["updated"] = sum(_revision_of(pod) in ("", template_hash) for pod in pods)
        counts["unavailable"] = len(pods) - ready
        counts["misscheduled"] = status_of(owner).get("numberMisscheduled", 0)
    counted: Json = {"observedGeneration": owner["metadata"].get("generation", 1)}
    counted |= {field: counts[name] for field, name in _COUNTERS[kind].items()}
    if kind == "Deployment":
        counted["conditions"] = _conditions(owner, counted, now=times.timestamp(now), newest=newest)
    status = status_of(owner) | counted
    return {key: value for key, value in status.items() if value != 0 or key in _SHOWN}


def _revisions(owner: Json, pods: list[Json], *, all_ready: bool, total: int) -> Json:
    """Return the revisions of a StatefulSet, and how many of its pods have which."""
    revision = update_revision(owner)
    old = [label for pod in pods if (label := _revision_of(pod)) not in ("", revision)]
    # The update revision becomes the current one once all pods have it and are ready.
    before = str(status_of(owner).get("currentRevision") or revision)
    current = old[0] if old else revision if all_ready else before
    counts = {"current": len(old) if current != revision else total, "updated": total - len(old)}
    return counts | {"current_revision": current, "update_revision": revision}


def _revision_of(pod: Json) -> str:
    """Return the revision in a pod's labels, "" for a pod of a world that leaves it out."""
    return str(labels_of(pod).get("controller-revision-hash") or "")


def _conditions(owner: Json, counted: Json, *, now: str, newest: str) -> list[Json]:
    spec = owner["spec"]
    desired = int(spec.get("replicas", 1))
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    tolerated = amount(rolling.get("maxUnavailable", "25%"), of=desired, rounded=math.floor)
    before = {each["type"]: each for each in conditions_of(owner)}
    enough = counted["availableReplicas"] >= desired - tolerated
    available = {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    }
    complete = counted["replicas"] == counted["updatedReplicas"] == counted["availableReplicas"] == desired
    new_generation = status_of(owner).get("observedGeneration") != owner["metadata"].get("generation", 1)
    if spec.get("paused"):
        progress = ("Unknown", "DeploymentPaused", "Deployment is paused")
    elif complete:
        progress = ("True", "NewReplicaSetAvailable", f'ReplicaSet "{newest}" has successfully progressed.')
    elif "Progressing" in before and not new_generation:
        known = before["Progressing"]
        progress = (known["status"], known.get("reason", ""), known.get("message", ""))
    else:
        progress = ("True", "ReplicaSetUpdated", f'ReplicaSet "{newest}" is progressing.')
    progressing = dict(zip(("type", "status", "reason", "message"), ("Progressing", *progress), strict=True))
    kept = [each for kind, each in before.items() if kind not in ("Available", "Progressing")]
    return [_dated(each, before.get(each["type"], {}), now=now) for each in (available, progressing)] + kept


def _dated(condition: Json, before: Json, *, now: str) -> Json:
    """Return the condition with its times: lastTransitionTime follows the status, lastUpdateTime any field."""
    if condition.items() <= before.items():
        return before
    same = before.get("status") == condition["status"]
    times_of = {"lastUpdateTime": now, "lastTransitionTime": before.get("lastTransitionTime", now) if same else now}
    return {"type": condition["type"], "status": condition["status"]} | times_of | condition
