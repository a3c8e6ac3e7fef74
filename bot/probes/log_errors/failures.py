"""The error that ended the last run of each failing container, from its log: previous run first, else the current one.

Read only for containers in trouble, those in the worst trouble first. See `bot.kube.log_failures` for how the telling
lines are found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.access import record_gap
from bot.cluster.errors import ClusterError
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_failures import LogFailure, failure_in
from bot.kube.objects import name_of, namespace_of, place_of, ref
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from bot.probes.shared.log_lines import TAIL_LINES, Log, logs_of
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, ProbeResult, Row
from responses.secrets import redact

# The pods of one owner fail alike: a few logs tell.
MOST_PODS: Final = 3
MOST_LOGS: Final = 6
# Reading a longer text takes longer than the event loop may be kept from other work.
_LARGE: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LogErrorRow(RowValues):
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


async def read(look: Look) -> ProbeResult:
    """Read the logs of failing containers of the pods in question."""
    suspects = await pods_of(look)
    failing = [each for pod in suspects.pods for each in containers_in(pod) if _is_asked(each, look)]
    failing.sort(key=lambda each: trouble_order(each, look.now))
    logs = [log for each in _of_first_pods(failing) for log in logs_of(each, look.snapshot)[:1]]
    found = await asyncio.gather(*(_failure(log, look) for log in logs))
    rows = tuple(_row(each, look) for each in found if each)
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
    text = await _text(log, look)
    if len(text) > _LARGE:
        return await asyncio.to_thread(_found, text, log, look)
    return _found(text, log, look)


async def _text(log: Log, look: Look) -> str:
    """Return a log; nothing, and a gap, if it is not readable."""
    pod = log.container.pod
    try:
        # The same call as in the other probes, so that all are coalesced into one.
        return await look.snapshot.log(
            namespace=namespace_of(pod),
            pod=name_of(pod),
            container=log.container.name,
            previous=log.previous,
            tail_lines=TAIL_LINES,
            timestamps=True,
        )
    except ClusterError as error:
        # The same refusal for every container of a namespace is one gap, so it must not name the pod.
        what = f"container logs in {namespace_of(pod)}"
        refused = Gap(what=what, reason=error.reason, permission=error.permission)
        record_gap(refused if error.permission else error.gap())
        return ""


def _found(text: str, log: Log, look: Look) -> _Found | None:
    stamped = [line.partition(" ") for line in text.splitlines()]
    ages = [age_s(look.snapshot, stamp) for stamp, _, _ in stamped]
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


def _row(found: _Found, look: Look) -> Row:
    container, failure = found.log.container, found.failure
    pod = container.pod
    return LogErrorRow(
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
        at=moment(look.snapshot, found.age_s),
    )
