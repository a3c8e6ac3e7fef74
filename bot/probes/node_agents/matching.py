"""Agents that nodes run for their pods (kube-proxy, the CNI agent, a DNS cache), found by name and images.

The request names the pod or Service that suffers, not the agent: so the entry says which agents to look for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.agents import differences, traits
from bot.kube.conditions import condition
from bot.kube.containers import containers_in, trouble_order
from bot.kube.objects import name_of, ref
from bot.probes.contract import Look
from bot.probes.node_agents.agent_pods import MISSING, Agent, Placed, agents_of
from bot.probes.node_agents.questioned_nodes import QuestionedNodes, questioned_nodes
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.log_lines import BadPattern, Line, compile_pattern, logs_of, matches_in
from intents.domain import (
    Gap,
    GapReason,
    Json,
    ObjectRef,
    ProbeResult,
    Row,
    RowType,
)

# So many logs are read, those of broken pods first, then those on the nodes in question.
MOST_LOGS: Final = 10
_NO_NETWORK: Final = ("cni", "networkpluginnotready", "networkready=false")

KEYS: Final[Mapping[str, RowType]] = {
    "agent": RowType.STRING,  # the DaemonSet or static pod; "" on a node without any (every_node)
    "agent_kind": RowType.STRING,
    "agent_namespace": RowType.STRING,
    "version": RowType.STRING,  # the image's tag
    "asked": RowType.BOOLEAN,  # the pods in question run here, or the request names none
    # Not `pod` and `namespace`: the text names these, and sentences fall back to the text.
    "agent_pod": RowType.STRING,
    "trouble": RowType.STRING,  # "", starting, not ready, crash-looping, missing
    "why": RowType.STRING,
    "line_age_s": RowType.INTEGER,
    "differs": RowType.STRINGS,  # what all its bad nodes have and no good one
    "node_ready": RowType.STRING,
    "network_unavailable": RowType.STRING,
    "no_network": RowType.BOOLEAN,  # the kubelet reports that the node's pod network is not ready
    "node_message": RowType.STRING,
    "kubelet": RowType.STRING,
    "zone": RowType.STRING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Logged:
    """An agent on one node with the line found in its log."""

    placed: Placed
    line: Line | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> ProbeResult:
    """Read all nodes, the agents that match, and their logs where a pattern asks for lines."""
    try:
        among = compile_pattern(look.args.get("among"))
        capture = compile_pattern(look.args["capture"]) if look.args.get("capture") else None
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what="node agents", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    try:
        listing = await look.snapshot.list("Node")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("nodes"),))
    nodes = {name_of(node): node for node in listing.items}
    questioned, (agents, gaps) = await asyncio.gather(questioned_nodes(look), agents_of(look, among, nodes))
    gaps = (*((gap,) if (gap := listing.gap("nodes")) else ()), *gaps)
    absent = str(look.args.get("absent") or "")
    if not agents and not gaps and absent:
        return ProbeResult(not_applicable=absent)
    rows: list[Row] = []
    logs = await asyncio.gather(*(_logged(look, agent, questioned, capture) for agent in agents))
    for agent, logged in zip(agents, logs, strict=True):
        gaps = (*gaps, *(gap for each in logged for gap in each.gaps))
        rows += _rows(agent, logged, nodes, questioned, capture)
    if look.flag("every_node"):
        rows += _bare_rows(nodes, rows, questioned, capture)
    gaps = tuple(dict.fromkeys((*questioned.gaps, *gaps)))
    return ProbeResult(rows=tuple(sorted(rows, key=_order)), gaps=gaps, missing=questioned.missing)


async def _logged(look: Look, agent: Agent, questioned: QuestionedNodes, pattern: Any) -> list[_Logged]:
    """Return the pods of one agent with the newest matching line of each; without a pattern none is looked for."""
    if pattern is None:
        return [_Logged(placed=each) for each in agent.placed]
    placed = sorted(agent.placed, key=lambda each: (each.ok, not questioned.holds(each.node), each.node))
    with_pod = [each for each in placed if each.pod is not None]
    read_of = await asyncio.gather(*(_log_of(look, each, pattern) for each in with_pod[:MOST_LOGS]))
    rest = [_Logged(placed=each) for each in (*with_pod[MOST_LOGS:], *(each for each in placed if each.pod is None))]
    if len(with_pod) > MOST_LOGS and read_of:
        detail = f"only {MOST_LOGS} of {len(with_pod)} were read"
        cut = Gap(what=f"the logs of {agent.ref}", reason=GapReason.TRUNCATED, detail=detail)
        read_of[-1] = replace(read_of[-1], gaps=(*read_of[-1].gaps, cut))
    return [*read_of, *rest]


async def _log_of(look: Look, placed: Placed, pattern: Any) -> _Logged:
    containers = sorted(containers_in(placed.pod or {}), key=lambda each: trouble_order(each, look.now))
    # The log of a run that ended matters as long as the next run is no better.
    which = "no" if placed.ok else "both"
    logs = [log for each in containers for log in logs_of(each, look.snapshot, which=which)]
    since_s = float(look.args.get("since_s") or 0)
    found = await asyncio.gather(*(matches_in(log, look.snapshot, pattern, since_s=since_s, most=1) for log in logs))
    lines = sorted((line for each in found for line in each.lines), key=lambda line: (line.age_s < 0, line.age_s))
    gaps = tuple(each.gap for each in found if each.gap)
    return _Logged(placed=placed, line=lines[0] if lines else None, gaps=() if lines else gaps)


def _rows(
    agent: Agent, logged: Sequence[_Logged], nodes: Mapping[str, Json], questioned: QuestionedNodes, pattern: Any
) -> list[Row]:
    bad = [each.node for each in agent.placed if each.is_broken]
    good = [each.node for each in agent.placed if each.ok]
    shared = {
        "agent": agent.ref.name,
        "agent_kind": agent.ref.kind,
        "agent_namespace": agent.ref.namespace,
        "version": agent.version,
        "ok_nodes": len(good),
        "bad_nodes": len(bad),
        "differs": differences(
            (traits(nodes.get(node, {})) for node in bad), (traits(nodes.get(node, {})) for node in good)
        ),
    }
    return [_row(each, shared, nodes.get(each.placed.node, {}), questioned, pattern, agent.ref) for each in logged]


def _row(
    logged: _Logged,
    shared: Mapping[str, Any],
    node: Json,
    questioned: QuestionedNodes,
    pattern: Any,
    agent: ObjectRef,
) -> Row:
    placed, line = logged.placed, logged.line
    pod = name_of(placed.pod) if placed.pod else ""
    groups = line.groups if line else _no_groups(pattern)
    place = f"kubectl -n {agent.namespace}"
    return Row(
        values={
            **groups,
            **shared,
            **_of_node(placed.node, node, questioned),
            "agent_pod": pod,
            "ok": placed.ok,
            "trouble": placed.trouble,
            "why": placed.why,
            "restarts": placed.restarts,
            "line": line.text if line else "",
            "line_age_s": line.age_s if line else UNKNOWN,
        },
        subject=ref(placed.pod, "Pod") if placed.pod else agent,
        quote=line.text if line else placed.why or f"Ready on {placed.node}",
        reproduce=f"{place} logs {pod}"
        if line
        else f"{place} get pods -o wide --field-selector spec.nodeName={placed.node}",
    )


def _bare_rows(nodes: Mapping[str, Json], rows: Sequence[Row], questioned: QuestionedNodes, pattern: Any) -> list[Row]:
    """Return a row per node that has no agent at all."""
    covered = {row.values["node"] for row in rows}
    empty: dict[str, Any] = dict.fromkeys(
        ("agent", "agent_kind", "agent_namespace", "version", "agent_pod", "trouble", "why", "line"), ""
    )
    numbers = {"restarts": 0, "line_age_s": UNKNOWN, "ok_nodes": 0, "bad_nodes": 0}
    return [
        Row(
            values={
                **_no_groups(pattern),
                **empty,
                **numbers,
                "ok": True,
                "differs": (),
                **_of_node(name, node, questioned),
            },
            subject=ref(node, "Node"),
            quote=str(condition(node, "Ready").get("message") or ""),
            reproduce=f"kubectl describe node {name}",
        )
        for name, node in nodes.items()
        if name not in covered
    ]


def _of_node(name: str, node: Json, questioned: QuestionedNodes) -> dict[str, Any]:
    ready = condition(node, "Ready")
    message = str(ready.get("message") or "")
    unready = str(ready.get("status") or "Unknown")
    return {
        "node": name,
        "asked": questioned.holds(name),
        "node_ready": unready,
        "network_unavailable": str(condition(node, "NetworkUnavailable").get("status") or ""),
        "no_network": unready != "True" and any(word in message.lower() for word in _NO_NETWORK),
        "node_message": message,
        **traits(node),
    }


def _no_groups(pattern: Any) -> dict[str, str]:
    return dict.fromkeys(pattern.groupindex, "") if pattern is not None else {}


def _order(row: Row) -> tuple[Any, ...]:
    """Return the sort key: broken agents first, of these the missing ones last, since they have no pod to look at."""
    values = row.values
    return (values["ok"], not values["asked"], values["trouble"] == MISSING, values["node"], values["agent"])
