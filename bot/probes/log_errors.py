"""Read the errors in the logs of failing containers, and those that ready programs in question repeat.

The error of a container that ended is that of its last run, from the log of the previous run first, else the current
one; without any error these are its last words. Logs of ready containers are read only of an object that the request
names. `bot.kube.log_failures` tells how the telling lines are found; the matcher tells which entry they mean.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from bot.kube.cluster_names import Known, asks_node, meaning_of, service_called
from bot.kube.containers import Container
from bot.kube.log_answers import FailedAnswer, failed_answer
from bot.kube.log_causes import focused, is_own
from bot.kube.objects import full_name, name_of, namespace_of, node_name_of, place_of, ref, spec_of
from bot.kube.pod_states import is_ready, unready_reason
from bot.kube.services import (
    DNS_LABEL,
    DNS_PODS,
    ServiceName,
    ip_in,
    is_cluster_dns,
    is_dns_cache,
    is_headless,
    may_be_host,
    selected_pods,
    service_meant,
    unresolved_name,
)
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, kubectl, may, probe, probe_of
from bot.probes.shared.backends import pods_selected_by, ready_endpoints
from bot.probes.shared.logged_causes import READS_CAUSES, LoggedCause, logged_causes
from bot.probes.shared.scope import PodValues, pod_values, pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row, Value
from intents.templates import duration

_LIKE: Final = 0.6
# A sentence quotes so much of a message.
_SENTENCE: Final = 100
_MOST_NAMES: Final = 10
# An answer of a name server. Resolvers of programs say "not known" of one that did not answer too.
_NO_SUCH_NAME: Final = re.compile(r"(?i)no such host|NXDOMAIN|ENOTFOUND")


class _LogError(RowValues):
    """A container with an error in its log; the defaults stand for a log that was not read."""

    of: PodValues
    container: str = ""
    init: bool = False
    error: str = ""  # in one line, without time and level
    incident: str = ""  # the entry whose signature the error has; "" for none
    line: int = 0  # where the error begins in the lines that were read
    lines: int = 0  # how many were read
    last_words: bool = False  # no line reports an error: these are the last ones
    repeats: str = ""  # how often a ready container has logged it lately, "" of one that failed
    span: str = ""  # within which time: 5m
    earlier: str = ""  # an error before those that a ready container repeats, about the same thing
    peer: str = ""  # the other end of the connection that fails: "postgres:5432", "" if it names none
    beside: str = ""  # the container that listens there, if it is another one of the pod and logs an error
    beside_error: str = ""


@probe(says="what ended the containers", row=_LogError)
async def _errors(look: Look) -> ProbeResult:
    """Read what the logs tell."""
    found = await logged_causes(look)
    rows = tuple(_error_row(each, _beside(each, found.causes), look) for each in found.causes)
    return ProbeResult(rows=rows, missing=found.missing, looked_at=len(found.logs))


def _beside(one: LoggedCause, others: Iterable[LoggedCause]) -> LoggedCause | None:
    """Return what another container of the pod logs, if a connection within the pod fails: the one with that port."""
    own, peer = one.log.container, one.failure.peer
    found = [each for each in others if each.log.container.pod is own.pod and each.log.container.name != own.name]
    listens = [each for each in found if _listens(each.log.container, peer.port)]
    return next(iter(listens or found), None) if is_own(peer) else None


def _listens(container: Container, port: int) -> bool:
    return any(each.get("containerPort") == port for each in container.declared.get("ports") or ())


def _error_row(found: LoggedCause, beside: LoggedCause | None, look: Look) -> Row:
    container, failure = found.log.container, found.failure
    return _LogError(
        of=pod_values(container.pod),
        container=container.name,
        init=container.init,
        error=focused(failure.says, most=_SENTENCE),
        incident=found.incident,
        line=failure.number,
        lines=failure.of,
        last_words=failure.last_words,
        repeats=str(failure.times) if found.running and not found.once else "",
        span=duration(found.since_s) if found.running and found.since_s != UNKNOWN else "",
        earlier=focused(failure.earlier, most=_SENTENCE),
        peer=str(failure.peer),
        beside=beside.log.container.name if beside else "",
        beside_error=focused(beside.failure.says, most=_SENTENCE) if beside else "",
    ).row(
        ref(container.pod, "Pod"),
        quote="\n".join(failure.lines),
        reproduce=found.log.reproduce,
        at=look.moment(found.age_s),
    )


class _Answer(RowValues):
    """A Service that answered a program with an HTTP error.

    `pod` is empty: what is wrong with the caller explains no answer.
    """

    caller: str  # namespace/name of the pod that was answered so
    destination: str  # as it was written
    status: str
    service: str
    service_namespace: str
    pods: tuple[str, ...]  # behind the Service


@probe(says="a row per Service that such an error says answered with an HTTP status from 500 up", row=_Answer)
async def _answers(look: Look) -> ProbeResult:
    """Read which Services answered the programs with HTTP errors, by their logs."""
    found = await logged_causes(look)
    told = [(each, answer) for each in found.causes if (answer := failed_answer(each.failure.told))]
    services = await look.readable("Service") if told else None
    rows = [await _answer_row(each, answer, services, look) for each, answer in told if services is not None]
    return ProbeResult(rows=tuple(filter(None, rows)), missing=found.missing, looked_at=len(found.logs))


async def _answer_row(found: LoggedCause, answer: FailedAnswer, services: Sequence[Json], look: Look) -> Row | None:
    pod = found.log.container.pod
    service = service_called(answer.server.host, pod, services)
    if service is None or selected_pods(service, (pod,)):
        return None
    pods = await pods_selected_by(look, service)
    said = _error_row(found, None, look)
    return _Answer(
        caller=full_name(pod),
        destination=str(answer.server),
        status=answer.status,
        service=name_of(service),
        service_namespace=namespace_of(service),
        pods=tuple(map(full_name, selected_pods(service, pods))),
    ).row(
        ref(service, "Service"), quote=said.quote, reproduce=said.reproduce, at=said.at, more={**said.values, "pod": ""}
    )


class _Shown(RowValues):
    """A name that does not resolve."""

    name: str
    service: str  # the Service that the name means; "" for a name outside the cluster
    service_namespace: str
    missing: bool  # the name can only mean a Service, which does not exist
    resolves: bool  # the Service exists, and the cluster's DNS has a ready endpoint
    without_endpoints: bool  # a headless Service has no ready endpoint, so its name has no address
    alias: str  # the Service is an ExternalName that leads to this address, which no alias can
    closest: str  # namespace/name of the Service that is most like a missing one
    node_resolver: bool  # the pod asks its node's name servers, which know no Services
    node: str  # of the pod, if the DNS cache of that node is not ready
    cache: str  # that cache, as namespace/name
    cache_trouble: str  # CrashLoopBackOff


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
        if self.said:
            return self.said.values
        return _LogError(of=PodValues(namespace=self.home, pod=name_of(self.pod or {}))).values()


@probe(
    says="a row per name that such an error or the text says does not resolve, with the Service it means",
    row=_Shown,
)
async def _unresolved(look: Look) -> ProbeResult:
    """Read the logs of failing containers, and the Services that the names in them mean."""
    logs = await _errors.read(look)
    lookups = _lookups(look, logs.rows, await _asking_node(look))
    services = await look.readable("Service") if lookups else None
    rows = await asyncio.gather(*(_lookup_row(each, services, look) for each in lookups if services is not None))
    return replace(logs, rows=tuple(rows))


async def _asking_node(look: Look) -> Json | None:
    """Return the first pod of the object in question that asks its node's name servers."""
    pods = (await pods_of(look)).pods if look.focus.name else ()
    return next(filter(asks_node, pods), None)


def _lookups(look: Look, said: Iterable[Row], asking: Json | None) -> list[_Lookup]:
    """Return the names, each once for a pod; the text's own first."""
    found: dict[tuple[str, str], _Lookup] = {}
    host = look.named.get("host", "").strip("'\"`.")
    if host and not ip_in(host) and may_be_host(host):
        found["", host] = _Lookup(name=host, pod=asking)
    for row in said:
        for line in row.quote.splitlines():
            if name := unresolved_name(line):
                found.setdefault((str(row.values["pod"]), name), _Lookup(name=name, said=row))
    return list(found.values())[:_MOST_NAMES]


async def _lookup_row(lookup: _Lookup, services: Sequence[Json], look: Look) -> Row:
    home = lookup.home or look.focus.namespace
    meant = _meant(lookup.name, services, home=home)
    namespace = (meant.namespace or home) if meant else ""
    of_name = [each for each in services if meant and name_of(each) == meant.service]
    found = next((each for each in of_name if namespace in ("", namespace_of(each))), None)
    exists = await _is_namespace(namespace, services, look) if meant and not found else bool(found)
    in_cluster = meant is not None and (bool(of_name) or meant.sure or exists)
    # A text may come from another cluster: only a namespace of this one tells that a Service is missing here.
    missing = in_cluster and found is None and (exists or bool(lookup.said and meant and meant.sure))
    empty = found is not None and await _is_empty(found, look)
    service = meant.service if meant and in_cluster else ""
    alias = str(spec_of(found).get("externalName") or "") if found else ""
    alias = alias if ip_in(alias) else ""
    namespace = namespace if in_cluster else ""
    cache = None if missing or empty or alias else await _cache_down(lookup, services, look)
    shown = _Shown(
        name=lookup.name,
        service=service,
        service_namespace=namespace_of(found) if found else namespace,
        missing=missing,
        without_endpoints=empty,
        # A short name means a Service of the namespace that it is looked up in.
        alias=alias,
        resolves=bool(found and namespace and meant and not (empty or alias or meant.pod)) and await _dns_answers(look),
        closest=_closest(meant, namespace, services) if in_cluster and meant and not found else "",
        node_resolver=bool(service) and await _asks_node(lookup, look),
        node=node_name_of(cache or {}),
        cache=full_name(cache) if cache else "",
        cache_trouble=unready_reason(cache) if cache else "",
    )
    return shown.row(
        _subject(lookup) or ObjectRef(kind="Service", namespace=namespace, name=service),
        quote=next((line for line in lookup.said.quote.splitlines() if lookup.name in line), "") if lookup.said else "",
        reproduce=lookup.said.reproduce if lookup.said else kubectl(namespace, "get services"),
        at=lookup.said.at if lookup.said else None,
        more=lookup.about,
    )


def _meant(name: str, services: Sequence[Json], *, home: str) -> ServiceName | None:
    """Return the Service that a name may mean: of db-0.db, where pods of the namespace may be called so, that is db."""
    found = meaning_of(name, pod=None, home=home, known=Known(services=services))
    if found.pod_name:
        return ServiceName(service=found.name, namespace=found.namespace, sure=True, pod=found.pod_name)
    return service_meant(name)


async def _is_namespace(name: str, services: Iterable[Json], look: Look) -> bool:
    """Tell whether a namespace exists: one with a Service needs no read."""
    if not name or any(namespace_of(each) == name for each in services):
        return bool(name)
    return await look.find("Namespace", name) is not None


async def _dns_answers(look: Look) -> bool:
    """Tell whether each Service of the cluster's DNS has a ready endpoint."""
    services = await look.list("Service", labels=DNS_LABEL)
    ready = await asyncio.gather(*(ready_endpoints(look, *place_of(each)) for each in services))
    return bool(ready) and all(ready)


async def _is_empty(service: Json, look: Look) -> bool:
    """Tell whether a Service is headless and none of its endpoints is ready: DNS then has no address for it."""
    if not is_headless(service) or spec_of(service).get("publishNotReadyAddresses"):
        return False
    return await ready_endpoints(look, *place_of(service)) == frozenset()


def _subject(lookup: _Lookup) -> ObjectRef | None:
    if lookup.said:
        return lookup.said.subject
    return ref(lookup.pod, "Pod") if lookup.pod else None


async def _asks_node(lookup: _Lookup, look: Look) -> bool:
    """Tell whether the pod that asks uses the resolver of its node."""
    if lookup.said is None:
        return lookup.pod is not None
    pod = await look.find("Pod", str(lookup.said.values["pod"]), namespace=lookup.home)
    return pod is not None and bool(asks_node(pod))


async def _cache_down(lookup: _Lookup, services: Iterable[Json], look: Look) -> Json | None:
    """Return the DNS cache of the node of the pod that looks a name up, if it is not ready and nobody else answered."""
    dns = next(filter(is_cluster_dns, services), None)
    lines = lookup.said.quote.splitlines() if lookup.said else ()
    if dns is None or not any(lookup.name in each for each in lines) or any(map(_NO_SUCH_NAME.search, lines)):
        return None
    pod = await look.find("Pod", str(lookup.about["pod"]), namespace=lookup.home)
    if pod is None or asks_node(pod):
        return None
    pods = await look.readable("Pod", namespace=namespace_of(dns), labels=DNS_PODS) or ()
    own = (each for each in pods if is_dns_cache(each) and node_name_of(each) == node_name_of(pod))
    return next((each for each in own if not is_ready(each)), None)


def _closest(meant: ServiceName, namespace: str, services: Iterable[Json]) -> str:
    """Return the Service that the name may stand for: one of that name elsewhere, else the most similar name there."""
    scores: Mapping[str, float] = {
        full_name(each): SequenceMatcher(None, meant.service, name_of(each)).ratio()
        + (namespace_of(each) == namespace) / 10
        for each in services
        if name_of(each) == meant.service or namespace in ("", namespace_of(each))
    }
    best = min(scores, key=lambda place: (-scores[place], place), default="")
    return best if scores.get(best, 0.0) >= _LIKE else ""


read: Final = probe_of(
    {"errors": _errors, "lookups": _unresolved, "answers": _answers},
    says="a row per cause that the log of a failing container tells before its end, or that a ready one asked about"
    " repeats: the telling lines",
    row=_LogError,
    permissions=(
        *READS_CAUSES,
        *may("get", "namespaces"),
    ),
)
