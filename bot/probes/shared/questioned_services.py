"""The Services in question: the one named, those at an address or port of the text, or those in front of its pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.kube import services as kube
from bot.kube.objects import labels_of, namespace_of, place_of, spec_of
from bot.kube.services import ip_in, port_in
from bot.probes.contract import Look
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef

# Nodes open ports for Services from here on (the API server's default range).
_FIRST_NODE_PORT: Final = 30000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedServices:
    """The Services in question; `matched` is false where the request means none, and these are all there are.

    `called` says that the text names them, or an address or port of theirs. See ProbeResult for the rest.
    """

    services: tuple[Json, ...] = ()
    matched: bool = False
    called: bool = False
    missing: str = ""


async def questioned_services(look: Look) -> QuestionedServices:
    """Return the Services, sorted. A port or an address of the text wins over the pods named: it is what was called."""
    if name := _named(look):
        return await look.unless_refused(_of_name(look, name), QuestionedServices())
    services = await look.list("Service")
    for means in (_at_address(look), _at_node_port(look)):
        if found := [each for each in services if means(each)]:
            return QuestionedServices(services=_sorted(found), matched=True, called=True)
    if services and look.focus.name and look.focus.kind not in ("Node", ""):
        return await _before_pods(look, services)
    in_namespace = [each for each in services if look.focus.namespace in ("", namespace_of(each))]
    return QuestionedServices(services=_sorted(in_namespace), matched=bool(look.focus.namespace))


def _named(look: Look) -> str:
    return look.focus.name if look.focus.kind == "Service" else look.named.get("service", "")


async def _of_name(look: Look, name: str) -> QuestionedServices:
    namespace = look.focus.namespace
    listing = await look.snapshot.list("Service", namespace=namespace, fields=f"metadata.name={name}")
    about = ObjectRef(kind="Service", namespace=namespace, name=name)
    missing = "" if listing.items or listing.truncated else str(about)
    return QuestionedServices(services=_sorted(listing.items), matched=True, called=True, missing=missing)


def _at_address(look: Look) -> Callable[[Json], bool]:
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    return lambda service: bool(ips & kube.addresses_of(service))


def _at_node_port(look: Look) -> Callable[[Json], bool]:
    given = {port_in(look.named.get("address", ""))}
    given |= {int(port) for word in ("port", "number") if (port := look.named.get(word, "")).isdecimal()}
    ports = {port for port in given if port >= _FIRST_NODE_PORT}
    return lambda service: bool(ports & set(kube.node_ports(service)))


async def _before_pods(look: Look, services: Iterable[Json]) -> QuestionedServices:
    suspects = await pods_of(look)
    found = [service for service in services if any(_selects(service, pod) for pod in suspects.pods)]
    return QuestionedServices(services=_sorted(found), matched=True, missing=suspects.missing)


def _selects(service: Json, pod: Json) -> bool:
    selector = spec_of(service).get("selector") or {}
    same_namespace = namespace_of(pod) == namespace_of(service)
    return bool(selector) and same_namespace and selector.items() <= labels_of(pod).items()


def _sorted(services: Iterable[Json]) -> tuple[Json, ...]:
    return tuple(sorted(services, key=place_of))
