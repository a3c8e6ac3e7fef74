"""Judge whether an object is healthy by the rules of its kind. Objects without conditions and rules are not judged.

A custom resource is judged by its conditions; those whose meaning is not known count only if their words say trouble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.kube.objects import condition, is_builtin, is_terminating, metadata_of, phase_of, spec_of, status_of
from bot.kube.rollouts import replicas_of
from intents.condition_polarity import is_trouble
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


def _quota(_obj: Json) -> str:
    """Return nothing: a quota that is used up does its work; its entry says so, and what it refuses."""
    return ""


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
    "ResourceQuota": _quota,
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
