"""The causes that the logs of the containers in question tell, each with the entry that it means.

Logs of failing containers come first; those of ready ones are read only of an object that the request names, if none of
its containers fails. `bot.kube.log_failures` tells how the telling lines are found, the matcher which entry they mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.kube.cluster_names import service_called
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_causes import is_error
from bot.kube.log_failures import LogFailure, failed_connection_in, failures_in, last_words_in, repeats_in
from bot.kube.log_records import LogRecord, read_records, split_stamps
from bot.kube.log_reports import Report, reports_in
from bot.kube.objects import place_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, may
from bot.probes.shared.backends import ready_endpoints
from bot.probes.shared.log_lines import LARGE, Log, logs_of, text_of
from bot.probes.shared.scope import READS_PODS, pods_of
from responses.redaction import redact

_T = TypeVar("_T")
_R = TypeVar("_R")

READS_CAUSES: Final = (
    *READS_PODS,
    *may("get", "pods/log"),
    *may("list", "services", "endpointslices.discovery.k8s.io"),
)
# The pods of one owner fail alike: a few logs tell. Those of a whole namespace do not.
MOST_PODS: Final = 3
MOST_LOGS: Final = 6
_UNNAMED: Final = 2  # times as many where the request names no object
# Of ready objects that were asked about so many logs are read.
MOST_READY: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCause:
    """A cause in a log with the entry it means, "" for none, and how long ago it was written last and first.

    `since_s` is the first of those that count, `begun_s` the first of all that were read.
    `running`: the container is ready, and repeats it, or said it `once` lately.
    """

    log: Log
    failure: LogFailure
    incident: str
    age_s: int
    since_s: int
    begun_s: int
    running: bool

    @property
    def once(self) -> bool:
        return self.running and self.failure.is_once


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCauses:
    """The causes, the logs that were read for them, and the object that does not exist; see ProbeResult."""

    causes: tuple[LoggedCause, ...] = ()
    logs: tuple[Log, ...] = ()
    missing: str = ""


async def logged_causes(look: Look) -> LoggedCauses:
    """Read the logs in question. Different probes and entries share the reads and what is found in them."""
    suspects = await pods_of(look)
    wanted = look.focus.container
    asked = [each for pod in suspects.pods for each in containers_in(pod) if wanted in ("", each.name)]
    failing = [each for each in asked if _is_failing(each, look)]
    failing.sort(key=lambda each: trouble_order(each, look.now))
    first = _of_first_pods(failing, times=1 if look.focus.names_object else _UNNAMED)
    logs = [log for each in first for log in logs_of(each, look.snapshot)[:1]]
    if look.focus.names_object and not failing:
        ready = _of_first_pods([each for each in asked if each.ready and not each.init])
        logs = [log for each in ready for log in logs_of(each, look.snapshot, which="no")[:1]][:MOST_READY]
    found = await asyncio.gather(*(_causes(log, look) for log in logs))
    causes = tuple(each for of_log in found for each in of_log)
    return LoggedCauses(causes=causes, logs=tuple(logs), missing=suspects.missing)


def _is_failing(container: Container, look: Look) -> bool:
    """Tell whether a log may show why a container fails: it is not ready, or ended with an error."""
    run = container.ended(look.now)
    done = container.state == "terminated" and run is not None and run.exit_code == 0
    return not done and (not container.ready or container.crash_looping(look.now))


def _of_first_pods(containers: Sequence[Container], *, times: int = 1) -> list[Container]:
    pods = list(dict.fromkeys(place_of(each.pod) for each in containers))[: times * MOST_PODS]
    return [each for each in containers if place_of(each.pod) in pods][: times * MOST_LOGS]


async def _causes(log: Log, look: Look) -> tuple[LoggedCause, ...]:
    """Return the causes in a log. All entries ask for them, so that one computation serves them."""
    found = await _computed("causes", _found, log, look)
    return tuple([each for each in found if not each.once or await _is_down(each, look)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedReport:
    """A report and its log. `since_s`: its age when it was written first."""

    log: Log
    said: Report
    since_s: int


async def reports_of(log: Log, look: Look) -> tuple[LoggedReport, ...]:
    """Return what a server reports in a log, the most telling first."""
    return await _computed("reports", _reports, log, look)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The text of a log without the kubelet's times, the ages of its lines in seconds, and its records."""

    text: str
    ages: Sequence[int]
    records: Sequence[LogRecord]


async def _computed(what: str, find: Callable[[_Written, Log, Look], _T], log: Log, look: Look) -> _T:
    """Return what is found in a log, once for all that ask for it; the log is parsed once for all that is found."""
    key = (place_of(log.container.pod), log.container.name, log.previous)
    text = await text_of(log, look.snapshot)

    async def run(work: Callable[[], _R]) -> _R:
        return await asyncio.to_thread(work) if len(text) > LARGE else work()

    written = await look.snapshot.computed(("written", *key), lambda: run(lambda: _parsed(text, look)))
    return await look.snapshot.computed((what, *key), lambda: run(lambda: find(written, log, look)))


def _parsed(text: str, look: Look) -> _Written:
    written, stamps = split_stamps(text)
    return _Written(text=written, ages=tuple(map(look.age_s, stamps)), records=read_records(written))


def _reports(written: _Written, log: Log, _look: Look) -> tuple[LoggedReport, ...]:
    if not reports_in(written.records, written.ages):
        return ()
    found = reports_in(read_records(redact(written.text)), written.ages)
    return tuple(LoggedReport(log=log, said=each, since_s=written.ages[each.failure.number - 1]) for each in found)


async def _is_down(cause: LoggedCause, look: Look) -> bool:
    """Tell whether nothing ready is behind the Service that a failed connection names."""
    pod, services = cause.log.container.pod, await look.readable("Service")
    service = service_called(cause.failure.peer.host, pod, services)
    return service is not None and await ready_endpoints(look, *place_of(service)) == frozenset()


def _found(written: _Written, log: Log, look: Look) -> tuple[LoggedCause, ...]:
    ages, running = written.ages, log.container.ready and not log.ended
    if running and not _of_running(written.records, ages):
        return ()  # most logs of ready programs: to redact them takes longer than to read them
    # The whole text is redacted before lines are taken: a piece alone may not show that it is a secret.
    redacted = read_records(redact(written.text))
    failures = _of_running(redacted, ages) if running else _of_unready(redacted, log)

    def age(number: int) -> int:
        at = ages[number - 1] if number <= len(ages) else UNKNOWN
        return log.run.finished_s if at == UNKNOWN and log.ended and log.run else at

    return tuple(
        LoggedCause(
            log=log,
            failure=each,
            incident=look.meaning(each.says) or look.meaning("\n".join(each.lines)),
            age_s=age(each.last),
            since_s=age(each.number),
            begun_s=age(each.first),
            running=running,
        )
        for each in failures
    )


def _of_running(records: Sequence[LogRecord], ages: Sequence[int]) -> tuple[LogFailure, ...]:
    return repeats_in(records, ages) or failed_connection_in(records, ages)


def _of_unready(records: Sequence[LogRecord], log: Log) -> tuple[LogFailure, ...]:
    """Return the causes that a container logs which failed or is not ready, or the last words where it reports none.

    Those of a program that runs tell only what it waits for: an init container that does not end, or words of a system.
    """
    if found := failures_in(records, ended=log.ended):
        return found
    last = last_words_in(records)
    if last is None:
        return ()
    failed = log.ended and log.run and log.run.exit_code
    return (last,) if failed or (not log.ended and (log.container.init or is_error(last.says))) else ()
