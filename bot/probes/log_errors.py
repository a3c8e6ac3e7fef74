"""What the logs of failing containers say: the error that ended them, or the names that do not resolve.

The error is that of the last run, from the log of the previous run first, else the current one. Logs are read only of
containers in trouble, those in the worst trouble first. `bot.kube.log_failures` tells how the telling lines are found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_failures import LogFailure, failure_in
from bot.kube.objects import name_of, namespace_of, place_of, ref, spec_of
from bot.kube.services import ServiceName, ip_in, ready_addresses, service_meant, slices_of_service, unresolved_name
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, Shown, may, probe
from bot.probes.shared.log_lines import LARGE, Log, logs_of, text_of
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row, Value
from responses.redaction import redact

# The pods of one owner fail alike: a few logs tell.
MOST_PODS: Final = 3
MOST_LOGS: Final = 6
# Reading a longer text takes longer than the event loop may be kept from other work.
_LIKE: Final = 0.6
_MOST_NAMES: Final = 10
_DNS: Final = "k8s-app=kube-dns"


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogError(RowValues):
    """A container with the error in its log; the defaults stand for a log that was not read."""

    namespace: str = ""
    pod: str = ""
    container: str = ""
    init: bool = False
    error: str = ""  # in one line, without time and level
    line: int = 0  # where the error begins in the lines that were read
    lines: int = 0  # how many were read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The error in a log, and how long ago it was written."""

    log: Log
    failure: LogFailure
    age_s: int


async def _errors(look: Look) -> ProbeResult:
    """Read the logs of failing containers of the pods in question."""
    suspects = await pods_of(look)
    failing = [each for pod in suspects.pods for each in containers_in(pod) if _is_asked(each, look)]
    failing.sort(key=lambda each: trouble_order(each, look.now))
    logs = [log for each in _of_first_pods(failing) for log in logs_of(each, look.snapshot)[:1]]
    found = await asyncio.gather(*(_failure(log, look) for log in logs))
    rows = tuple(_error_row(each, look) for each in found if each)
    return ProbeResult(rows=rows, missing=suspects.missing, looked_at=len(logs))


def _is_asked(container: Container, look: Look) -> bool:
    """Tell whether a log may show why a container fails: it is not ready, or ended with an error."""
    if look.focus.container and container.name != look.focus.container:
        return False
    run = container.ended(look.now)
    done = container.state == "terminated" and run is not None and run.exit_code == 0
    return not done and (not container.ready or container.crash_looping(look.now))


def _of_first_pods(containers: Sequence[Container]) -> list[Container]:
    pods = list(dict.fromkeys(place_of(each.pod) for each in containers))[:MOST_PODS]
    return [each for each in containers if place_of(each.pod) in pods][:MOST_LOGS]


async def _failure(log: Log, look: Look) -> _Found | None:
    text = await text_of(log, look.snapshot)
    if len(text) > LARGE:
        return await asyncio.to_thread(_found, text, log, look)
    return _found(text, log, look)


def _found(text: str, log: Log, look: Look) -> _Found | None:
    stamped = [line.partition(" ") for line in text.splitlines()]
    ages = [look.age_s(stamp) for stamp, _, _ in stamped]
    lines = [
        stamp + space + rest if age == UNKNOWN else rest
        for age, (stamp, space, rest) in zip(ages, stamped, strict=True)
    ]
    # The whole text is redacted before lines are taken: a piece alone may not show that it is a secret.
    failure = failure_in(redact("\n".join(lines)))
    if failure is None:
        return None
    at = ages[failure.number - 1] if failure.number <= len(ages) else UNKNOWN
    if at == UNKNOWN and log.ended and log.run:
        at = log.run.finished_s
    return _Found(log=log, failure=failure, age_s=at)


def _error_row(found: _Found, look: Look) -> Row:
    container, failure = found.log.container, found.failure
    pod = container.pod
    return _LogError(
        namespace=namespace_of(pod),
        pod=name_of(pod),
        container=container.name,
        init=container.init,
        error=failure.says,
        line=failure.number,
        lines=failure.of,
    ).row(
        ref(pod, "Pod"),
        quote="\n".join(failure.lines),
        reproduce=found.log.reproduce,
        at=look.moment(found.age_s),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown(RowValues):
    """A name that does not resolve."""

    name: str
    service: str  # the Service that the name means; "" for a name outside the cluster
    service_namespace: str
    missing: bool  # the name can only mean a Service, which does not exist
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
        return self.said.values if self.said else _LogError(namespace=self.home, pod=name_of(self.pod or {})).values()


async def _unresolved(look: Look) -> ProbeResult:
    """Read the logs of failing containers, and the Services that the names in them mean."""
    logs = await _errors(look)
    lookups = _lookups(look, logs.rows, await _asking_node(look))
    listing = await look.unless_refused(look.snapshot.list("Service"), None) if lookups else None
    rows = await asyncio.gather(*(_lookup_row(each, listing.items, look) for each in lookups if listing))
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


async def _lookup_row(lookup: _Lookup, services: Iterable[Json], look: Look) -> Row:
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
    shown = _Shown(
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


PROBE: Final = probe(
    name="log-errors",
    says="a row per failing container whose log shows an error before its end: the telling lines",
    row=_LogError,
    shows={
        "errors": Shown(says="what ended the containers", read=_errors),
        "lookups": Shown(
            says="a row per name that such an error or the text says does not resolve, with the Service it means",
            row=_Shown,
            read=_unresolved,
        ),
    },
    permissions=(
        *READS_PODS,
        *may("get", "pods/log", "namespaces"),
        *may("list", "services", "endpointslices.discovery.k8s.io"),
    ),
)
