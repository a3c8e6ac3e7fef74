"""Update the Available condition of aggregated APIs after the endpoints of their Services changed."""

from __future__ import annotations

from bot.playground.kubernetes import times
from bot.playground.kubernetes.endpoints import SLICES
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import API_SERVICES, State

PASSED: Json = {"type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed"}
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
        slices = slices_of(service, state=state)
        condition = _available(each)
        if not slices or condition.get("reason") not in ("Passed", _NO_ENDPOINTS):
            continue
        reachable = has_ready(slices)
        if reachable == (condition["status"] == "True"):
            continue
        changed = availability(service, reachable=reachable) | {"lastTransitionTime": times.timestamp(state.now())}
        state.put(resource=resource, obj=each | {"status": {"conditions": [changed]}})


def slices_of(service: Json, *, state: State) -> list[Json]:
    """Return the EndpointSlices of the Service that an APIService refers to."""
    return [
        each
        for each in state.store.objects(table=SLICES, namespace=service["namespace"])
        if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service.get("name")
    ]


def has_ready(slices: list[Json]) -> bool:
    """Return whether one of the endpoints is ready."""
    endpoints = [point for each in slices for point in each.get("endpoints") or ()]
    return any((each.get("conditions") or {}).get("ready") for each in endpoints)


def _available(api_service: Json) -> Json:
    conditions = (api_service.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == "Available"), {})


def availability(service: Json, *, reachable: bool) -> Json:
    """Return the Available condition, without its time, of an API whose Service has ready endpoints or has none."""
    if reachable:
        return PASSED
    place = f'service/{service.get("name")} in "{service.get("namespace")}"'
    message = f'endpointslices for {place} have no addresses with port name "https"'
    return {"type": "Available", "status": "False", "reason": _NO_ENDPOINTS, "message": message}
