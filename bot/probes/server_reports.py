"""Read what servers say is wrong with themselves: those that a failing program calls, and those asked about.

A broker that blocks its publishers, a disk that is full or a member that was expelled stands in the server's log alone;
the caller only sees that it is not answered. A report counts if it is of the server's own state or of the caller's kind
of failure, else only if both began together. A caller whose failure is its own, such as a missing setting, has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.kube.addresses import services_called
from bot.kube.cluster_names import Known, meaning_of
from bot.kube.containers import Container, containers_in
from bot.kube.log_causes import CONNECTING, focused
from bot.kube.objects import full_name, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.owners import owner_of
from bot.kube.services import selected_pods
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.backends import pods_selected_by
from bot.probes.shared.log_lines import Log, logs_of
from bot.probes.shared.logged_causes import READS_CAUSES, LoggedCause, LoggedReport, logged_causes, reports_of
from bot.probes.shared.scope import PodValues, pod_values
from intents.domain import Json, ObjectRef, ProbeResult, Row

# Of so many Services that a program calls, and of so many pods of each, the logs are read: most that calls need.
_MOST_SERVICES: Final = 3
_MOST_PODS: Final = 3
# A sentence quotes so much of a message.
_SENTENCE: Final = 140
# What began farther apart has different causes.
_TOGETHER_S: Final = 1800
# A run that ended longer ago has nothing to do with what fails now.
_LATELY_S: Final = 3600
# Failures that a program has by itself, whatever its servers do.
_OWN: Final = frozenset({"setting", "syntax", "missing", "format", "root", "in-use", "memory"})


class _ServerReport(RowValues):
    """What a server reports of itself.

    `pod` is empty if a caller was asked about: what is wrong with the caller explains no report.
    """

    of: PodValues  # the caller, else the server
    peer: str  # what the caller could not use, as its log writes it; "" if it names none
    caller: str  # namespace/name of the pod that calls it, "" if the server itself was asked about
    error: str  # what the caller says
    server: str  # name of the pod that reports it
    server_namespace: str
    container: str
    service: str  # that the caller calls
    service_namespace: str
    report: str  # in one line, without time and level; "" if it only ended
    ended: str  # why its last run ended lately: OOMKilled, Error; "" if none did
    exit_code: int
    ended_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A Service that a failing program calls; `cause` says how it fails, and `named` whether it names this Service."""

    cause: LoggedCause
    service: Json
    named: bool


async def _read(look: Look) -> ProbeResult:
    found = await logged_causes(look)
    calls = await _calls(found.causes, look)
    rows = [row for row in await asyncio.gather(*(_of_call(each, look) for each in calls)) if row]
    if not (rows or found.causes) and look.focus.names_object:
        rows = await _of_itself(found.logs, look)
    return ProbeResult(rows=tuple(rows), missing=found.missing, looked_at=len(found.logs))


async def _calls(causes: Iterable[LoggedCause], look: Look) -> list[_Call]:
    """Return the Services that failing programs call: the one that a log names, else those of the pod's variables."""
    ways = [
        (cause, cause.failure.peer.host, _given(cause.log.container.pod))
        for cause in causes
        if cause.failure.kind not in _OWN
    ]
    services = await look.readable("Service") if any(host or given for _, host, given in ways) else None
    known, by_place = Known(services=services), {place_of(each): each for each in services or ()}
    calls: dict[tuple[object, ...], _Call] = {}
    # What a log names tells more than what a variable does.
    for cause, host, given in sorted(ways, key=lambda way: not way[1]):
        pod = cause.log.container.pod
        found = [by_place.get(place) for place in sorted(given)]
        if host and services:
            found = [meaning_of(host, pod=pod, home=namespace_of(pod), known=known).service]
        for service in found:
            if service is not None and not selected_pods(service, (pod,)):
                call = _Call(cause=cause, service=service, named=bool(host))
                calls.setdefault((place_of(service), owner_of(pod)), call)
    read = list(dict.fromkeys(place for place, _ in calls))[:_MOST_SERVICES]
    return [call for (place, _), call in calls.items() if place in read]


def _given(pod: Json) -> frozenset[tuple[str, str]]:
    return services_called(spec_of(pod), namespace_of(pod))


async def _of_call(call: _Call, look: Look) -> Row | None:
    """Return what the server says of its own state, else how it ended lately, else its most telling report."""
    pods = (await pods_selected_by(look, call.service))[:_MOST_PODS]
    caller, reports = call.cause.log.container.pod, await _reports(pods, look)
    leading = next((each for each in reports if _belongs(each, call)), None)
    if leading is None or not leading.said.of_state:
        for container in (each for pod in pods for each in _serving(pod) if each.ready):
            if _ended_for(call, container, look):
                return _row(caller, container, None, call, look)
    return _row(caller, leading.log.container, leading, call, look) if leading else None


def _ended_for(call: _Call, container: Container, look: Look) -> bool:
    """Tell whether a run ended as long as the caller cannot connect, or shortly before."""
    run, failure = container.ended(look.now), call.cause.failure
    if run is None or not run.exit_code or failure.kind not in CONNECTING:
        return False
    begun_s = call.cause.begun_s
    return 0 <= run.finished_s <= (_LATELY_S if begun_s == UNKNOWN else min(begun_s + _TOGETHER_S, _LATELY_S))


def _belongs(report: LoggedReport, call: _Call) -> bool:
    """Tell whether a report may be why a caller fails, and says more than the caller itself."""
    said, cause = report.said.failure, call.cause
    if any(said.says in line for line in (cause.failure.says, *cause.failure.lines)):
        return False
    if report.said.of_state or (said.kind and said.kind == cause.failure.kind):
        return True
    if UNKNOWN in (cause.begun_s, report.since_s) or not (call.named or said.kind):
        return False
    return abs(report.since_s - cause.begun_s) <= _TOGETHER_S


async def _of_itself(read: Iterable[Log], look: Look) -> list[Row]:
    """Return what ready servers that were asked about say of their own state, in the logs that were read anyway."""
    logs = [each for each in read if each.container in _serving(each.container.pod) and each.container.ready]
    found = [each for each in await _reported(logs, look) if each.said.of_state]
    return [_row(each.log.container.pod, each.log.container, each, None, look) for each in found[:1]]


def _serving(pod: Json) -> list[Container]:
    """Return the containers that serve: those that declare ports, if any does."""
    containers = [each for each in containers_in(pod) if not each.init]
    return [each for each in containers if each.declared.get("ports")] or containers


async def _reports(pods: Iterable[Json], look: Look) -> list[LoggedReport]:
    containers = [each for pod in pods for each in _serving(pod)]
    newest = (logs_of(each, look.snapshot, which="no" if each.ready else "both")[:1] for each in containers)
    return await _reported([log for of_container in newest for log in of_container][: 2 * _MOST_PODS], look)


async def _reported(logs: Iterable[Log], look: Look) -> list[LoggedReport]:
    """Return what logs report, the most telling first, of equal ones the oldest."""
    found = await asyncio.gather(*(reports_of(log, look) for log in logs))
    return sorted((each for of_log in found for each in of_log), key=lambda each: (-each.said.tells, -each.since_s))


def _row(pod: Json, server: Container, report: LoggedReport | None, call: _Call | None, look: Look) -> Row:
    own, service = pod_values(pod), call.service if call else {}
    run = None if report else server.ended(look.now)
    subject: ObjectRef = ref(service, "Service") if call else ref(server.pod, "Pod")
    return _ServerReport(
        of=PodValues(namespace=own.namespace, pod="", owner_kind=own.owner_kind, owner=own.owner) if call else own,
        peer=str(call.cause.failure.peer) if call else "",
        caller=full_name(pod) if call else "",
        error=focused(call.cause.failure.says, most=_SENTENCE) if call else "",
        server=name_of(server.pod),
        server_namespace=namespace_of(server.pod),
        container=server.name,
        service=name_of(service) if call else "",
        service_namespace=namespace_of(service) if call else "",
        report=focused(report.said.failure.says, most=_SENTENCE) if report else "",
        ended=(run.reason or "Error") if run else "",
        exit_code=run.exit_code if run else 0,
        ended_s=run.finished_s if run else UNKNOWN,
    ).row(
        subject,
        quote="\n".join(report.said.failure.lines) if report else "",
        reproduce=report.log.reproduce if report else None,
        at=look.moment(report.since_s if report else run.finished_s if run else UNKNOWN),
        lasts=report is not None,
    )


PROBE: Final = probe(
    says="a row per server that reports trouble of its own: one that a failing program in question calls, by the logs"
    " of the pods behind its Service, or the one in question itself",
    row=_ServerReport,
    read=_read,
    permissions=READS_CAUSES,
)
