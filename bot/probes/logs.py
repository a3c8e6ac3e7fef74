"""The lines of container logs that match a pattern, with how the run that wrote them ended.

One row answers "the log of the run that exited with 255 has this line", so that no rule has to join.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bot.cluster.access import record_gap
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.objects import node_name_of, place_of, ref
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, beside_the_verdict, may, probe
from bot.probes.shared.holders import HEARTBEATS, Competition, suspects_of
from bot.probes.shared.log_lines import MOST_LINES, TAIL_LINES, Line, Log, compile_pattern, logs_of, matches_in
from bot.probes.shared.scope import READS_PODS, PodValues, Suspects, pod_values
from intents.domain import ArgDeclaration, Gap, GapReason, Json, ProbeResult, Row

MOST_PODS: Final = 6
MOST_LOGS: Final = 16


class _Line(RowValues):
    """A line of a container's log, and the run that wrote it."""

    of: PodValues
    container: str
    node: str
    line: str
    previous: bool  # written by a run that has ended
    line_age_s: int
    restarts: int
    exit_code: int  # of the run that wrote the line, else of the one before it
    finished_s: int
    crash_looping: bool


@probe(
    says=f"a row per matching line in the last {TAIL_LINES} of container logs, newest first; containers in trouble"
    f" are read first, at most {MOST_PODS} pods",
    row=_Line,
    args={
        "capture": ArgDeclaration(says="RE2 pattern that a line must contain", required=True, adds_keys="regex"),
        "previous": ArgDeclaration(
            says="yes: only runs that have ended; no: only the newest run", choices=("yes", "no", "both")
        ),
        "among": "RE2 pattern: where the request names no object, only containers whose pod, name or image contains it",
        "selector": "labels of a fixed component to read instead of the focused pods",
        "namespace": "where the fixed component runs (default: everywhere)",
        "since_s": "only lines of the last N seconds",
        "competing_first": "true: where the request names no object, the pods of leader elections are read before all"
        " others",
        "newest_only": "true: only the newest matching line of each log",
    },
    permissions=(*READS_PODS, *may("get", "pods/log"), *may("get list", "leases.coordination.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read the logs of the containers in question, those in trouble first."""
    pattern, among = compile_pattern(look.args.get("capture")), compile_pattern(look.args.get("among"))
    suspects = await _suspects(look)
    containers = await _containers(look, suspects.pods, among)
    which = str(look.args.get("previous") or "both")
    logs = [log for container in containers for log in logs_of(container, look.snapshot, which=which)]
    chosen = _of_first_pods(logs)
    since_s = float(look.args.get("since_s") or 0)
    most = 1 if look.flag("newest_only") else MOST_LINES
    read_logs = await asyncio.gather(
        *(matches_in(log, look.snapshot, pattern, since_s=since_s, most=most) for log in chosen)
    )
    if len(chosen) < len(logs):
        detail = f"only {len(chosen)} of {len(logs)} logs were read"
        record_gap(Gap(what="all container logs", reason=GapReason.TRUNCATED, detail=detail))
    rows = tuple(row for log, lines in zip(chosen, read_logs, strict=True) for row in _rows(log, lines, look))
    return ProbeResult(rows=rows, missing=suspects.missing, looked_at=len(chosen))


async def _containers(look: Look, pods: Sequence[Json], among: Any) -> list[Container]:
    """Return the containers to read, in the order in which their logs matter."""
    found = [each for pod in pods for each in containers_in(pod) if _is_in_question(each, look)]
    if not look.focus.names_object:
        found = [each for each in found if among.search(each.described)]
    found.sort(key=lambda each: trouble_order(each, look.now))
    if look.flag("competing_first"):
        competition = await _competition(look, pods)
        found.sort(key=lambda each: not competition.lease_of(each.pod))
    return found


async def _competition(look: Look, pods: Sequence[Json]) -> Competition:
    """Return who competes for leases. It only orders the reads, so leases that cannot be read are no gap."""
    if look.focus.names_object or look.named.get("lease"):
        return Competition((), ())
    with beside_the_verdict():
        return Competition(await look.list("Lease", fields=f"metadata.namespace!={HEARTBEATS}"), pods)


async def _suspects(look: Look) -> Suspects:
    selector, namespace = str(look.args.get("selector") or ""), str(look.args.get("namespace") or "")
    if not selector:
        return await suspects_of(look)
    place = f"in {namespace}" if namespace else "in any namespace"
    what = f"pods labelled {selector} {place}"
    pods = await look.readable("Pod", namespace=namespace, labels=selector, what=what)
    if pods == ():
        # The component may run outside the cluster, and fail there: its absence here proves nothing.
        detail = f"no pod {place} is labelled so: it runs outside the cluster, or under other labels"
        record_gap(Gap(what=f"the logs of {selector}", reason=GapReason.NOT_FOUND, detail=detail))
    return Suspects(pods=pods or ())


def _is_in_question(container: Container, look: Look) -> bool:
    if look.focus.container and not look.args.get("selector"):
        return container.name == look.focus.container
    # The log of an init container that did its work does not show what fails now.
    done = container.state == "terminated" and container.detail.get("exitCode") == 0
    return not (container.init and done)


def _of_first_pods(logs: Sequence[Log]) -> list[Log]:
    """Return the logs of the first pods; `logs` come with the worst trouble first."""
    pods = list(dict.fromkeys(place_of(log.container.pod) for log in logs))
    return [log for log in logs if place_of(log.container.pod) in pods[:MOST_PODS]][:MOST_LOGS]


def _rows(log: Log, lines: Sequence[Line], look: Look) -> Iterator[Row]:
    container, run = log.container, log.run
    pod = container.pod
    for line in lines:
        yield _Line(
            of=pod_values(pod),
            container=container.name,
            node=node_name_of(pod),
            line=line.text,
            previous=log.ended,
            line_age_s=line.age_s,
            restarts=container.restarts,
            exit_code=run.exit_code if run else -1,
            finished_s=run.finished_s if run else UNKNOWN,
            crash_looping=container.crash_looping(look.now),
        ).row(
            ref(pod, "Pod"),
            more=line.groups,
            quote=line.text,
            reproduce=log.reproduce,
            # A line without a time was written before its run ended.
            at=look.moment(run.finished_s if line.age_s == UNKNOWN and log.ended and run else line.age_s),
        )
