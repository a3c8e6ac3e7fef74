"""Compute kubectl's STATUS and READY columns of a pod, the words an on-call engineer sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import condition, is_ready, status_of
from bot.playground.kubernetes.resources import Json

# A pod that restarted this recently is shown although it is ready now.
_RECENT_RESTART = timedelta(hours=1)
DELETION_GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStatus:
    """A pod as `kubectl get pods` shows it. `trouble`: show it. `ready` is as in "0/1"; `since` is "" if unknown."""

    status: str
    ready: str
    trouble: bool
    broken: bool
    since: str = ""
    detail: str = ""


def pod_status(pod: Json, *, now: datetime) -> PodStatus:
    """Return the columns of one pod by the rules of kubectl's printer.

    Init containers come first, then the last container.
    """
    status = status_of(pod)
    wanted = pod.get("spec", {}).get("containers") or ()
    reported = status.get("containerStatuses") or ()
    ready = _ready(pod)
    restarts = sum(each.get("restartCount", 0) for each in reported)
    text, detail = _text(pod)
    finished = text in ("Completed", "Succeeded")
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted:
        text = "Terminating"
        broken = now - times.parse(deleted) > DELETION_GRACE
    else:
        broken = not finished and (text != "Running" or ready < len(wanted))
    restarted = _restarted(reported, now=now) if not broken and not finished and not deleted else None
    if restarted:
        text, detail = f"{text}, restarted {max(restarts, 1)}×", restarted[1]
    return PodStatus(
        status=text, ready=f"{ready}/{len(wanted)}", trouble=broken or restarted is not None, broken=broken,
        since=restarted[0] if restarted else _since(pod), detail=detail,
    )  # fmt: skip


def _ready(pod: Json) -> int:
    """Count the ready containers. A trimmed world may have no container statuses; then the Ready condition decides."""
    status = status_of(pod)
    if (reported := status.get("containerStatuses")) is not None:
        return sum(1 for each in reported if each.get("ready"))
    unready = condition(pod, "Ready").get("status", "True") != "True"
    return 0 if unready or status.get("phase") != "Running" else len(pod.get("spec", {}).get("containers") or ())


def _text(pod: Json) -> tuple[str, str]:
    """Return the STATUS column and the kubelet's message for it."""
    status = status_of(pod)
    if (waiting := _init_text(pod)) is not None:
        return waiting
    text = status.get("reason") or status.get("phase") or "Unknown"
    detail = str(status.get("message") or _unscheduled(pod))
    containers = status.get("containerStatuses") or ()
    for each in reversed(containers):
        stopped = _stopped(each.get("state") or {})
        if stopped is not None:
            text, detail = stopped[0], stopped[1] or detail
    serving = any("running" in (each.get("state") or {}) and each.get("ready") for each in containers)
    if text == "Completed" and serving:
        text = "Running" if is_ready(pod) else "NotReady"
    return text, detail


def _stopped(state: Json) -> tuple[str, str] | None:
    """Return why a container does not run and the kubelet's message, None if it runs or gives no reason."""
    waiting, ended = state.get("waiting") or {}, state.get("terminated")
    if not waiting.get("reason") and ended is None:
        return None
    return str(waiting.get("reason") or _ended(ended or {})), str((waiting or ended or {}).get("message") or "")


def _init_text(pod: Json) -> tuple[str, str] | None:
    """Return the status of the first init container that has not finished, None if all have."""
    statuses = status_of(pod).get("initContainerStatuses") or ()
    sidecars = {
        each["name"]
        for each in pod.get("spec", {}).get("initContainers") or ()
        if each.get("restartPolicy") == "Always"
    }
    for at, each in enumerate(statuses):
        state = each.get("state") or {}
        ended = state.get("terminated")
        succeeded = ended is not None and ended.get("exitCode", 0) == 0
        if succeeded or (each.get("name") in sidecars and each.get("started")):
            continue
        if (stopped := _stopped(state)) is None or stopped[0] == "PodInitializing":
            return f"Init:{at}/{len(statuses)}", ""
        return f"Init:{stopped[0]}", stopped[1]
    return None


def _ended(terminated: Json) -> str:
    if reason := terminated.get("reason"):
        return str(reason)
    if signal := terminated.get("signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _unscheduled(pod: Json) -> str:
    scheduled = condition(pod, "PodScheduled")
    return str(scheduled.get("message") or "") if scheduled.get("status") == "False" else ""


def _since(pod: Json) -> str:
    """Return when the pod stopped being ready, according to its conditions."""
    for each in (condition(pod, "Ready"), condition(pod, "PodScheduled")):
        if each.get("status") == "False" and each.get("lastTransitionTime"):
            return str(each["lastTransitionTime"])
    return str(status_of(pod).get("startTime") or pod["metadata"].get("creationTimestamp") or "")


def _restarted(statuses: Any, *, now: datetime) -> tuple[str, str] | None:
    """Return when and how a ready pod's container last failed, None if not recently."""
    for each in statuses:
        ended = (each.get("lastState") or {}).get("terminated") or {}
        finished = ended.get("finishedAt")
        failed = ended.get("exitCode", 0) != 0 or ended.get("reason") == "OOMKilled"
        if finished and failed and now - times.parse(finished) < _RECENT_RESTART:
            return str(finished), f"container {each.get('name')} last ended: {_ended(ended)}"
    return None
