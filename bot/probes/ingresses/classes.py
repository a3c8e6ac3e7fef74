"""The Ingresses in question, which class they have, whether it exists, and whether its controller runs in this cluster.

In question are the one named, those before the Service or host named, else all of the namespace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import (
    address_of,
    backends_of,
    certificates_of,
    class_of,
    closest,
    hosts_of,
    is_default,
    workload_words,
)
from bot.kube.objects import created_at, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, Missing
from bot.probes.rows import RowValues
from bot.probes.shared.questioned_workloads import controller_workloads
from intents.domain import Json, ProbeResult, Row

_NAMED: Final = ("service", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressRow(RowValues):
    """An Ingress in question."""

    namespace: str
    ingress: str


def row_of(ingress: Json, shown: RowValues, *, quote: str, lasts: bool = False) -> Row:
    """Return the row of an Ingress, with the values that the argument `shows` adds."""
    namespace, name = place_of(ingress)
    return IngressRow(namespace=namespace, ingress=name).row(
        ref(ingress, "Ingress"),
        quote=quote,
        reproduce=f"kubectl -n {namespace} describe ingress {name}",
        lasts=lasts,
        more=shown.values(),
    )


async def ingresses_in_question(look: Look) -> ObjectList:
    """Return the Ingresses in question, sorted; a text that names a Service, Secret or host means those that have it.

    Raise Missing and ClusterError.
    """
    focus = look.focus
    name = (focus.name if focus.kind == "Ingress" else "") or look.named.get("ingress", "")
    if name and focus.namespace:
        found = await look.snapshot.find("Ingress", name, namespace=focus.namespace)
        if found is None:
            raise Missing(f"Ingress {focus.namespace}/{name}")
        return ObjectList(items=(found,))
    fields = f"metadata.name={name}" if name else ""
    listing = await look.snapshot.list("Ingress", namespace=focus.namespace, fields=fields)
    if name and not listing.items and not listing.truncated:
        raise Missing(f"Ingress {name}")
    meant = (each for each in listing.items if _is_meant(look, each))
    return replace(listing, items=tuple(sorted(meant, key=place_of)))


def _is_meant(look: Look, ingress: Json) -> bool:
    services = {backend.service for backend in backends_of(ingress)}
    secrets = {certificate.secret for certificate in certificates_of(ingress)}
    # A text names the Service or the Secret by namespace and name, or by the name alone.
    for word, names in zip(_NAMED, (services, secrets), strict=True):
        said = look.focus.name if look.focus.kind.lower() == word else look.named.get(word, "")
        namespace, _, name = said.rpartition("/")
        if name and (name not in names or namespace not in ("", namespace_of(ingress))):
            return False
    host = look.named.get("host", "")
    return not host or "." not in host or host.replace(".", "").isdigit() or host in hosts_of(ingress)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassShown(RowValues):
    """An Ingress with its class and what serves it."""

    hosts: tuple[str, ...]
    address: str  # "" where no controller has written one
    since_s: int  # since the Ingress was created
    class_: str  # of the field, the annotation or the cluster's default; "" where none is named
    class_missing: bool  # the field names a class that does not exist
    closest: str  # the class most like it
    classes: tuple[str, ...]  # all there are
    controller: str  # as the class names it
    workload: str  # namespace/name of what runs that controller here, "" where none is seen
    workload_ready: int
    failure: str  # the newest warning about the Ingress
    failed_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """The classes of the cluster, None where they cannot be read, and its workloads."""

    classes: Mapping[str, Json] | None = None
    workloads: Sequence[Json] = ()


async def read(look: Look, ingresses: ObjectList) -> ProbeResult:
    """Read classes and controllers, only where an Ingress has no address."""
    waiting = any(not address_of(each) for each in ingresses.items)
    cluster = await _cluster(look) if waiting else _Cluster()
    rows = await asyncio.gather(*(_class_row(look, each, cluster) for each in ingresses.items))
    rows.sort(key=lambda row: (bool(row.values["address"]), not row.values["class_missing"], row.subject))
    return ProbeResult(rows=tuple(rows))


async def _cluster(look: Look) -> _Cluster:
    look.snapshot.ahead(controller_workloads(look))
    found = await look.whole("IngressClass")
    classes = None if found is None else {name_of(each): each for each in found}
    return _Cluster(classes=classes, workloads=await controller_workloads(look))


async def _class_row(look: Look, ingress: Json, cluster: _Cluster) -> Row:
    address = address_of(ingress)
    known = cluster.classes or {}
    asked = class_of(ingress) or next((each for each, obj in known.items() if is_default(obj)), "")
    by_field = bool(spec_of(ingress).get("ingressClassName"))
    missing = not address and by_field and cluster.classes is not None and asked not in known
    controller = str(spec_of(known.get(asked, {})).get("controller") or ("" if by_field else asked))
    runs = None if address else workload_of(controller, cluster.workloads)
    failure, failed_s = ("", UNKNOWN) if address else await look.newest_warning(ref(ingress, "Ingress"))
    shown = ClassShown(
        hosts=hosts_of(ingress),
        address=address,
        since_s=look.age_s(created_at(ingress)),
        class_=asked,
        class_missing=missing,
        closest=closest(asked, known) if missing else "",
        classes=tuple(sorted(known)),
        controller=controller,
        workload="/".join(place_of(runs)) if runs else "",
        workload_ready=replicas_of(runs).ready if runs else UNKNOWN,
        failure=failure,
        failed_s=failed_s,
    )
    quote = failure or f"ingressClassName: {asked or '-'}; status.loadBalancer: {address or '{}'}"
    return row_of(ingress, shown, quote=quote, lasts=not address)


def workload_of(controller: str, among: Iterable[Json]) -> Json | None:
    """Return the workload whose name tells that it runs a controller; one with ready pods first."""
    words = workload_words(controller)
    likely = [each for each in among if any(word in name_of(each) for word in words) and _controls(each)]
    return min(likely, key=lambda each: (replicas_of(each).ready <= 0, place_of(each)), default=None)


def _controls(workload: Json) -> bool:
    """Tell whether a workload may be a controller: one that is only called nginx is a web server."""
    namespace, name = place_of(workload)
    telling = ("ingress", "controller", "gateway")
    return "nginx" not in name or any(word in f"{namespace} {name}" for word in telling)
