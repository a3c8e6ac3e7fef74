"""Update what depends on the pods of a namespace: disruption budgets, endpoints, and the APIs that they serve."""

from __future__ import annotations

from bot.playground.kubernetes.objects import (
    amount,
    condition,
    conditions_of,
    has_ended,
    is_ready,
    is_terminating,
    labels_of,
    selected,
    status_of,
)
from bot.playground.kubernetes.resources import API_SERVICES, BUDGETS, PODS, SERVICES, SLICES, Json
from bot.playground.kubernetes.selectors import matches
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import refusal

PASSED: Json = {"type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed"}
_NO_ENDPOINTS = "MissingEndpoints"
_SERVICE = "kubernetes.io/service-name"


def refresh(namespace: str, *, state: State) -> None:
    """Update what depends on the pods of a namespace, after they changed."""
    refresh_budgets(namespace, state=state)
    refresh_endpoints(namespace, state=state)
    _refresh_availability(namespace, state=state)


def budgets_of(pod: Json, *, state: State) -> list[Json]:
    """Return the PodDisruptionBudgets of the pod's namespace that select it."""
    found = state.objects(BUDGETS, pod["metadata"]["namespace"])
    return [each for each in found if matches(each["spec"].get("selector"), labels_of(pod))]


def require_room(budget: Json) -> None:
    """Raise Refusal 429 if the budget allows no disruption now; without Retry-After, as recorded."""
    status, name = status_of(budget), budget["metadata"]["name"]
    if status.get("disruptionsAllowed", 0) > 0:
        return
    desired, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    message = f"The disruption budget {name} does not allow evicting pods currently"
    if current <= desired:
        message = f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
    raise refusal(
        code=429,
        message="Cannot evict pod as it would violate the pod's disruption budget.",
        reason="TooManyRequests",
        details={"causes": [{"reason": "DisruptionBudget", "message": message}]},
    )


def refresh_budgets(namespace: str, *, state: State) -> None:
    """Update the status of the PodDisruptionBudgets of a namespace."""
    for budget in state.objects(BUDGETS, namespace):
        status = _budget_status(budget, state=state)
        if status != budget.get("status"):
            state.put(BUDGETS, budget | {"status": status})


def _budget_status(budget: Json, *, state: State) -> Json:
    metadata, spec = budget["metadata"], budget["spec"]
    found = state.objects(PODS, metadata["namespace"])
    pods = [pod for pod in found if matches(spec.get("selector"), labels_of(pod))]
    healthy = sum(is_ready(pod) and not is_terminating(pod) for pod in pods)
    if "minAvailable" in spec:
        expected = len(pods)
        desired = amount(spec["minAvailable"], of=expected)
        allowed = max(0, healthy - desired)
    else:
        # maxUnavailable is relative to the scale of a controller; pods without a controller are not expected.
        owners = [pod["metadata"].get("ownerReferences") or () for pod in pods]
        expected = sum(any(each.get("controller") for each in references) for references in owners)
        desired = max(0, expected - amount(spec.get("maxUnavailable", 1), of=expected))
        allowed = max(0, healthy - desired) if expected else 0
    told = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "observedGeneration": metadata.get("generation", 1),
        "lastTransitionTime": state.stamp(),
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }
    before = next(iter(conditions_of(budget)), {})
    if before.get("status") == told["status"]:
        told["lastTransitionTime"] = before.get("lastTransitionTime", told["lastTransitionTime"])
    return {
        "observedGeneration": metadata.get("generation", 1),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": [told],
    }


def refresh_endpoints(namespace: str, *, state: State) -> None:
    """Update the endpoints of each slice of the namespace whose Service selects pods.

    Only existing slices are updated; none are created.
    """
    for each in state.objects(SLICES, namespace):
        service = service_of(each, state=state) or {}
        selector = (service.get("spec") or {}).get("selector")
        if not selector:
            continue
        endpoints = [
            _endpoint(pod)
            for pod in state.objects(PODS, namespace)
            if selected(selector, pod) and status_of(pod).get("podIP") and not has_ended(pod)
        ]
        if endpoints != (each.get("endpoints") or []):
            state.put(SLICES, each | {"endpoints": endpoints or None})


def service_of(endpoint_slice: Json, *, state: State) -> Json | None:
    """Return the Service of an EndpointSlice, None if it does not exist."""
    name = labels_of(endpoint_slice).get(_SERVICE, "")
    return state.get(SERVICES, name, namespace=endpoint_slice["metadata"]["namespace"])


def _endpoint(pod: Json) -> Json:
    metadata, ready, leaving = pod["metadata"], is_ready(pod), is_terminating(pod)
    target = {key: metadata[key] for key in ("namespace", "name", "uid")}
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not leaving, "serving": ready, "terminating": leaving},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {"kind": "Pod"} | target,
    }


def _refresh_availability(namespace: str, *, state: State) -> None:
    """Update whether aggregated APIs have an endpoint, for APIs whose Service is in this namespace and has slices.

    An API that is unavailable for another reason stays so: no object shows whether a backend answers.
    """
    for each in state.objects(API_SERVICES):
        service = (each.get("spec") or {}).get("service") or {}
        before = condition(each, "Available")
        if service.get("namespace") != namespace or before.get("reason") not in ("Passed", _NO_ENDPOINTS):
            continue
        changed = availability(service, state=state)
        if changed["status"] != before["status"] and _slices(service, state=state):
            told = changed | {"lastTransitionTime": state.stamp()}
            state.put(API_SERVICES, each | {"status": {"conditions": [told]}})


def _slices(service: Json, *, state: State) -> list[Json]:
    found = state.objects(SLICES, service["namespace"])
    return [each for each in found if labels_of(each).get(_SERVICE) == service.get("name")]


def availability(service: Json, *, state: State) -> Json:
    """Return the Available condition, without its time, of an API that a Service serves, by its ready endpoints."""
    points = [point for each in _slices(service, state=state) for point in each.get("endpoints") or ()]
    if any((each.get("conditions") or {}).get("ready") for each in points):
        return PASSED
    place = f'service/{service.get("name")} in "{service.get("namespace")}"'
    message = f'endpointslices for {place} have no addresses with port name "https"'
    return {"type": "Available", "status": "False", "reason": _NO_ENDPOINTS, "message": message}
