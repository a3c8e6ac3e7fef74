"""Judge whether an object is healthy by the rules of its kind. Kinds without rules are not judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.kube.conditions import condition
from bot.kube.objects import phase_of
from bot.kube.replicas import replicas_of
from intents.domain import Json

_MESSAGE: Final = 300


def _pod(obj: Json) -> str:
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


def _available(obj: Json) -> str:
    available = condition(obj, "Available")
    return "" if available.get("status") == "True" else f"Available={available.get('status', 'Unknown')}"


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
    "APIService": _available,
})  # fmt: skip


def has_rules(kind: str) -> bool:
    """Tell whether the health of a kind can be judged."""
    return kind in _RULES


def problem_of(obj: Json, kind: str) -> str:
    """Return what is wrong with an object in one line; "" for a healthy one and for a kind without rules."""
    rule = _RULES.get(kind)
    try:
        return rule(obj) if rule else ""
    except (TypeError, ValueError, AttributeError):
        return "its status cannot be read"
