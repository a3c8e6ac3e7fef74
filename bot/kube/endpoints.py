"""The endpoints of Services, out of EndpointSlices: which of them are ready, at which addresses, on which nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from bot.kube.ages import seconds_since
from bot.kube.objects import labels_of
from intents.domain import Json

_SERVICE_LABEL: Final = "kubernetes.io/service-name"
# Controllers write the endpoints of a new Service within this time.
_NEW_S: Final = 120


def slices_of_service(name: str) -> str:
    """Return the label query that lists the EndpointSlices of a Service."""
    return f"{_SERVICE_LABEL}={name}"


def service_of(endpoint_slice: Json) -> str:
    """Return the Service that an EndpointSlice belongs to, "" where it does not say."""
    return str(labels_of(endpoint_slice).get(_SERVICE_LABEL) or "")


def may_still_come(created: str, now: datetime) -> bool:
    """Tell whether the first endpoints of a Service that was created then may still have to come."""
    return seconds_since(created, now) < _NEW_S


def is_ready_endpoint(endpoint: Json) -> bool:
    """Tell whether an endpoint takes traffic; an absent `ready` means true (EndpointConditions)."""
    return (endpoint.get("conditions") or {}).get("ready") is not False


def addresses_in(endpoints: Iterable[Json]) -> frozenset[str]:
    """Return the addresses of endpoints, each once."""
    return frozenset(str(address) for each in endpoints for address in each.get("addresses") or ())


def node_of_endpoint(endpoint: Json) -> str:
    """Return the node of an endpoint, "" where it does not say."""
    topology = endpoint.get("topology") or {}
    return str(endpoint.get("nodeName") or topology.get("kubernetes.io/hostname") or "")


def ready_addresses(slices: Iterable[Json]) -> Mapping[str, frozenset[str]]:
    """Return the ready addresses of each Service out of all its slices; one without a slice is not in it."""
    ready: dict[str, frozenset[str]] = {}
    for each in slices:
        service = service_of(each)
        addresses = addresses_in(filter(is_ready_endpoint, each.get("endpoints") or ()))
        ready[service] = ready.get(service, frozenset()) | addresses
    return ready
