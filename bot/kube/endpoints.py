"""The addresses behind Services, out of the EndpointSlices of a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from intents.domain import Json


def ready_addresses(slices: Iterable[Json]) -> Mapping[str, frozenset[str]]:
    """Service → its addresses that are ready, out of all its slices. A Service without a slice is not in it."""
    ready: dict[str, frozenset[str]] = {}
    for each in slices:
        labels = (each.get("metadata") or {}).get("labels") or {}
        service = str(labels.get("kubernetes.io/service-name") or "")
        # An absent `ready` is to be read as true (EndpointConditions).
        addresses = frozenset(
            str(address)
            for endpoint in each.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready") is not False
            for address in endpoint.get("addresses") or ()
        )
        ready[service] = ready.get(service, frozenset()) | addresses
    return ready
