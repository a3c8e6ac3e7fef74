"""Read what servers say is wrong with themselves: those that a failing program calls, and those asked about.

A broker that blocks its publishers, a disk that is full or a member that was expelled stands in the server's log alone;
the caller only sees that it is not answered. What a server says of its own state counts; an error of another kind
only if it began when the caller's did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.addresses import services_called
from bot.kube.cluster_names import Known, meaning_of
from bot.kube.containers import Container, containers_in
from bot.kube.log_causes import focused
from bot.kube.objects import full_name, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.services import selected_pods
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.backends import pods_selected_by
from bot.probes.shared.log_lines import logs_of
from bot.probes.shared.logged_causes import READS_CAUSES, LoggedCause, LoggedReport, logged_causes, reports_of
from bot.probes.shared.scope import PodValues, pod_values, pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row

# Of so many Services that a program calls, and of so many pods of each, the logs are read.
_MOST_SERVICES: Final = 3
_MOST_PODS: Final = 3
# A sentence quotes so much of a message.
_SENTENCE: Final = 140
# A run that ended longer ago has nothing to do with what fails now.
_LATELY_S: Final = 3600
# An error that began so long before the caller's own has another cause.
_TOGETHER_S: Final = 600


class _ServerReport(RowValues):
    """What a server reports of itself.

    `pod` is empty if a caller was asked about: what is wrong with the caller explains no report.
    """

    of: PodValues  # the caller, else the server
    peer: str  # what the caller could not use, as its log writes it; "" if it names none
    caller: str  # namespace/name of the pod that calls it, "" if the server itself was asked about
    error: str  # what the caller says
    server: str  # namespace/name of the pod that reports it
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
    servers = await asyncio.gather(*(_behind(each, look) for each in calls))
    rows = [row for each, pods in zip(calls, servers, strict=True) for row in await _of_call(each, pods, look)]
    if not rows and look.focus.names_object:
        rows = await _of_itself(look)
    return ProbeResult(rows=tuple(rows), missing=found.missing, looked_at=found.logs)


async def _calls(causes: Iterable[LoggedCause], look: Look) -> list[_Call]:
    """Return the Services that failing programs call: the one that a log names, else those of the pod's variables."""
    ways = [(cause, cause.failure.peer.host, _given(cause.log.container.pod)) for cause in causes]
    services = await look.readable("Service") if any(host or given for _, host, given in ways) else None
    known, by_place = Known(services=services), {place_of(each): each for each in services or ()}
    calls: dict[tuple[str, str], _Call] = {}
    for cause, host, given in ways:
        pod = cause.log.container.pod
        found = [by_place.get(place) for place in sorted(given)]
        if host and services:
            found = [meaning_of(host, pod=pod, home=namespace_of(pod), known=known).service]
        for service in found:
            if service is not None and not selected_pods(service, (pod,)):
                calls.setdefault(place_of(service), _Call(cause=cause, service=service, named=bool(host)))
    return list(calls.values())[:_MOST_SERVICES]


def _given(pod: Json) -> frozenset[tuple[str, str]]:
    return services_called(spec_of(pod), namespace_of(pod))


async def _behind(call: _Call, look: Look) -> tuple[Json, ...]:
    return (await pods_selected_by(look, call.service))[:_MOST_PODS]


async def _of_call(call: _Call, pods: Sequence[Json], look: Look) -> list[Row]:
    """Return how a server ended lately though it is ready again, else the most telling report of its pods."""
    for container in (each for pod in pods for each in containers_in(pod) if each.ready and not each.init):
        run = container.ended(look.now)
        if run and run.exit_code and 0 <= run.finished_s <= _LATELY_S:
            return [_row(call.cause.log.container.pod, container, None, call, look)]
    reports = [each for found in await _reports(pods, look) for each in found if _belongs(each, call)][:1]
    return [_row(call.cause.log.container.pod, each.log.container, each, call, look) for each in reports]


def _belongs(report: LoggedReport, call: _Call) -> bool:
    """Tell whether a report may be why a caller fails, and says more than the caller itself."""
    said, cause = report.said.failure, call.cause
    if any(said.says in line for line in (cause.failure.says, *cause.failure.lines)):
        return False
    if report.said.of_state or (said.kind and said.kind == cause.failure.kind):
        return True
    together = UNKNOWN in (cause.since_s, report.since_s) or report.since_s <= cause.since_s + _TOGETHER_S
    return together and (call.named or bool(said.kind))


async def _of_itself(look: Look) -> list[Row]:
    """Return what servers that were asked about say of their own state."""
    pods = (await pods_of(look)).pods[:_MOST_PODS]
    found = [each for reports in await _reports(pods, look) for each in reports if each.said.of_state]
    return [_row(each.log.container.pod, each.log.container, each, None, look) for each in found[:1]]


async def _reports(pods: Iterable[Json], look: Look) -> list[tuple[LoggedReport, ...]]:
    """Return the reports of each log, those of the most telling one first."""
    containers = [each for pod in pods for each in containers_in(pod) if not each.init]
    logs = [
        log for each in containers for log in logs_of(each, look.snapshot, which="no" if each.ready else "both")[:1]
    ]
    found = await asyncio.gather(*(reports_of(log, look) for log in logs[: 2 * _MOST_PODS]))
    return sorted((each for each in found if each), key=lambda each: (-each[0].said.tells, -each[0].since_s))


def _row(pod: Json, server: Container, report: LoggedReport | None, call: _Call | None, look: Look) -> Row:
    own, service = pod_values(pod), call.service if call else {}
    run = None if report else server.ended(look.now)
    subject: ObjectRef = ref(service, "Service") if call else ref(server.pod, "Pod")
    return _ServerReport(
        of=PodValues(namespace=own.namespace, pod="", owner_kind=own.owner_kind, owner=own.owner) if call else own,
        peer=str(call.cause.failure.peer) if call else "",
        caller=full_name(pod) if call else "",
        error=focused(call.cause.failure.says, most=_SENTENCE) if call else "",
        server=full_name(server.pod),
        container=server.name,
        service=name_of(service) if call else "",
        service_namespace=namespace_of(service) if call else "",
        report=focused(report.said.failure.says, most=_SENTENCE) if report else "",
        ended=run.reason if run else "",
        exit_code=run.exit_code if run else 0,
        ended_s=run.finished_s if run else UNKNOWN,
    ).row(
        subject,
        quote="\n".join(report.said.failure.lines) if report else "",
        reproduce=report.log.reproduce if report else None,
        at=look.moment(report.since_s if report else run.finished_s if run else UNKNOWN),
        lasts=True,
    )


PROBE: Final = probe(
    says="a row per server that reports trouble of its own: one that a failing program in question calls, by the logs"
    " of the pods behind its Service, or the one in question itself",
    row=_ServerReport,
    read=_read,
    permissions=READS_CAUSES,
)
