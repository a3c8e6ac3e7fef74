"""Names that the text, or the log of a failing container in question, says do not resolve: is there such a Service?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from bot.kube.addresses import ip_in
from bot.kube.endpoints import ready_addresses, slices_of_service
from bot.kube.name_lookups import ServiceName, service_meant, unresolved_name
from bot.kube.objects import name_of, namespace_of, place_of, ref, spec_of
from bot.probes.contract import Look
from bot.probes.log_errors import failures
from bot.probes.log_errors.failures import LogErrorRow
from bot.probes.rows import RowValues
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row, Value

_LIKE: Final = 0.6
_MOST_NAMES: Final = 10

_DNS: Final = "k8s-app=kube-dns"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupShown(RowValues):
    """A name that does not resolve."""

    name: str
    service: str  # the Service that the name means; "" for a name outside the cluster
    service_namespace: str
    missing: bool  # the name can mean nothing but a Service, and there is none
    resolves: bool  # the Service exists, and the cluster's DNS has a ready endpoint
    without_endpoints: bool  # a headless Service has no ready endpoint, so its name has no address
    closest: str  # namespace/name of the Service that is most like a missing one
    node_resolver: bool  # the pod asks its node's name servers, which know no Services


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lookup:
    """A name that does not resolve, and the row of the log that says so; None where the text says so.

    `pod` is the one that looks it up: of the text's own name only one that asks its node's name servers is known.
    """

    name: str
    said: Row | None = None
    pod: Json | None = None

    @property
    def home(self) -> str:
        return str(self.said.values["namespace"]) if self.said else namespace_of(self.pod or {})

    @property
    def about(self) -> Mapping[str, Value]:
        """Return the values of the log that says so; of a name that only the text contains no log was read."""
        return self.said.values if self.said else LogErrorRow(namespace=self.home, pod=name_of(self.pod or {})).values()


async def read(look: Look) -> ProbeResult:
    """Read the logs of failing containers, and the Services that the names in them mean."""
    logs = await failures.read(look)
    lookups = _lookups(look, logs.rows, await _asking_node(look))
    listing = await look.unless_refused(look.snapshot.list("Service"), None) if lookups else None
    rows = await asyncio.gather(*(_row(each, listing.items, look) for each in lookups if listing))
    return replace(logs, rows=tuple(rows))


async def _asking_node(look: Look) -> Json | None:
    """Return the first pod of the object in question that asks its node's name servers."""
    pods = (await pods_of(look)).pods if look.focus.name else ()
    return next(filter(_uses_node_resolver, pods), None)


def _lookups(look: Look, said: Iterable[Row], asking: Json | None) -> list[_Lookup]:
    """Return the names, each once for a pod; the text's own first."""
    found: dict[tuple[str, str], _Lookup] = {}
    host = look.named.get("host", "").strip("'\"`.")
    if host and not ip_in(host):
        found["", host] = _Lookup(name=host, pod=asking)
    for row in said:
        for line in row.quote.splitlines():
            if name := unresolved_name(line):
                found.setdefault((str(row.values["pod"]), name), _Lookup(name=name, said=row))
    return list(found.values())[:_MOST_NAMES]


async def _row(lookup: _Lookup, services: Iterable[Json], look: Look) -> Row:
    meant = service_meant(lookup.name)
    home = lookup.home or look.focus.namespace
    namespace = (meant.namespace or home) if meant else ""
    of_name = [each for each in services if meant and name_of(each) == meant.service]
    found = next((each for each in of_name if namespace in ("", namespace_of(each))), None)
    exists = await _is_namespace(namespace, services, look) if meant and not found else bool(found)
    in_cluster = meant is not None and (bool(of_name) or meant.sure or exists)
    # A text may come from another cluster: only a namespace of this one tells that a Service is missing here.
    missing = in_cluster and found is None and (exists or bool(lookup.said and meant and meant.sure))
    empty = found is not None and await _is_empty(found, look)
    service = meant.service if meant and in_cluster else ""
    namespace = namespace if in_cluster else ""
    kubectl = f"kubectl -n {namespace}" if namespace else "kubectl"
    shown = LookupShown(
        name=lookup.name,
        service=service,
        service_namespace=namespace_of(found) if found else namespace,
        missing=missing,
        without_endpoints=empty,
        # A short name means a Service of the namespace that it is looked up in.
        resolves=found is not None and bool(namespace) and not empty and await _dns_answers(look),
        closest=_closest(meant, namespace, services) if in_cluster and meant and not found else "",
        node_resolver=bool(service) and await _asks_node(lookup, look),
    )
    return shown.row(
        _subject(lookup) or ObjectRef(kind="Service", namespace=namespace, name=service),
        quote=next((line for line in lookup.said.quote.splitlines() if lookup.name in line), "") if lookup.said else "",
        reproduce=lookup.said.reproduce if lookup.said else f"{kubectl} get services",
        at=lookup.said.at if lookup.said else None,
        more=lookup.about,
    )


async def _is_namespace(name: str, services: Iterable[Json], look: Look) -> bool:
    """Tell whether a namespace exists: one with a Service needs no read."""
    if not name or any(namespace_of(each) == name for each in services):
        return bool(name)
    return await look.find("Namespace", name) is not None


async def _ready(service: Json, look: Look) -> frozenset[str] | None:
    """Return the addresses of the ready endpoints of a Service; None if they are not readable."""
    namespace, name = place_of(service)
    read = look.snapshot.list("EndpointSlice", namespace=namespace, labels=slices_of_service(name))
    slices = await look.unless_refused(read, None)
    return frozenset(ready_addresses(slices.items).get(name, ())) if slices else None


async def _dns_answers(look: Look) -> bool:
    """Tell whether each Service of the cluster's DNS has a ready endpoint."""
    services = await look.list("Service", labels=_DNS)
    ready = await asyncio.gather(*(_ready(each, look) for each in services))
    return bool(ready) and all(ready)


async def _is_empty(service: Json, look: Look) -> bool:
    """Tell whether a Service is headless and none of its endpoints is ready: DNS then has no address for it."""
    spec = spec_of(service)
    if spec.get("clusterIP") != "None" or spec.get("publishNotReadyAddresses"):
        return False
    return await _ready(service, look) == frozenset()


def _subject(lookup: _Lookup) -> ObjectRef | None:
    if lookup.said:
        return lookup.said.subject
    return ref(lookup.pod, "Pod") if lookup.pod else None


async def _asks_node(lookup: _Lookup, look: Look) -> bool:
    """Tell whether the pod that asks uses the resolver of its node."""
    if lookup.said is None:
        return lookup.pod is not None
    pod = await look.find("Pod", str(lookup.said.values["pod"]), namespace=lookup.home)
    return pod is not None and _uses_node_resolver(pod)


def _uses_node_resolver(pod: Json) -> bool:
    spec = spec_of(pod)
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    return policy == "Default" or (policy == "ClusterFirst" and bool(spec.get("hostNetwork")))


def _closest(meant: ServiceName, namespace: str, services: Iterable[Json]) -> str:
    """Return the Service that the name may stand for: one of that name elsewhere, else the most similar name there."""
    scores: Mapping[str, float] = {
        f"{namespace_of(each)}/{name_of(each)}": SequenceMatcher(None, meant.service, name_of(each)).ratio()
        + (namespace_of(each) == namespace) / 10
        for each in services
        if name_of(each) == meant.service or namespace in ("", namespace_of(each))
    }
    best = min(scores, key=lambda place: (-scores[place], place), default="")
    return best if scores.get(best, 0.0) >= _LIKE else ""
