"""Choose the condition that tells what is wrong with an object, or that it is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import group_of, metadata_of, status_of
from intents.condition_polarity import Polarity, is_trouble, polarity

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

    condition: Mapping[str, Any]
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
