"""Read the Services that the rules of Ingresses lead to, and whether each has the port."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.ingresses import Backend, backends_of, closest, has_port, port_names
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look
from bot.probes.ingresses.in_question import ingresses_in_question
from intents.domain import Gap, Json, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "host": RowType.STRING,  # of the rule, "" for every host
    "path": RowType.STRING,
    "service": RowType.STRING,
    "port": RowType.STRING,  # by name or number
    "service_exists": RowType.BOOLEAN,
    "port_exists": RowType.BOOLEAN,
    "ports": RowType.STRINGS,  # names and numbers that the Service has
    "closest": RowType.STRING,  # the Service of the namespace, or the Service's port, that is most like it
}
_MOST_ROWS: Final = 200


async def read(look: Look) -> ProbeResult:
    """Read the Ingresses in question and the Services of their namespaces."""
    questioned = await ingresses_in_question(look)
    if questioned.ending:
        return questioned.ending
    gaps: list[Gap] = list(questioned.gaps)
    homes = sorted({namespace_of(each) for each in questioned.items})
    found = await asyncio.gather(*(_services(look, namespace, gaps) for namespace in homes))
    services = dict(zip(homes, found, strict=True))
    said = look.focus.name if look.focus.kind == "Service" else look.named.get("service", "").rpartition("/")[2]
    rows = [
        _row(ingress, backend, known)
        for ingress in questioned.items
        if (known := services[namespace_of(ingress)]) is not None
        for backend in backends_of(ingress)
        if not said or backend.service == said
    ]
    rows.sort(key=lambda row: (row.values["service_exists"], row.values["port_exists"], row.subject))
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]), gaps=tuple(dict.fromkeys(gaps)))


async def _services(look: Look, namespace: str, gaps: list[Gap]) -> dict[str, Json] | None:
    """Return the Services of a namespace by name; None where not all could be read."""
    try:
        listing = await look.snapshot.list("Service", namespace=namespace)
    except ClusterError as error:
        gaps.append(error.gap(f"Services in {namespace}"))
        return None
    if gap := listing.gap(f"all Services in {namespace}"):
        gaps.append(gap)
        return None
    return {name_of(each): each for each in listing.items}


def _row(ingress: Json, backend: Backend, services: Mapping[str, Json]) -> Row:
    namespace, name = namespace_of(ingress), name_of(ingress)
    service = services.get(backend.service)
    found = service is not None and has_port(service, backend.port)
    ports = port_names(service) if service else ()
    nearest = closest(backend.port, ports) if service else closest(backend.service, services)
    return Row(
        values={
            "namespace": namespace,
            "ingress": name,
            "host": backend.host,
            "path": backend.path,
            "service": backend.service,
            "port": backend.port,
            "service_exists": service is not None,
            "port_exists": found,
            "ports": ports,
            "closest": "" if found else nearest,
        },
        subject=ref(ingress, "Ingress"),
        quote=f"{backend.host}{backend.path or '(default)'} → {backend.service}:{backend.port}",
        reproduce=f"kubectl -n {namespace} describe ingress {name}",
        lasts=not found,
    )
