"""Read what an Ingress asks for: its backends, its class and its certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import annotations_of, spec_of, status_of

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION: Final = "ingressclass.kubernetes.io/is-default-class"
# With this port the AWS controller takes the backend's name for an annotation (a redirect, a fixed response).
_AWS_ACTION_PORT: Final = "use-annotation"
# A word of a controller's name in IngressClasses and annotations, and the words in names of the workload that runs it.
_WORKLOADS: Final[Mapping[str, tuple[str, ...]]] = {
    "nginx": ("nginx",),
    "traefik": ("traefik",),
    "haproxy": ("haproxy",),
    "contour": ("contour",),
    "kong": ("kong",),
    "cilium": ("cilium-operator",),
    "istio": ("istiod",),
    "higress": ("higress",),
    "apisix": ("apisix",),
    "skipper": ("skipper",),
    "getambassador": ("emissary", "ambassador"),
    "tailscale": ("tailscale",),
    "cloudflare": ("cloudflare",),
    "alb": ("aws-load-balancer-controller", "alb-ingress"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A Service that an Ingress leads to: by which host and path, and which of its ports, by name or number."""

    host: str
    path: str
    service: str
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A Secret that an Ingress names for TLS, and the hosts it is meant for."""

    secret: str
    hosts: tuple[str, ...]


def backends_of(ingress: Mapping[str, Any]) -> Iterator[Backend]:
    """Yield the Services that the rules and the default backend lead to; none of an AWS action."""
    spec = spec_of(ingress)
    written: list[tuple[str, str, Any]] = [("", "", spec.get("defaultBackend"))]
    for rule in spec.get("rules") or ():
        paths = (rule.get("http") or {}).get("paths") or ()
        host = str(rule.get("host") or "")
        written += [(host, str(path.get("path") or "/"), path.get("backend")) for path in paths]
    for host, route, backend in written:
        service = (backend or {}).get("service") or {}
        port = service.get("port") or {}
        shown = str(port.get("name") or port.get("number") or "")
        if service.get("name") and shown != _AWS_ACTION_PORT:
            yield Backend(host=host, path=route, service=str(service["name"]), port=shown)


def has_port(service: Mapping[str, Any], port: str) -> bool:
    """Tell whether a Service has that port, by name or number. One of type ExternalName takes any."""
    if not port or spec_of(service).get("type") == "ExternalName":
        return True
    return port in port_names(service)


def port_names(service: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the numbers and names by which an Ingress may name the ports of a Service."""
    ports = spec_of(service).get("ports") or ()
    return tuple(str(each[key]) for each in ports for key in ("port", "name") if each.get(key))


def certificates_of(ingress: Mapping[str, Any]) -> Iterator[Certificate]:
    """Yield the Secrets of an Ingress's TLS section."""
    for each in spec_of(ingress).get("tls") or ():
        if each.get("secretName"):
            yield Certificate(secret=str(each["secretName"]), hosts=tuple(map(str, each.get("hosts") or ())))


def hosts_of(ingress: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the hosts of the rules, each once."""
    rules = spec_of(ingress).get("rules") or ()
    return tuple(dict.fromkeys(str(rule["host"]) for rule in rules if rule.get("host")))


def class_of(ingress: Mapping[str, Any]) -> str:
    """Return the class of the field or, as older controllers read it, of the annotation; "" where none is named."""
    return str(spec_of(ingress).get("ingressClassName") or annotations_of(ingress).get(CLASS_ANNOTATION) or "")


def address_of(ingress: Mapping[str, Any]) -> str:
    """Return the first address that a controller wrote into the status, "" where none did."""
    for each in (status_of(ingress).get("loadBalancer") or {}).get("ingress") or ():
        if address := each.get("hostname") or each.get("ip"):
            return str(address)
    return ""


def is_default(ingress_class: Mapping[str, Any]) -> bool:
    """Tell whether an IngressClass serves Ingresses that name none."""
    return annotations_of(ingress_class).get(DEFAULT_CLASS_ANNOTATION) == "true"


def workload_words(controller: str) -> tuple[str, ...]:
    """Return words in names of workloads that run a controller; without one where it is unknown or a cloud's own."""
    lowered = controller.lower()
    return next((words for name, words in _WORKLOADS.items() if name in lowered), ())
