"""Read what is wrong with servers by their own words: those that a failing program calls, and those asked about.

Only the server's log tells that a broker blocks its publishers, that a disk is full, or that a member was expelled; its
caller gets no answer. A report counts if it is about the server's own state or the caller's kind of failure, else only
if both began together. A caller whose failure is its own, such as a missing setting, has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.kube.addresses import services_called
from bot.kube.cluster_names import service_called
from bot.kube.containers import Container, Run, containers_in
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
    """One thing that is wrong with a server, and the caller that it stops: none if the server was asked about.

    `pod` is empty if a caller was asked about: what is wrong with the caller explains no report.
    """

    of: PodValues  # the caller, else the server
    server: str  # name of the pod that reports it
    server_namespace: str
    container: str
    peer: str = ""  # what the caller could not use, as its log writes it; "" if it names none
    caller: str = ""  # namespace/name of the pod that calls it
    error: str = ""  # what the caller says
    service: str = ""  # that the caller calls
    service_namespace: str = ""
    report: str = ""  # in one line, without time and level; "" if it only ended
    ended: str = ""  # why its last run ended lately: OOMKilled, Error; "" if none did
    exit_code: int = 0
    ended_s: int = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A Service that a failing program calls; `cause` says how it fails, and `named` whether it names this Service."""

    cause: LoggedCause
    service: Json
    named: bool


@probe(
    says="a row per server that reports trouble of its own: one that a failing program in question calls, by the logs"
    " of the pods behind its Service, or the one in question itself",
    row=_ServerReport,
    permissions=READS_CAUSES,
)
async def read(look: Look) -> ProbeResult:
    """Read the logs of the servers that failing programs call; without a failing program those asked about."""
    found = await logged_causes(look)
    calls = await _calls(found.causes, look)
    rows = [row for row in await asyncio.gather(*(_of_call(each, look) for each in calls)) if row]
    if not (rows or found.causes) and look.focus.names_object:
        rows = await _of_itself(found.logs, look)
    return ProbeResult(rows=tuple(rows), missing=found.missing, looked_at=len(found.logs))


async def _calls(causes: Iterable[LoggedCause], look: Look) -> list[_Call]:
    """Return the Services that failing programs call: the one that a log names, else those of the pod's variables."""
    calls: dict[tuple[tuple[str, str], ObjectRef], _Call] = {}
    foreign = (each for each in causes if each.failure.kind not in _OWN)
    # What a log names tells more than what a variable does.
    for cause in sorted(foreign, key=lambda each: not each.failure.peer.host):
        pod, host = cause.log.container.pod, cause.failure.peer.host
        given = () if host else services_called(spec_of(pod), namespace_of(pod))
        services = (await look.readable("Service") if host or given else None) or ()
        named = service_called(host, pod, services) if host else None
        found = [named] if named else [each for each in sorted(services, key=place_of) if place_of(each) in given]
        for service in found:
            if not selected_pods(service, (pod,)):
                call = _Call(cause=cause, service=service, named=bool(host))
                calls.setdefault((place_of(service), owner_of(pod)), call)
    read = list(dict.fromkeys(place for place, _ in calls))[:_MOST_SERVICES]
    return [call for (place, _), call in calls.items() if place in read]


async def _of_call(call: _Call, look: Look) -> Row | None:
    """Return what the server says of its own state, else how it ended lately, else its most telling report."""
    pods = (await pods_selected_by(look, call.service))[:_MOST_PODS]
    leading = next((each for each in await _reports(pods, look) if _belongs(each, call)), None)
    if leading is None or not leading.said.of_state:
        ready = (each for pod in pods for each in _serving(pod) if each.ready)
        ended = ((each, run) for each in ready if (run := _ended_for(call, each, look)))
        if found := next(ended, None):
            return _ended_row(*found, call, look)
    return _report_row(leading, look, call) if leading else None


def _ended_for(call: _Call, container: Container, look: Look) -> Run | None:
    """Return the last run if it failed while the caller could not connect, or shortly before."""
    run, begun_s = container.ended(look.now), call.cause.begun_s
    if run is None or not run.exit_code or call.cause.failure.kind not in CONNECTING:
        return None
    longest = _LATELY_S if begun_s == UNKNOWN else min(begun_s + _TOGETHER_S, _LATELY_S)
    return run if 0 <= run.finished_s <= longest else None


def _belongs(report: LoggedReport, call: _Call) -> bool:
    """Tell whether a report may be why a caller fails, and says more than the caller itself."""
    said, cause = report.said.failure, call.cause
    if any(said.says in line for line in cause.failure.told):
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
    return [_report_row(each, look) for each in found[:1]]


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


def _report_row(report: LoggedReport, look: Look, call: _Call | None = None) -> Row:
    server, failure = report.log.container, report.said.failure
    values = replace(_values(server, call), report=focused(failure.says, most=_SENTENCE))
    return values.row(
        ref(call.service, "Service") if call else ref(server.pod, "Pod"),
        quote="\n".join(failure.lines),
        reproduce=report.log.reproduce,
        at=look.moment(report.since_s),
        lasts=True,
    )


def _ended_row(server: Container, run: Run, call: _Call, look: Look) -> Row:
    ended = replace(_values(server, call), ended=run.reason or "Error", exit_code=run.exit_code, ended_s=run.finished_s)
    return ended.row(ref(call.service, "Service"), at=look.moment(run.finished_s))


def _values(server: Container, call: _Call | None) -> _ServerReport:
    caller = call.cause.log.container.pod if call else server.pod
    values = _ServerReport(
        of=pod_values(caller),
        server=name_of(server.pod),
        server_namespace=namespace_of(server.pod),
        container=server.name,
    )
    if call is None:
        return values
    return replace(
        values,
        of=replace(values.of, pod=""),
        peer=str(call.cause.failure.peer),
        caller=full_name(caller),
        error=focused(call.cause.failure.says, most=_SENTENCE),
        service=name_of(call.service),
        service_namespace=namespace_of(call.service),
    )
