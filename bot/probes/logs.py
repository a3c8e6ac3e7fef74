"""The lines of container logs that match a pattern, with how the run that wrote them ended.

One row answers "the log of the run that exited with 255 has this line", so that no rule has to join.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.objects import name_of, namespace_of, node_name_of, place_of, ref
from bot.kube.owners import owner_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, moment
from bot.probes.shared.holders import HEARTBEATS, Competition, suspects_of
from bot.probes.shared.log_lines import (
    MOST_LINES,
    TAIL_LINES,
    BadPattern,
    Line,
    Log,
    Matches,
    compile_pattern,
    logs_of,
    matches_in,
)
from bot.probes.shared.scope import READS_PODS, Suspects
from intents.domain import ArgDeclaration, Gap, GapReason, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType

MOST_PODS: Final = 6
MOST_LOGS: Final = 16

DECLARATION: Final = ProbeDeclaration(
    name="logs",
    says=(
        f"a row per matching line in the last {TAIL_LINES} of container logs, newest first; containers in trouble are"
        f" read first, at most {MOST_PODS} pods"
    ),
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "container": RowType.STRING,
        "node": RowType.STRING,
        "line": RowType.STRING,
        "previous": RowType.BOOLEAN,  # written by a run that has ended
        "line_age_s": RowType.INTEGER,
        "restarts": RowType.INTEGER,
        "exit_code": RowType.INTEGER,  # of the run that wrote the line, else of the one before it
        "finished_s": RowType.INTEGER,
        "crash_looping": RowType.BOOLEAN,
    },
    args={
        "capture": ArgDeclaration(says="RE2 pattern that a line must contain", required=True, adds_keys="regex"),
        "previous": ArgDeclaration(
            says="yes: only runs that have ended; no: only the newest run", choices=("yes", "no", "both")
        ),
        "container": ArgDeclaration(says="only containers of this name"),
        "among": ArgDeclaration(
            says="RE2 pattern: where the request names no object, only containers whose pod, name or image contains it"
        ),
        "selector": ArgDeclaration(says="labels of a fixed component to read instead of the focused pods"),
        "namespace": ArgDeclaration(says="where the fixed component runs (default: everywhere)"),
        "since_s": ArgDeclaration(says="only lines of the last N seconds"),
        "competing_first": ArgDeclaration(
            says="true: where the request names no object, the pods of leader elections are read before all others"
        ),
        "newest_only": ArgDeclaration(says="true: only the newest matching line of each log"),
    },
    permissions=(
        *READS_PODS,
        Permission(verb="get", resource="pods/log"),
        Permission(verb="get", group="coordination.k8s.io", resource="leases"),
        Permission(verb="list", group="coordination.k8s.io", resource="leases"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the logs of the containers in question, those in trouble first."""
    try:
        pattern = compile_pattern(look.args.get("capture"))
        among = compile_pattern(look.args.get("among"))
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what="logs", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
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
    gaps = [*suspects.gaps, *(matches.gap for matches in read_logs if matches.gap)]
    if len(chosen) < len(logs):
        detail = f"only {len(chosen)} of {len(logs)} logs were read"
        gaps.append(Gap(what="all container logs", reason=GapReason.TRUNCATED, detail=detail))
    rows = tuple(row for matches in read_logs for row in _rows(matches, look))
    return ProbeResult(rows=rows, gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing, looked_at=len(chosen))


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
    try:
        leases = (await look.snapshot.list("Lease", fields=f"metadata.namespace!={HEARTBEATS}")).items
    except ClusterError:
        return Competition((), ())
    return Competition(leases, pods)


async def _suspects(look: Look) -> Suspects:
    selector, namespace = str(look.args.get("selector") or ""), str(look.args.get("namespace") or "")
    if not selector:
        return await suspects_of(look)
    place = f"in {namespace}" if namespace else "in any namespace"
    try:
        pods = (await look.snapshot.list("Pod", namespace=namespace, labels=selector)).items
    except ClusterError as error:
        return Suspects(gaps=(error.gap(f"pods labelled {selector} {place}"),))
    if not pods:
        # The component may run outside the cluster, and fail there: its absence here proves nothing.
        detail = f"no pod {place} is labelled so: it runs outside the cluster, or under other labels"
        return Suspects(gaps=(Gap(what=f"the logs of {selector}", reason=GapReason.NOT_FOUND, detail=detail),))
    return Suspects(pods=pods)


def _is_in_question(container: Container, look: Look) -> bool:
    fixed = bool(look.args.get("selector"))
    wanted = str(look.args.get("container") or ("" if fixed else look.focus.container))
    if wanted:
        return container.name == wanted
    # The log of an init container that did its work does not show what fails now.
    done = container.state == "terminated" and container.detail.get("exitCode") == 0
    return not (container.init and done)


def _of_first_pods(logs: Sequence[Log]) -> list[Log]:
    """Return the logs of the first pods; `logs` come with the worst trouble first."""
    pods = list(dict.fromkeys(place_of(log.container.pod) for log in logs))
    return [log for log in logs if place_of(log.container.pod) in pods[:MOST_PODS]][:MOST_LOGS]


def _rows(matches: Matches, look: Look) -> Iterator[Row]:
    log, container, run = matches.log, matches.log.container, matches.log.run
    pod, owner = container.pod, owner_of(container.pod)
    for line in matches.lines:
        yield Row(
            values={
                **line.groups,
                "namespace": namespace_of(pod),
                "pod": name_of(pod),
                "owner_kind": owner.kind,
                "owner": owner.name,
                "container": container.name,
                "node": node_name_of(pod),
                "line": line.text,
                "previous": log.ended,
                "line_age_s": line.age_s,
                "restarts": container.restarts,
                "exit_code": run.exit_code if run else -1,
                "finished_s": run.finished_s if run else UNKNOWN,
                "crash_looping": container.crash_looping(look.now),
            },
            subject=ref(pod, "Pod"),
            quote=line.text,
            reproduce=log.reproduce,
            at=moment(look.snapshot, _age(line, log)),
        )


def _age(line: Line, log: Log) -> int:
    """Return the age of a line; a line without a time was written before its run ended."""
    return log.run.finished_s if line.age_s == UNKNOWN and log.ended and log.run else line.age_s


PROBE: Final = Probe(declaration=DECLARATION, read=read)
