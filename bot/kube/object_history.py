"""Tell which reports about an object are history: the state that they speak of has passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.kube.health import has_rules, problem_of
from bot.kube.objects import condition, has_ended, is_builtin, phase_of, status_of
from bot.kube.rollouts import replicas_of
from bot.kube.settling import is_starting
from bot.kube.timestamps import parse_time
from intents.condition_polarity import is_trouble
from intents.domain import Json

# A trouble that lasts is reported again within five minutes, even where the kubelet limits its events.
_REPEATED: Final = timedelta(minutes=10)
_OWN_REPLICAS: Final = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_STARTING_PROBES: Final = ("Readiness probe", "Startup probe")


def ready_since(obj: Json) -> datetime | None:
    """Return since when the condition Ready of an object is True, None while it is not."""
    ready = condition(obj, "Ready")
    return parse_time(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None


def is_well(obj: Json, kind: str) -> bool:
    """Tell whether the rules of an object's kind and its conditions show no trouble; False if it has no rules."""
    if not has_rules(kind) or not is_builtin(obj) or problem_of(obj, kind):
        return False
    return not any(is_trouble(kind, each) for each in status_of(obj).get("conditions") or ())


def is_past(seen: datetime | None, obj: Json, kind: str, now: datetime) -> bool:
    """Tell whether an event, last seen at a time, is older than the present good state of its object.

    No event reports a recovery: on an object that is well, an event that is not repeated is over.
    """
    if seen is None:
        return False
    settled = ready_since(obj)
    return bool(settled and seen < settled) or (is_well(obj, kind) and now - seen > _REPEATED)


def is_part_of_start(reason: str, message: str, obj: Json, kind: str, now: datetime) -> bool:
    """Tell whether an event only says that the probes of a pod fail while it starts in time."""
    return kind == "Pod" and reason == "Unhealthy" and message.startswith(_STARTING_PROBES) and is_starting(obj, now)


def is_replaced(pod: Json, workload: Json, kind: str) -> bool:
    """Tell whether a pod of a workload has ended and is no longer missed: others do its work, or it is done."""
    if kind == "Job" and condition(workload, "Complete").get("status") == "True":
        return True
    if phase_of(pod) == "Succeeded":
        return True
    if kind not in _OWN_REPLICAS or not has_ended(pod):
        return False
    count = replicas_of(workload)
    return count.ready >= count.desired
