"""Read which class Ingresses have, whether it exists, and whether its controller runs in this cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import address_of, class_of, closest, hosts_of, is_default, workload_words
from bot.kube.objects import created_at, name_of, place_of, ref, spec_of
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look
from bot.probes.ingresses.in_question import row_of
from bot.probes.rows import RowValues
from bot.probes.shared.controllers import controller_workloads
from intents.domain import Json, ProbeResult, Row


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
    rows = await asyncio.gather(*(_row(look, each, cluster) for each in ingresses.items))
    rows.sort(key=lambda row: (bool(row.values["address"]), not row.values["class_missing"], row.subject))
    return ProbeResult(rows=tuple(rows))


async def _cluster(look: Look) -> _Cluster:
    look.snapshot.ahead(controller_workloads(look))
    found = await look.whole("IngressClass")
    classes = None if found is None else {name_of(each): each for each in found}
    return _Cluster(classes=classes, workloads=await controller_workloads(look))


async def _row(look: Look, ingress: Json, cluster: _Cluster) -> Row:
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
