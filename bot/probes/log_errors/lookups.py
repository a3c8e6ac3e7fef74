"""Names that the text, or the log of a failing container in question, says do not resolve: is there such a Service?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.addresses import ip_in
from bot.kube.endpoints import ready_addresses, slices_of_service
from bot.kube.name_lookups import ServiceName, service_meant, unresolved_name
from bot.kube.objects import name_of, namespace_of, ref, spec_of
from bot.probes.contract import Look
from bot.probes.log_errors import failures
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ObjectRef, ProbeResult, Row, RowType, Value

_LIKE: Final = 0.6
_MOST_NAMES: Final = 10

KEYS: Final[Mapping[str, RowType]] = {
    "name": RowType.STRING,
    "service": RowType.STRING,  # the Service that the name means; "" for a name outside the cluster
    "service_namespace": RowType.STRING,
    "missing": RowType.BOOLEAN,  # the name can mean nothing but a Service, and there is none
    "resolves": RowType.BOOLEAN,  # the Service exists, and the cluster's DNS has a ready endpoint
    "without_endpoints": RowType.BOOLEAN,  # a headless Service has no ready endpoint, so its name has no address
    "closest": RowType.STRING,  # namespace/name of the Service that is most like a missing one
    "node_resolver": RowType.BOOLEAN,  # the pod asks its node's name servers, which know no Services
}
# What a row says of a name that only the text contains: no log was read for it.
_NO_LOG: Final[Mapping[str, Value]] = {
    "namespace": "",
    "pod": "",
    "container": "",
    "init": False,
    "error": "",
    "line": 0,
    "lines": 0,
}
_DNS: Final = "k8s-app=kube-dns"


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
    def values(self) -> Mapping[str, Value]:
        if self.said:
            return self.said.values
        return {**_NO_LOG, "namespace": self.home, "pod": name_of(self.pod)} if self.pod else _NO_LOG


async def read(look: Look) -> ProbeResult:
    """Read the logs of failing containers, and the Services that the names in them mean."""
    logs = await failures.read(look)
    lookups = _lookups(look, logs.rows, await _asking_node(look))
    gaps = list(logs.gaps)
    services: tuple[Json, ...] | None = ()
    if lookups:
        try:
            listing = await look.snapshot.list("Service")
            services, cut = listing.items, listing.gap("Services")
            gaps += [cut] if cut else []
        except ClusterError as error:
            services = None
            gaps.append(error.gap("Services"))
    rows = await asyncio.gather(*(_row(each, services, look, gaps) for each in lookups if services is not None))
    return ProbeResult(
        rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=logs.missing, looked_at=logs.looked_at
    )


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


async def _row(lookup: _Lookup, services: Iterable[Json], look: Look, gaps: list[Gap]) -> Row:
    meant = service_meant(lookup.name)
    home = lookup.home or look.focus.namespace
    namespace = (meant.namespace or home) if meant else ""
    of_name = [each for each in services if meant and name_of(each) == meant.service]
    found = next((each for each in of_name if namespace in ("", namespace_of(each))), None)
    exists = await _is_namespace(namespace, services, look, gaps) if meant and not found else bool(found)
    in_cluster = meant is not None and (bool(of_name) or meant.sure or exists)
    # A text may come from another cluster: only a namespace of this one tells that a Service is missing here.
    missing = in_cluster and found is None and (exists or bool(lookup.said and meant and meant.sure))
    empty = found is not None and await _is_empty(found, look, gaps)
    service = meant.service if meant and in_cluster else ""
    namespace = namespace if in_cluster else ""
    kubectl = f"kubectl -n {namespace}" if namespace else "kubectl"
    return Row(
        values={
            **lookup.values,
            "name": lookup.name,
            "service": service,
            "service_namespace": namespace_of(found) if found else namespace,
            "missing": missing,
            "without_endpoints": empty,
            # A short name means a Service of the namespace that it is looked up in.
            "resolves": found is not None and bool(namespace) and not empty and await _dns_answers(look, gaps),
            "closest": _closest(meant, namespace, services) if in_cluster and meant and not found else "",
            "node_resolver": bool(service) and await _asks_node(lookup, look),
        },
        subject=_subject(lookup) or ObjectRef(kind="Service", namespace=namespace, name=service),
        quote=next((line for line in lookup.said.quote.splitlines() if lookup.name in line), "") if lookup.said else "",
        reproduce=lookup.said.reproduce if lookup.said else f"{kubectl} get services",
        at=lookup.said.at if lookup.said else None,
    )


async def _is_namespace(name: str, services: Iterable[Json], look: Look, gaps: list[Gap]) -> bool:
    """Tell whether a namespace exists: one with a Service needs no read."""
    if not name or any(namespace_of(each) == name for each in services):
        return bool(name)
    try:
        return await look.snapshot.find("Namespace", name) is not None
    except ClusterError as error:
        gaps.append(error.gap(f"namespace {name}"))
        return False


async def _dns_answers(look: Look, gaps: list[Gap]) -> bool:
    """Tell whether each Service of the cluster's DNS has a ready endpoint."""
    try:
        services = (await look.snapshot.list("Service", labels=_DNS)).items
        slices = await asyncio.gather(
            *(
                look.snapshot.list(
                    "EndpointSlice", namespace=namespace_of(each), labels=slices_of_service(name_of(each))
                )
                for each in services
            )
        )
    except ClusterError as error:
        gaps.append(error.gap("the cluster's DNS"))
        return False
    return bool(slices) and all(ready_addresses(each.items) for each in slices)


def _subject(lookup: _Lookup) -> ObjectRef | None:
    if lookup.said:
        return lookup.said.subject
    return ref(lookup.pod, "Pod") if lookup.pod else None


async def _asks_node(lookup: _Lookup, look: Look) -> bool:
    """Tell whether the pod that asks uses the resolver of its node."""
    if lookup.said is None:
        return lookup.pod is not None
    with suppress(ClusterError):
        pod = await look.snapshot.find("Pod", str(lookup.said.values["pod"]), namespace=lookup.home)
        return _uses_node_resolver(pod or {})
    return False


def _uses_node_resolver(pod: Json) -> bool:
    spec = spec_of(pod)
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    return policy == "Default" or (policy == "ClusterFirst" and bool(spec.get("hostNetwork")))


async def _is_empty(service: Json, look: Look, gaps: list[Gap]) -> bool:
    """Tell whether a Service is headless and none of its endpoints is ready: DNS then has no address for it."""
    spec = spec_of(service)
    if spec.get("clusterIP") != "None" or spec.get("publishNotReadyAddresses"):
        return False
    try:
        slices = await look.snapshot.list(
            "EndpointSlice", namespace=namespace_of(service), labels=slices_of_service(name_of(service))
        )
    except ClusterError as error:
        gaps.append(error.gap(f"endpoints of Service {namespace_of(service)}/{name_of(service)}"))
        return False
    return not ready_addresses(slices.items).get(name_of(service))


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
