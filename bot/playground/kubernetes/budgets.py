"""Find the PodDisruptionBudgets of a pod, check what they allow, and update their status after pods changed."""

from __future__ import annotations

import math

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.selectors import matches
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import refusal

BUDGETS = ("policy", "poddisruptionbudgets")


def of_pod(pod: Json, *, state: State) -> list[Json]:
    """Return the budgets of the pod's namespace that select it."""
    labels = pod["metadata"].get("labels") or {}
    found = state.store.objects(table=BUDGETS, namespace=pod["metadata"]["namespace"])
    return [each for each in found if matches(each["spec"].get("selector"), labels)]


def require_room(budget: Json) -> None:
    """Raise Refusal 429 if the budget allows no disruption now; without Retry-After, as recorded."""
    status = budget.get("status") or {}
    if status.get("disruptionsAllowed", 0) > 0:
        return
    name, desired, current = (
        budget["metadata"]["name"],
        status.get("desiredHealthy", 0),
        status.get("currentHealthy", 0),
    )
    message = f"The disruption budget {name} does not allow evicting pods currently"
    if current <= desired:
        message = f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
    raise refusal(
        code=429,
        message="Cannot evict pod as it would violate the pod's disruption budget.",
        reason="TooManyRequests",
        details={"causes": [{"reason": "DisruptionBudget", "message": message}]},
    )


def is_ready(pod: Json) -> bool:
    """Return whether the pod's Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def refresh(namespace: str, *, state: State) -> None:
    """Update the status of the budgets of a namespace."""
    resource = state.registry.of_table(BUDGETS)
    for budget in state.store.objects(table=BUDGETS, namespace=namespace):
        status = _status(budget, state=state)
        if status != budget.get("status"):
            state.put(resource=resource, obj=budget | {"status": status})


def _status(budget: Json, *, state: State) -> Json:
    metadata, spec = budget["metadata"], budget["spec"]
    pods = [
        pod
        for pod in state.store.objects(table=("", "pods"), namespace=metadata["namespace"])
        if matches(spec.get("selector"), pod["metadata"].get("labels") or {})
    ]
    healthy = sum(is_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in pods)
    managed = [
        pod for pod in pods if any(ref.get("controller") for ref in pod["metadata"].get("ownerReferences") or ())
    ]
    if "minAvailable" in spec:
        expected = len(pods)
        desired = _amount(spec["minAvailable"], of=expected)
        allowed = max(0, healthy - desired)
    else:
        # maxUnavailable is relative to the scale of a controller; pods without a controller are not expected.
        expected = len(managed)
        desired = max(0, expected - _amount(spec.get("maxUnavailable", 1), of=expected))
        allowed = max(0, healthy - desired) if expected else 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "observedGeneration": metadata.get("generation", 1),
        "lastTransitionTime": times.timestamp(state.now()),
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }
    before = (budget.get("status") or {}).get("conditions") or ()
    if before and before[0].get("status") == condition["status"]:
        condition["lastTransitionTime"] = before[0].get("lastTransitionTime", condition["lastTransitionTime"])
    return {
        "observedGeneration": metadata.get("generation", 1),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": [condition],
    }


def _amount(value: int | str, *, of: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(of * int(value[:-1]) / 100)
    return int(value)
