"""Update the Available condition of aggregated APIs after the endpoints of their Services changed."""

from __future__ import annotations

from bot.playground.kubernetes import times
from bot.playground.kubernetes.endpoints import SLICES
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import API_SERVICES, State

_NO_ENDPOINTS = "MissingEndpoints"


def refresh_availability(namespace: str, *, state: State) -> None:
    """Update whether aggregated APIs have an endpoint, for APIs whose Service is in this namespace and has slices.

    An API that is unavailable for another reason stays so: no object shows whether a backend answers.
    """
    resource = state.registry.of_table(API_SERVICES)
    for each in state.store.objects(table=API_SERVICES):
        service = (each.get("spec") or {}).get("service") or {}
        if service.get("namespace") != namespace:
            continue
        slices = [one for one in state.store.objects(table=SLICES, namespace=namespace) if _is_of(one, service)]
        condition = _available(each)
        if not slices or condition.get("reason") not in ("Passed", _NO_ENDPOINTS):
            continue
        reachable = any(_has_ready(one) for one in slices)
        if reachable == (condition["status"] == "True"):
            continue
        changed = _condition(service, reachable=reachable) | {"lastTransitionTime": times.timestamp(state.now())}
        state.put(resource=resource, obj=each | {"status": {"conditions": [changed]}})


def _is_of(slice_: Json, service: Json) -> bool:
    labels = slice_["metadata"].get("labels") or {}
    return bool(labels.get("kubernetes.io/service-name") == service.get("name"))


def _has_ready(slice_: Json) -> bool:
    return any((each.get("conditions") or {}).get("ready") for each in slice_.get("endpoints") or ())


def _available(api_service: Json) -> Json:
    conditions = (api_service.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == "Available"), {})


def _condition(service: Json, *, reachable: bool) -> Json:
    if reachable:
        return {"type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed"}
    place = f'service/{service.get("name")} in "{service.get("namespace")}"'
    message = f'endpointslices for {place} have no addresses with port name "https"'
    return {"type": "Available", "status": "False", "reason": _NO_ENDPOINTS, "message": message}
