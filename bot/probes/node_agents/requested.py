"""The DaemonSet in question: the nodes where it works and where it does not, and in what these nodes differ.

Its pods are the same everywhere, so the difference between good and bad ones is in the nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.kube.containers import containers_in
from bot.kube.objects import is_terminating, name_of, namespace_of, ref
from bot.kube.owners import owner_of, workload_of
from bot.kube.pod_states import is_ready, wanted_node
from bot.probes.contract import Look, at_most
from bot.probes.node_agents.agent_pods import agent_row, newest_lines
from bot.probes.rows import RowValues
from bot.probes.shared.log_lines import Line, compile_pattern
from bot.probes.shared.scope import Suspects, pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row

# So many logs are read of one DaemonSet: pods of it that fail for one reason log the same.
MOST_LOGS: Final = 6
MOST_DAEMONSETS: Final = 6
_KIND: Final = "DaemonSet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(RowValues):
    """A pod of a DaemonSet."""

    daemonset: str
    namespace: str
    pod: str
    same_line: int  # nodes of the same DaemonSet whose pods logged a matching line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A pod of a DaemonSet with the line found in its logs."""

    pod: Json
    ok: bool
    line: Line | None = None


async def read(look: Look) -> ProbeResult:
    """Read the pods of the DaemonSets in question, their nodes, and the logs of pods that do not work."""
    pattern = compile_pattern(look.args.get("capture"))
    among = compile_pattern(look.args["among"]) if look.args.get("among") else None
    suspects = await _suspects(look)
    sets = _by_daemonset(look, suspects.pods, among)
    chosen = at_most(MOST_DAEMONSETS, sorted(sets), what="all DaemonSets", says="were looked at")
    if not chosen:
        return ProbeResult(missing=suspects.missing)
    listing, placed = await asyncio.gather(
        look.unless_refused(look.snapshot.list("Node", fresh=False), None),
        asyncio.gather(*(_placed(look, sets[each], pattern) for each in chosen)),
    )
    nodes = {name_of(node): node for node in listing.items} if listing else {}
    rows = [row for owner, pods in zip(chosen, placed, strict=True) for row in _rows(owner, pods, nodes, pattern)]
    return ProbeResult(rows=tuple(rows), missing=suspects.missing)


async def _suspects(look: Look) -> Suspects:
    """Return the pods in question; of a pod of a DaemonSet, all pods of that DaemonSet."""
    suspects = await pods_of(look)
    owners = {owner_of(pod).kind for pod in suspects.pods}
    if look.focus.kind not in ("Pod", "") or not look.focus.names_object or _KIND not in owners:
        return suspects
    mine = {workload_of(pod) for pod in suspects.pods}
    listing = await look.unless_refused(look.snapshot.list("Pod", namespace=namespace_of(suspects.pods[0])), None)
    if listing is None:
        return suspects
    return replace(suspects, pods=tuple(pod for pod in listing.items if workload_of(pod) in mine))


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


async def _placed(look: Look, pods: Sequence[Json], pattern: Any) -> list[_Placed]:
    """Return the pods of one DaemonSet, the broken ones with their line. Pods being deleted do not count."""
    here = [pod for pod in pods if not is_terminating(pod)]
    placed = [_without_line(look, pod) for pod in here]
    broken = [each for each in placed if not each.ok]
    with_lines = await asyncio.gather(*(_with_line(look, each, pattern) for each in broken[:MOST_LOGS]))
    return sorted(
        [*(each for each in placed if each.ok), *with_lines, *broken[MOST_LOGS:]],
        key=lambda each: (each.ok, wanted_node(each.pod), name_of(each.pod)),
    )


def _without_line(look: Look, pod: Json) -> _Placed:
    return _Placed(pod=pod, ok=is_ready(pod) and not any(each.crash_looping(look.now) for each in containers_in(pod)))


async def _with_line(look: Look, placed: _Placed, pattern: Any) -> _Placed:
    return replace(placed, line=next(iter(await newest_lines(look, placed.pod, pattern)), None))


def _rows(daemonset: ObjectRef, placed: Sequence[_Placed], nodes: Mapping[str, Json], pattern: Any) -> list[Row]:
    good = sum(each.ok for each in placed)
    same_line = sum(each.line is not None for each in placed)
    rows = []
    for each in placed:
        pod, line, node = name_of(each.pod), each.line, wanted_node(each.pod)
        requested = Requested(daemonset=daemonset.name, namespace=daemonset.namespace, pod=pod, same_line=same_line)
        row = agent_row(
            node,
            nodes.get(node, {}),
            ok=each.ok,
            restarts=max((container.restarts for container in containers_in(each.pod)), default=0),
            line=line,
            good=good,
            bad=len(placed) - good,
        ).row(
            ref(each.pod, "Pod"),
            quote=line.text if line else f"{'Ready' if each.ok else 'not Ready'} on {node}",
            reproduce=f"kubectl -n {daemonset.namespace} "
            + (f"logs {pod} --previous" if line else f"get pod {pod} -o wide"),
            more={**(line.groups if line else dict.fromkeys(pattern.groupindex, "")), **requested.values()},
        )
        rows.append(row)
    return rows
