"""Judge whether an object is healthy by the rules of its kind, and choose the condition that tells what is wrong.

A custom resource is judged by its conditions; those whose meaning is not known count only if their words say trouble.

Objects without conditions and rules are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from bot.kube.objects import condition, group_of, is_builtin, is_terminating, metadata_of, phase_of, spec_of, status_of
from bot.kube.rollouts import replicas_of
from intents.catalog.fields import Consequence
from intents.condition_polarity import Polarity, is_trouble, polarity
from intents.domain import Json

_MESSAGE: Final = 300


def _pod(obj: Json) -> str:
    if is_terminating(obj) and (held := metadata_of(obj).get("finalizers")):
        return f"its deletion waits for {', '.join(map(str, held))}"[:_MESSAGE]
    if phase_of(obj) == "Succeeded":
        return ""
    return f"phase {phase_of(obj)}" if phase_of(obj) == "Failed" else _ready(obj)


def _ready(obj: Json) -> str:
    """Return what the condition Ready says unless it is True."""
    ready = condition(obj, "Ready")
    if ready.get("status") == "True":
        return ""
    says = ": ".join(str(ready[key]) for key in ("reason", "message") if ready.get(key))
    return f"Ready={ready.get('status', 'Unknown')} {says}".strip()[:_MESSAGE]


def _replicas(obj: Json) -> str:
    count = replicas_of(obj)
    return "" if count.ready >= count.desired else f"{max(count.ready, 0)} of {count.desired} pods are ready"


def _job(obj: Json) -> str:
    failed = condition(obj, "Failed")
    return f"Failed=True {failed.get('reason', '')}".strip() if failed.get("status") == "True" else ""


def _claim(obj: Json) -> str:
    return "" if phase_of(obj) == "Bound" else f"phase {phase_of(obj) or 'unknown'}"


def _volume(obj: Json) -> str:
    if phase_of(obj) != "Failed":
        return ""
    says = ": ".join(str(status_of(obj)[key]) for key in ("reason", "message") if status_of(obj).get(key))
    return f"phase Failed {says}".strip()[:_MESSAGE]


def _available(obj: Json) -> str:
    available = condition(obj, "Available")
    return "" if available.get("status") == "True" else f"Available={available.get('status', 'Unknown')}"


def _conditions(obj: Json) -> str:
    """Return what the first condition in trouble says."""
    for each in status_of(obj).get("conditions") or ():
        if is_trouble(str(obj.get("kind") or ""), each):
            says = ": ".join(str(each[key]) for key in ("reason", "message") if each.get(key))
            return f"{each.get('type')}={each.get('status')} {says}".strip()[:_MESSAGE]
    return ""


def _budget(obj: Json) -> str:
    status = status_of(obj)
    healthy, wanted = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    # One that never allows an eviction is legitimate: the person who drains a node asks its owner first.
    return f"{healthy} of {wanted} required pods are healthy" if status.get("expectedPods") and healthy < wanted else ""


def _cron_job(obj: Json) -> str:
    """Return a failed last run; a suspended CronJob was suspended on purpose."""
    status = status_of(obj)
    started, succeeded = str(status.get("lastScheduleTime") or ""), str(status.get("lastSuccessfulTime") or "")
    failed = bool(started) and not status.get("active") and succeeded < started
    return f"its last run, of {started}, has not succeeded" if failed else ""


def _service(obj: Json) -> str:
    ingress = (status_of(obj).get("loadBalancer") or {}).get("ingress")
    if spec_of(obj).get("type") == "LoadBalancer" and not ingress:
        return "no load balancer has given it an address"
    return _conditions(obj)


def _namespace(obj: Json) -> str:
    return _conditions(obj) or ("phase Terminating" if phase_of(obj) == "Terminating" else "")


def _ingress(obj: Json) -> str:
    ingress = (status_of(obj).get("loadBalancer") or {}).get("ingress")
    return "" if ingress else "no ingress controller has given it an address"


_RULES: Final[Mapping[str, Callable[[Json], str]]] = MappingProxyType({
    "Pod": _pod,
    "Node": _ready,
    "TidbCluster": _ready,
    "Deployment": _replicas,
    "StatefulSet": _replicas,
    "DaemonSet": _replicas,
    "ReplicaSet": _replicas,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    # One that is used up does its work; its entry says so, and what it refuses.
    "ResourceQuota": lambda _obj: "",
    "APIService": _available,
    "HorizontalPodAutoscaler": _conditions,
    "PodDisruptionBudget": _budget,
    "CronJob": _cron_job,
    "Service": _service,
    "Namespace": _namespace,
    "Ingress": _ingress,
})  # fmt: skip


def has_rules(kind: str) -> bool:
    """Tell whether the health of every object of a kind can be judged."""
    return kind in _RULES


def can_judge(obj: Json, kind: str) -> bool:
    """Tell whether the health of an object can be judged: its kind has rules, or it has conditions."""
    return _rule(obj, kind) is not None


def problem_of(obj: Json, kind: str) -> str:
    """Return what is wrong with an object in one line; "" for a healthy one and for one that cannot be judged."""
    rule = _rule(obj, kind)
    try:
        return rule(obj) if rule else ""
    except (TypeError, ValueError, AttributeError):
        return "its status cannot be read"


def _rule(obj: Json, kind: str) -> Callable[[Json], str] | None:
    """Return the rule for an object; a custom kind may share the name of a built-in one (Knative's Service)."""
    if kind in _RULES and (is_builtin(obj) or kind == "TidbCluster"):
        return _RULES[kind]
    return _conditions if status_of(obj).get("conditions") else None


# The conditions that sum up the others, the most telling first.
_SUMS_UP: Final = ("Ready", "Available", "Healthy", "Synced", "Succeeded")
# Reasons of an object that its controller has begun to work on.
_AT_WORK: Final = frozenset({
    "Creating", "DoesNotExist", "InProgress", "Initializing", "Issuing", "Pending", "Progressing",
    "ProgressingWithRetry", "Provisioning", "Reconciling", "Unknown", "Waiting",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The condition that decides; `bad` it is trouble, `unsure` only its words say so, `at_work` it may pass soon."""

    condition: Mapping[str, Any] = field(metadata={"key": False})
    bad: bool = False
    unsure: bool = False
    at_work: bool = False


def judged(obj: Mapping[str, Any]) -> Judgement:
    """Return the condition in trouble that sums up the others, else the first one in trouble, else a good one."""
    kind = str(obj.get("kind") or "")
    conditions = sorted((*_health(obj), *(status_of(obj).get("conditions") or ())), key=_order)
    sure = [each for each in conditions if is_trouble(kind, each) and _is_known(kind, each)]
    if sure:
        reason = str(sure[0].get("reason") or "")
        return Judgement(condition=sure[0], bad=True, at_work=reason in _AT_WORK or sure[0].get("status") == "Unknown")
    unsure = [each for each in conditions if is_trouble(kind, each)]
    if unsure:
        return Judgement(condition=unsure[0], unsure=True)
    return Judgement(condition=next(iter(conditions), {}))


def _health(obj: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the health of an Argo CD Application as a condition: it is told in a field of its own."""
    health = status_of(obj).get("health")
    if obj.get("kind") != "Application" or group_of(obj) != "argoproj.io" or not isinstance(health, Mapping):
        return ()
    told = str(health.get("status") or "")
    condition = {
        "type": "Healthy",
        "status": {"Healthy": "True", "Suspended": "True", "Unknown": "Unknown"}.get(told, "False"),
        "reason": told,
        "message": str(health.get("message") or ""),
        "lastTransitionTime": health.get("lastTransitionTime"),
    }
    return (condition,) if told else ()


def is_behind(obj: Mapping[str, Any]) -> bool:
    """Tell whether the controller has not looked at the present spec yet."""
    seen = status_of(obj).get("observedGeneration")
    return seen is not None and int(seen) < int(metadata_of(obj).get("generation") or 0)


def status_writers(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the field managers that write the object's status, the latest first."""
    entries = [
        each
        for each in metadata_of(obj).get("managedFields") or ()
        if each.get("subresource") == "status" or "f:status" in (each.get("fieldsV1") or {})
    ]
    latest = sorted(entries, key=lambda each: str(each.get("time") or ""), reverse=True)
    return tuple(dict.fromkeys(str(each.get("manager") or "") for each in latest))


def _order(condition: Mapping[str, Any]) -> int:
    name = str(condition.get("type") or "")
    return _SUMS_UP.index(name) if name in _SUMS_UP else len(_SUMS_UP)


def _is_known(kind: str, condition: Mapping[str, Any]) -> bool:
    return polarity(kind, str(condition.get("type") or "")) is not Polarity.UNKNOWN


# Of containers that wait, and of events.
_REASONS: Final[Mapping[str, Consequence]] = {
    "CrashLoopBackOff": Consequence.EXIT,
    **dict.fromkeys(
        ("RunContainerError", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
         "ImageInspectError", "ImagePullBackOff", "InvalidImageName", "FailedCreatePodSandBox",
         "FailedPodSandBoxStatus", "NetworkNotReady"), Consequence.NOT_STARTED,
    ),
    **dict.fromkeys(("FailedScheduling", "NotTriggerScaleUp", "Unschedulable"), Consequence.UNSCHEDULED),
    **dict.fromkeys(("Evicted", "EvictionThresholdMet", "TaintManagerEviction"), Consequence.EVICTED),
    **dict.fromkeys(("NodeNotReady", "ProbeWarning", "Unhealthy"), Consequence.UNREADY),
}  # fmt: skip
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
