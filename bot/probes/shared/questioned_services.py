"""Which Services a request means: the one named, the one at an address or port of the text, or those before its pods.

Shared by the probes that ask what stands between a client and a pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.cluster.errors import ClusterError
from bot.kube import services as kube
from bot.kube.addresses import ip_in, port_in
from bot.kube.objects import name_of, namespace_of
from bot.probes.contract import Look
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ObjectRef

# Below it a port is not one that nodes open for Services (the API server's default range).
_FIRST_NODE_PORT = 30000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedServices:
    """`matched` says whether the request means them; else they are all there are. See Reading for the rest.

    `called` says that they are what the text calls: named, or at an address or port of it.
    """

    services: tuple[Json, ...] = ()
    matched: bool = False
    called: bool = False
    missing: str = ""
    gaps: tuple[Gap, ...] = ()


async def questioned_services(look: Look) -> QuestionedServices:
    """The Services, sorted. A port or an address of the text beats the pods named, since it is what was called."""
    name = _named(look)
    try:
        listing = await look.snapshot.list(
            "Service",
            namespace=look.focus.namespace if name else "",
            fields=f"metadata.name={name}" if name else "",
        )
    except ClusterError as error:
        return QuestionedServices(gaps=(error.gap("Services"),))
    gaps = (gap,) if (gap := listing.gap("Services")) else ()
    if name:
        missing = "" if listing.items or gaps else str(_service(look, name))
        return QuestionedServices(
            services=_sorted(listing.items), matched=True, called=True, missing=missing, gaps=gaps
        )
    for means in (_at_address(look), _at_node_port(look)):
        if found := [each for each in listing.items if means(each)]:
            return QuestionedServices(services=_sorted(found), matched=True, called=True, gaps=gaps)
    if look.focus.name and look.focus.kind not in ("Node", ""):
        return await _before_pods(look, listing.items, gaps)
    in_namespace = [each for each in listing.items if look.focus.namespace in ("", namespace_of(each))]
    return QuestionedServices(services=_sorted(in_namespace), matched=bool(look.focus.namespace), gaps=gaps)


def _named(look: Look) -> str:
    return look.focus.name if look.focus.kind == "Service" else look.named.get("service", "")


def _service(look: Look, name: str) -> ObjectRef:
    return ObjectRef(kind="Service", namespace=look.focus.namespace, name=name)


def _at_address(look: Look) -> Callable[[Json], bool]:
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    return lambda service: bool(ips & kube.addresses_of(service))


def _at_node_port(look: Look) -> Callable[[Json], bool]:
    given = {port_in(look.named.get("address", ""))}
    given |= {int(port) for word in ("port", "number") if (port := look.named.get(word, "")).isdecimal()}
    ports = {port for port in given if port >= _FIRST_NODE_PORT}
    return lambda service: bool(ports & set(kube.node_ports(service)))


async def _before_pods(look: Look, services: Iterable[Json], gaps: tuple[Gap, ...]) -> QuestionedServices:
    suspects = await pods_of(look)
    found = [
        service
        for service in services
        if (selector := (service.get("spec") or {}).get("selector"))
        and any(
            namespace_of(pod) == namespace_of(service)
            and selector.items() <= ((pod.get("metadata") or {}).get("labels") or {}).items()
            for pod in suspects.pods
        )
    ]
    return QuestionedServices(
        services=_sorted(found), matched=True, missing=suspects.missing, gaps=(*gaps, *suspects.gaps)
    )


def _sorted(services: Iterable[Json]) -> tuple[Json, ...]:
    return tuple(sorted(services, key=lambda each: (namespace_of(each), name_of(each))))
