"""The DaemonSet in question: the nodes where it works and where it does not, and in what these nodes differ.

Its pods are the same everywhere, so the difference between good and bad ones is in the nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.agents import node_of, traits
from bot.kube.containers import containers_in, trouble_order
from bot.kube.objects import is_terminating, name_of, namespace_of, ref
from bot.kube.owners import owner_of, workload_of
from bot.kube.pod_readiness import is_ready
from bot.probes.contract import Look
from bot.probes.shared.log_lines import BadPattern, Line, compile_pattern, logs_of, matches_in
from bot.probes.shared.scope import Suspects, pods_of
from intents.domain import (
    Gap,
    GapReason,
    Json,
    ObjectRef,
    ProbeResult,
    Row,
    RowType,
)

# So many logs are read of one DaemonSet: pods of it that fail for one reason log the same.
MOST_LOGS: Final = 6
MOST_DAEMONSETS: Final = 6
_KIND: Final = "DaemonSet"

KEYS: Final[Mapping[str, RowType]] = {
    "daemonset": RowType.STRING,
    "namespace": RowType.STRING,
    "pod": RowType.STRING,
    "same_line": RowType.INTEGER,  # nodes of the same DaemonSet whose pods logged a matching line
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A pod of a DaemonSet with the line found in its logs."""

    pod: Json
    ok: bool
    crash_looping: bool
    line: Line | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> ProbeResult:
    """Read the pods of the DaemonSets in question, their nodes, and the logs of pods that do not work."""
    try:
        pattern = compile_pattern(look.args.get("capture"))
        among = compile_pattern(look.args["among"]) if look.args.get("among") else None
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what="logs", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    suspects = await _suspects(look)
    sets = _by_daemonset(look, suspects.pods, among)
    chosen = sorted(sets)[:MOST_DAEMONSETS]
    (nodes, gap), placed = await asyncio.gather(
        _nodes(look), asyncio.gather(*(_placed(look, sets[each], pattern) for each in chosen))
    )
    rows = [row for owner, pods in zip(chosen, placed, strict=True) for row in _rows(owner, pods, nodes, pattern)]
    gaps = [*suspects.gaps, *(gap for pods in placed for each in pods for gap in each.gaps)]
    gaps += [gap] if gap and rows else []
    if len(chosen) < len(sets):
        detail = f"only {len(chosen)} of {len(sets)} were looked at"
        gaps.append(Gap(what="all DaemonSets", reason=GapReason.TRUNCATED, detail=detail))
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


async def _suspects(look: Look) -> Suspects:
    """Return the pods in question; of a pod of a DaemonSet, all pods of that DaemonSet."""
    suspects = await pods_of(look)
    owners = {owner_of(pod).kind for pod in suspects.pods}
    if look.focus.kind not in ("Pod", "") or not look.focus.names_object or _KIND not in owners:
        return suspects
    mine = {workload_of(pod) for pod in suspects.pods}
    try:
        listing = await look.snapshot.list("Pod", namespace=namespace_of(suspects.pods[0]))
    except ClusterError as error:
        return Suspects(pods=suspects.pods, missing=suspects.missing, gaps=(*suspects.gaps, error.gap()))
    siblings = tuple(pod for pod in listing.items if workload_of(pod) in mine)
    return Suspects(pods=siblings, missing=suspects.missing, gaps=suspects.gaps)


def _by_daemonset(look: Look, pods: Sequence[Json], among: Any) -> dict[ObjectRef, list[Json]]:
    sets: dict[ObjectRef, list[Json]] = {}
    for pod in pods:
        if (daemonset := workload_of(pod)).kind == _KIND:
            sets.setdefault(daemonset, []).append(pod)
    if look.focus.names_object:
        return sets
    return {each: pods for each, pods in sets.items() if _is_in_question(look, each, pods, among)}


def _is_in_question(look: Look, daemonset: ObjectRef, pods: Sequence[Json], among: Any) -> bool:
    containers = [each for pod in pods for each in containers_in(pod)]
    if among is not None:
        return any(among.search(f"{daemonset.name} {each.image}") for each in containers)
    return any(each.crash_looping(look.now) for each in containers)


async def _nodes(look: Look) -> tuple[Mapping[str, Json], Gap | None]:
    try:
        listing = await look.snapshot.list("Node", fresh=False)
    except ClusterError as error:
        return {}, error.gap("nodes")
    return {name_of(node): node for node in listing.items}, None


async def _placed(look: Look, pods: Sequence[Json], pattern: Any) -> list[_Placed]:
    """Return the pods of one DaemonSet, the broken ones with their line. Pods being deleted do not count."""
    here = [pod for pod in pods if not is_terminating(pod)]
    placed = [_without_line(look, pod) for pod in here]
    broken = [each for each in placed if not each.ok]
    with_lines = await asyncio.gather(*(_with_line(look, each, pattern) for each in broken[:MOST_LOGS]))
    return sorted(
        [*(each for each in placed if each.ok), *with_lines, *broken[MOST_LOGS:]],
        key=lambda each: (each.ok, node_of(each.pod), name_of(each.pod)),
    )


def _without_line(look: Look, pod: Json) -> _Placed:
    crash_looping = any(each.crash_looping(look.now) for each in containers_in(pod))
    return _Placed(pod=pod, ok=is_ready(pod) and not crash_looping, crash_looping=crash_looping)


async def _with_line(look: Look, placed: _Placed, pattern: Any) -> _Placed:
    containers = sorted(containers_in(placed.pod), key=lambda each: trouble_order(each, look.now))
    logs = [log for container in containers for log in logs_of(container, look.snapshot)]
    found = await asyncio.gather(*(matches_in(log, look.snapshot, pattern, most=1) for log in logs))
    lines = [line for matches in found for line in matches.lines]
    gaps = tuple(matches.gap for matches in found if matches.gap)
    return _Placed(
        pod=placed.pod,
        ok=placed.ok,
        crash_looping=placed.crash_looping,
        line=lines[0] if lines else None,
        gaps=() if lines else gaps,
    )


def _rows(daemonset: ObjectRef, placed: Sequence[_Placed], nodes: Mapping[str, Json], pattern: Any) -> list[Row]:
    good = sum(each.ok for each in placed)
    counts = {
        "ok_nodes": good,
        "bad_nodes": len(placed) - good,
        "same_line": sum(each.line is not None for each in placed),
    }
    return [_row(daemonset, each, nodes.get(node_of(each.pod), {}), counts, pattern) for each in placed]


def _row(daemonset: ObjectRef, placed: _Placed, node: Json, counts: Mapping[str, int], pattern: Any) -> Row:
    pod, line = placed.pod, placed.line
    node_name = node_of(pod)
    groups = line.groups if line else dict.fromkeys(pattern.groupindex, "")
    return Row(
        values={
            **groups,
            **counts,
            "daemonset": daemonset.name,
            "namespace": daemonset.namespace,
            "node": node_name,
            "pod": name_of(pod),
            "ok": placed.ok,
            "restarts": max((each.restarts for each in containers_in(pod)), default=0),
            "line": line.text if line else "",
            **traits(node),
        },
        subject=ref(pod, "Pod"),
        quote=line.text if line else f"Ready on {node_name}" if placed.ok else f"not Ready on {node_name}",
        reproduce=f"kubectl -n {daemonset.namespace} logs {name_of(pod)} --previous"
        if line
        else f"kubectl -n {daemonset.namespace} get pod {name_of(pod)} -o wide",
    )
