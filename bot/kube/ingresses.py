"""Read what Ingresses, routes of the Gateway API and Istio's Sidecars ask for, and which of their conditions are false.

Of Istio's Sidecars a workload's own wins over its namespace's, which wins over the root namespace's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.kube.objects import annotations_of, created_at, full_name, labels_of, name_of, namespace_of, spec_of, status_of
from bot.kube.placement import selects
from intents.domain import Json

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION: Final = "ingressclass.kubernetes.io/is-default-class"
# With this port the AWS controller takes the backend's name for an annotation (a redirect, a fixed response).
_AWS_ACTION_PORT: Final = "use-annotation"
# A word of a controller's name in IngressClasses and annotations, and the words in names of the workload that runs it.
_WORKLOADS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (name,) for name in ("nginx", "traefik", "haproxy", "contour", "kong", "higress", "apisix", "skipper")},
    **{name: (name,) for name in ("tailscale", "cloudflare")},
    "cilium": ("cilium-operator",),
    "istio": ("istiod",),
    "getambassador": ("emissary", "ambassador"),
    "alb": ("aws-load-balancer-controller", "alb-ingress"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A Service that an Ingress leads to: by which host ("" for all) and path, and which port, by name or number."""

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


# Each must be True for traffic to flow; Conflicted must not be.
_NEEDED: Final = ("Accepted", "ResolvedRefs", "Programmed")
_PENDING: Final = frozenset({"Pending", "NotReconciled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A condition that is false: of which parent or listener, and the controller's words."""

    place: str = ""  # the parent of a route, or the listener of a Gateway; "" for the Gateway itself
    condition: str = ""
    reason: str = ""
    message: str = ""
    since: str = field(default="", metadata={"key": False})


def refusals_of(obj: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield the conditions of a route or Gateway that keep traffic away, in the order of the status."""
    status = status_of(obj)
    if obj.get("kind") == "Gateway":
        yield from _false("", status.get("conditions") or ())
        for listener in status.get("listeners") or ():
            yield from _false(str(listener.get("name") or ""), listener.get("conditions") or ())
        return
    for parent in status.get("parents") or ():
        of = parent.get("parentRef") or {}
        section = of.get("sectionName")
        place = f"{of.get('namespace') or namespace_of(obj)}/{of.get('name', '')}"
        yield from _false(f"{place} ({section})" if section else place, parent.get("conditions") or ())


def _false(place: str, conditions: Sequence[Mapping[str, Any]]) -> Iterator[Refusal]:
    for each in conditions:
        bad = "True" if each.get("type") == "Conflicted" else "False"
        known = each.get("type") == "Conflicted" or each.get("type") in _NEEDED
        if known and each.get("status") == bad and each.get("reason") not in _PENDING:
            yield Refusal(
                place=place,
                condition=str(each["type"]),
                reason=str(each.get("reason") or ""),
                message=str(each.get("message") or ""),
                since=str(each.get("lastTransitionTime") or ""),
            )


def accepted_by(obj: Mapping[str, Any]) -> bool:
    """Tell whether a controller accepted the object: every condition Accepted is True, and there is one."""
    status = status_of(obj)
    lists = [status.get("conditions") or ()] if obj.get("kind") == "Gateway" else []
    lists += [each.get("conditions") or () for each in status.get("parents") or ()]
    said = [each.get("status") for conditions in lists for each in conditions if each.get("type") == "Accepted"]
    return bool(said) and all(each == "True" for each in said)


def service_refs(route: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Services that a route leads to, each once."""
    backends = (each for rule in spec_of(route).get("rules") or () for each in rule.get("backendRefs") or ())
    return _refs(route, "Service", (each for each in backends if not each.get("group")))


def parent_refs(route: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Gateways that a route wants to attach to, each once."""
    return _refs(route, "Gateway", spec_of(route).get("parentRefs") or ())


def _refs(route: Mapping[str, Any], kind: str, named: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return those of a kind, which is also that of a reference without one."""
    mine = (each for each in named if (each.get("kind") or kind) == kind and each.get("name"))
    return tuple(dict.fromkeys((str(each.get("namespace") or namespace_of(route)), str(each["name"])) for each in mine))


def is_granted(route: Mapping[str, Any], service: tuple[str, str], grants: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a route may refer to a Service: of its own namespace, or allowed by a ReferenceGrant there."""
    namespace, name = service
    return namespace == namespace_of(route) or any(
        _allows_from(grant, route) and _allows_to(grant, name) for grant in grants if namespace_of(grant) == namespace
    )


def _allows_from(grant: Mapping[str, Any], route: Mapping[str, Any]) -> bool:
    wanted = (route.get("kind"), namespace_of(route))
    return any((each.get("kind"), each.get("namespace")) == wanted for each in spec_of(grant).get("from") or ())


def _allows_to(grant: Mapping[str, Any], name: str) -> bool:
    to = spec_of(grant).get("to") or ()
    return any(each.get("kind") == "Service" and each.get("name") in (None, "", name) for each in to)


def defaults(sidecars: Iterable[Json], namespace: str) -> list[Json]:
    """Return the Sidecars of a namespace that select all its workloads, the oldest first, as Istio chooses."""
    found = [each for each in sidecars if namespace_of(each) == namespace and not spec_of(each).get("workloadSelector")]
    return sorted(found, key=lambda each: (created_at(each), name_of(each)))


def bounding_sidecar(pod: Json, sidecars: Sequence[Json], *, root: str) -> str:
    """Return namespace/name of the Sidecar that applies to a pod, if it leaves anything out; "" if none does."""
    home = namespace_of(pod)
    own = [
        each
        for each in sidecars
        if namespace_of(each) == home
        and (chosen := spec_of(each).get("workloadSelector"))
        and selects({"matchLabels": chosen.get("labels") or {}}, labels_of(pod))
    ]
    applied = next(iter((*own, *defaults(sidecars, home), *defaults(sidecars, root))), None)
    if applied is None or _imports_all(applied):
        return ""
    return full_name(applied)


def _imports_all(sidecar: Json) -> bool:
    """Tell whether a Sidecar leaves nothing out: without an egress listener the default is everything."""
    egress: Sequence[Mapping[str, Any]] = spec_of(sidecar).get("egress") or ()
    return not egress or any("*/*" in (each.get("hosts") or ()) for each in egress)
