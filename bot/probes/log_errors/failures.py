"""The error that ended the last run of each failing container, from its log: previous run first, else the current one.

Read only for containers in trouble, those in the worst trouble first. See `bot.kube.log_failures` for how the telling
lines are found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NoLog
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_failures import LogFailure, failure_in
from bot.kube.objects import name_of, namespace_of, place_of, ref
from bot.probes.contract import Look
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
class _Read:
    log: Log
    failure: LogFailure | None = None
    age_s: int = UNKNOWN
    gap: Gap | None = None


async def read(look: Look) -> ProbeResult:
    """Read the logs of failing containers of the pods in question."""
    suspects = await pods_of(look)
    failing = [each for pod in suspects.pods for each in containers_in(pod) if _is_asked(each, look)]
    failing.sort(key=lambda each: trouble_order(each, look.now))
    chosen = _of_first_pods(failing)
    logs = [logs_of(each, look.snapshot)[0] for each in chosen if logs_of(each, look.snapshot)]
    reads = await asyncio.gather(*(_failure(log, look) for log in logs))
    return ProbeResult(
        rows=tuple(_row(each, each.failure, look) for each in reads if each.failure),
        gaps=tuple(dict.fromkeys((*suspects.gaps, *(each.gap for each in reads if each.gap)))),
        missing=suspects.missing,
        looked_at=len(logs),
    )


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


async def _failure(log: Log, look: Look) -> _Read:
    """Read one log. Never raises."""
    pod = log.container.pod
    try:
        # The same call as in the other probes, so that all are coalesced into one.
        text = await look.snapshot.log(
            namespace=namespace_of(pod),
            pod=name_of(pod),
            container=log.container.name,
            previous=log.previous,
            tail_lines=TAIL_LINES,
            timestamps=True,
        )
    except NoLog as error:
        return _Read(log=log, gap=error.gap())
    except ClusterError as error:
        if error.permission is None:
            return _Read(log=log, gap=error.gap())
        # The same refusal for every container of a namespace is one gap, so it must not name the pod.
        what = f"container logs in {namespace_of(pod)}"
        return _Read(log=log, gap=Gap(what=what, reason=error.reason, permission=error.permission))
    if len(text) > _LARGE:
        return await asyncio.to_thread(_found, text, log, look)
    return _found(text, log, look)


def _found(text: str, log: Log, look: Look) -> _Read:
    stamped = [line.partition(" ") for line in text.splitlines()]
    ages = [age_s(look.snapshot, stamp) for stamp, _, _ in stamped]
    lines = [
        stamp + space + rest if age == UNKNOWN else rest
        for age, (stamp, space, rest) in zip(ages, stamped, strict=True)
    ]
    # The whole text is redacted before lines are taken: a piece alone may not show that it is a secret.
    failure = failure_in(redact("\n".join(lines)))
    at = ages[failure.number - 1] if failure and failure.number <= len(ages) else UNKNOWN
    return _Read(log=log, failure=failure, age_s=at)


def _row(read: _Read, failure: LogFailure, look: Look) -> Row:
    container = read.log.container
    pod = container.pod
    run = read.log.run
    age = run.finished_s if read.age_s == UNKNOWN and read.log.ended and run else read.age_s
    return Row(
        values={
            "namespace": namespace_of(pod),
            "pod": name_of(pod),
            "container": container.name,
            "init": container.init,
            "error": failure.says,
            "line": failure.number,
            "lines": failure.of,
        },
        subject=ref(pod, "Pod"),
        quote="\n".join(failure.lines),
        reproduce=read.log.reproduce,
        at=moment(look.snapshot, age),
    )
