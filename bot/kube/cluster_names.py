"""Find what a host means to a pod: a Service of the cluster, a pod, or something outside.

Rules: the DNS specification for Kubernetes Services and pods, and resolv.conf as the kubelet writes it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from bot.kube.objects import addresses_of_pod, is_on_host_network, name_of, namespace_of, place_of, spec_of
from bot.kube.services import addresses_of, ip_in, is_headless, service_meant
from intents.domain import Json
from intents.spelling import closest

_CLUSTER_DOMAIN: Final = "cluster.local"
_NDOTS: Final = 5
_SVC_DOMAIN: Final = f"svc.{_CLUSTER_DOMAIN}"
# An alias of an alias is not followed further.
_MOST_ALIASES: Final = 3


class Meant(StrEnum):
    """The kinds of things that a host may be."""

    SERVICE = "service"
    POD = "pod"
    OUTSIDE = "outside"
    NOTHING = "nothing"  # its form says that it is a Service, which does not exist
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The object that a host stands for.

    `pod_name` is the first part of `db-0.db.shop`, the name of one pod below a Service.
    Of a Service that does not exist `namespace` and `name` are where it was looked for, `elsewhere` the namespaces that
    have one of that name, `closest` the most similar name there. `alias` is the ExternalName Service that leads here.
    """

    what: Meant
    host: str
    namespace: str = ""
    name: str = ""
    service: Json | None = None
    pod: Json | None = None
    pod_name: str = ""
    elsewhere: tuple[str, ...] = ()
    closest: str = ""
    alias: Json | None = None
    unread: str = ""  # why it is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The objects in which names are looked up; None for a list that could not be read in full."""

    services: Sequence[Json] | None
    namespaces: Iterable[str] | None = None
    pods: Sequence[Json] | None = None  # those that have the address that is looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """How a pod looks up names: its search domains, and the dots from which a name is tried as it is first."""

    search: tuple[str, ...]
    ndots: int = _NDOTS


def asks_node(pod: Mapping[str, Any]) -> str:
    """Return why a pod asks its node's name servers, which know no Services: a field and its value; "" if not."""
    spec = spec_of(pod)
    policy = str(spec.get("dnsPolicy") or "ClusterFirst")
    if policy == "Default":
        return "dnsPolicy: Default"
    if policy == "ClusterFirst" and is_on_host_network(pod):
        return "hostNetwork: true without dnsPolicy: ClusterFirstWithHostNet"
    return ""


def own_name_servers(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the name servers that a pod asks instead of the cluster's: those of dnsPolicy None."""
    spec = spec_of(pod)
    if spec.get("dnsPolicy") != "None":
        return ()
    return tuple(map(str, (spec.get("dnsConfig") or {}).get("nameservers") or ()))


def resolver_of(pod: Mapping[str, Any] | None, *, home: str) -> Resolver:
    """Return how a pod looks up names, as if it asked the cluster's DNS; without a pod, as any of a namespace does."""
    spec = spec_of(pod or {})
    config = spec.get("dnsConfig") or {}
    own = tuple(str(each).rstrip(".") for each in config.get("searches") or ())
    usual = (*((f"{home}.{_SVC_DOMAIN}",) if home else ()), _SVC_DOMAIN, _CLUSTER_DOMAIN)
    ndots = next((str(each.get("value")) for each in config.get("options") or () if each.get("name") == "ndots"), "")
    return Resolver(
        search=own if spec.get("dnsPolicy") == "None" else (*usual, *own),
        ndots=int(ndots) if ndots.isdecimal() else 1 if spec.get("dnsPolicy") == "None" else _NDOTS,
    )


def tried_names(host: str, resolver: Resolver) -> tuple[str, ...]:
    """Return the full names that a resolver tries for a host, in their order."""
    if host.endswith("."):
        return (host.rstrip("."),)
    searched = tuple(f"{host}.{domain}" for domain in resolver.search)
    return (host, *searched) if host.count(".") >= resolver.ndots else (*searched, host)


def meaning_of(host: str, *, pod: Mapping[str, Any] | None, home: str, known: Known) -> Meaning:
    """Return what a host means to a pod, or to any pod of a namespace; "" where the namespace is not known either."""
    seen: set[str] = set()
    alias: Json | None = None
    while True:
        found = _meaning(host, pod=pod, home=home, known=known)
        target = _alias_of(found.service)
        if not target or target in seen or len(seen) >= _MOST_ALIASES:
            return replace(found, alias=alias)
        seen.add(target)
        # The target of an alias is a full name.
        host, alias = f"{target.rstrip('.')}.", alias or found.service


def service_called(host: str, pod: Json, services: Sequence[Json] | None) -> Json | None:
    """Return the Service that a host means to a pod; None if it means none, or no Services could be read."""
    return meaning_of(host, pod=pod, home=namespace_of(pod), known=Known(services=services)).service


def _alias_of(service: Json | None) -> str:
    spec = spec_of(service or {})
    return str(spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""


def _meaning(host: str, *, pod: Mapping[str, Any] | None, home: str, known: Known) -> Meaning:
    host_name = host.lower()
    if ip := ip_in(host_name):
        return _at_address(ip, known)
    if known.services is None:
        return Meaning(what=Meant.UNKNOWN, host=host, unread="Services")
    if not home and "." not in host_name.rstrip("."):
        return _anywhere(host_name.rstrip("."), known.services)
    by_place = {place_of(each): each for each in known.services}
    of_pod: Meaning | None = None
    for full in tried_names(host_name, resolver_of(pod, home=home)):
        parts = service_meant(full)
        if parts and parts.sure and (service := by_place.get((parts.namespace, parts.service))):
            found = replace(_of_service(host, service), pod_name=parts.pod)
            if not parts.pod or is_headless(service):
                return found
            of_pod = of_pod or found
    absent = _absent(host_name, pod=pod, home=home, known=known)
    # Names of pods belong to headless Services: below another one it is meant only where nothing else is.
    return of_pod if of_pod and (absent.what is Meant.OUTSIDE or absent.name == of_pod.name) else absent


def _of_service(host: str, service: Json) -> Meaning:
    namespace, name = place_of(service)
    return Meaning(what=Meant.SERVICE, host=host, namespace=namespace, name=name, service=service)


def _at_address(ip: str, known: Known) -> Meaning:
    service = next((each for each in known.services or () if ip in addresses_of(each)), None)
    if service is not None:
        return _of_service(ip, service)
    own = (each for each in known.pods or () if not is_on_host_network(each))
    pod = next((each for each in own if ip in addresses_of_pod(each)), None)
    if pod is not None:
        return Meaning(what=Meant.POD, host=ip, namespace=namespace_of(pod), name=name_of(pod), pod=pod)
    unread = "Services and pods" if known.services is None or known.pods is None else ""
    return Meaning(what=Meant.UNKNOWN if unread else Meant.OUTSIDE, host=ip, unread=unread)


def _anywhere(name: str, services: Iterable[Json]) -> Meaning:
    """Return the Service of a short name where nobody says which namespace it is looked up in."""
    found = [each for each in services if name_of(each) == name]
    if len(found) == 1:
        return _of_service(name, found[0])
    return Meaning(what=Meant.UNKNOWN, host=name, name=name, elsewhere=tuple(sorted(map(namespace_of, found))))


def _absent(host: str, *, pod: Mapping[str, Any] | None, home: str, known: Known) -> Meaning:
    """Return which Service a name would be of that has no record, or that it is a name outside the cluster."""
    services, meant = known.services or (), service_meant(host)
    outside = Meaning(what=Meant.OUTSIDE, host=host)
    if meant is None:
        return outside
    namespace = meant.namespace or home
    elsewhere = tuple(sorted({namespace_of(each) for each in services if name_of(each) == meant.service} - {namespace}))
    there = [name_of(each) for each in services if namespace_of(each) == namespace]
    exists = bool(there) or namespace in (known.namespaces or ())
    if not (meant.sure or exists or elsewhere):
        return outside
    found = replace(outside, namespace=namespace, name=meant.service, elsewhere=elsewhere)
    if not exists and pod is None:
        # The text may come from another cluster.
        return replace(found, what=Meant.UNKNOWN, unread=f"namespace {namespace}")
    return replace(found, what=Meant.NOTHING, closest="" if elsewhere else closest(meant.service, there))
