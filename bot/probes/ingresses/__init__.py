"""Ingresses: the Services and ports they lead to, their class and what serves it, and the Secrets they name for TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import Backend, backends_of, has_port, port_names
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look, may, probe, probe_of
from bot.probes.ingresses import classes
from bot.probes.ingresses.classes import IngressRow, of_ingresses
from intents.domain import Json, ProbeResult, Row
from intents.spelling import closest

_MOST_ROWS: Final = 200


class _Backend(IngressRow):
    """A rule of an Ingress, with the Service and port that it leads to."""

    of: Backend
    service_exists: bool
    port_exists: bool
    ports: tuple[str, ...]  # names and numbers that the Service has
    closest: str  # the Service of the namespace, or the Service's port, that is most like it


@probe(says="a row per rule, with the Service and port it leads to", row=_Backend)
@of_ingresses
async def _read_backends(look: Look, ingresses: ObjectList) -> ProbeResult:
    """Read the Services of the namespaces of Ingresses."""
    homes = sorted({namespace_of(each) for each in ingresses.items})
    services = dict(zip(homes, await asyncio.gather(*(_services(look, home) for home in homes)), strict=True))
    said = look.focus.name if look.focus.kind == "Service" else look.named.get("service", "").rpartition("/")[2]
    rows = [
        _row(ingress, backend, known)
        for ingress in ingresses.items
        if (known := services[namespace_of(ingress)]) is not None
        for backend in backends_of(ingress)
        if not said or backend.service == said
    ]
    rows.sort(key=lambda row: (row.values["service_exists"], row.values["port_exists"], row.subject))
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]))


async def _services(look: Look, namespace: str) -> dict[str, Json] | None:
    """Return the Services of a namespace by name; None where not all could be read."""
    services = await look.whole("Service", namespace=namespace)
    return None if services is None else {name_of(each): each for each in services}


def _row(ingress: Json, backend: Backend, services: Mapping[str, Json]) -> Row:
    service = services.get(backend.service)
    found = service is not None and has_port(service, backend.port)
    ports = port_names(service) if service else ()
    nearest = closest(backend.port, ports) if service else closest(backend.service, services)
    quote = f"{backend.host}{backend.path or '(default)'} → {backend.service}:{backend.port}"
    return _Backend(
        of=backend,
        service_exists=service is not None,
        port_exists=found,
        ports=ports,
        closest="" if found else nearest,
    ).row(ref(ingress, "Ingress"), quote=quote, lasts=not found)


read: Final = probe_of(
    {"backends": _read_backends, "class": classes.read_classes, "certificates": classes.read_certificates},
    says="a row per Ingress in question: its backends, its class and controller, or its certificates",
    row=IngressRow,
    permissions=(
        *may("get list", "ingresses.networking.k8s.io"),
        *may("list", "ingressclasses.networking.k8s.io", "daemonsets.apps", "deployments.apps"),
        *may("list", "services", "events", "pods"),
        *may("get", "pods/log"),
    ),
)
