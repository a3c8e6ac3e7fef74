"""What every node runs for its pods (kube-proxy, the CNI agent, a DNS cache): where it works, is broken, or is missing.

Found by the name and images of DaemonSets, since the request names the pod or Service that suffers, not the agent.
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
from bot.probes.contract import Look, Probe
from bot.probes.shared.agent_pods import MISSING, Agent, Placed, agents_of
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.log_lines import BadPattern, Line, compile_pattern, logs_of, matches_in
from bot.probes.shared.questioned_nodes import QuestionedNodes, questioned_nodes
from bot.probes.shared.scope import READS_PODS
from intents.domain import (
    ArgDeclaration,
    Gap,
    GapReason,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    Reading,
    Row,
    RowType,
)

# Pods whose logs are read: the broken ones first, then those on the nodes in question.
MOST_LOGS: Final = 10
_NO_NETWORK: Final = ("cni", "networkpluginnotready", "networkready=false")

DECLARATION: Final = ProbeDeclaration(
    name="node-agents",
    says="A row per node and agent that every node runs: does it work there, what did it say, what is the node",
    rows={
        "agent": RowType.STRING,  # the DaemonSet or static pod; "" on a node without any (every_node)
        "agent_kind": RowType.STRING,
        "agent_namespace": RowType.STRING,
        "image": RowType.STRING,
        "version": RowType.STRING,  # the image's tag
        "node": RowType.STRING,
        "asked": RowType.BOOLEAN,  # the pods asked about run here, or the request names none
        # Not `pod` and `namespace`: these are what the text names, and sentences fall back to that.
        "agent_pod": RowType.STRING,
        "ok": RowType.BOOLEAN,
        "trouble": RowType.STRING,  # "", starting, not ready, crash-looping, missing
        "why": RowType.STRING,
        "since_s": RowType.INTEGER,  # since when it is not ready
        "restarts": RowType.INTEGER,
        "line": RowType.STRING,  # the newest matching log line
        "line_age_s": RowType.INTEGER,
        "ok_nodes": RowType.INTEGER,  # of the same agent
        "bad_nodes": RowType.INTEGER,
        "differs": RowType.STRINGS,  # what all its bad nodes have and no good one
        "node_ready": RowType.STRING,
        "network_unavailable": RowType.STRING,
        "no_network": RowType.BOOLEAN,  # the kubelet says that the node's pod network is not ready
        "node_message": RowType.STRING,
        "kernel": RowType.STRING,
        "os_image": RowType.STRING,
        "kubelet": RowType.STRING,
        "runtime": RowType.STRING,
        "arch": RowType.STRING,
        "zone": RowType.STRING,
    },
    args={
        "among": ArgDeclaration(
            says="RE2 pattern that a DaemonSet's name and images (name image image …) must contain", required=True
        ),
        "capture": ArgDeclaration(says="RE2 pattern of a log line to look for (default: no logs)", adds_keys="regex"),
        "since_s": ArgDeclaration(says="only lines written in the last so many seconds"),
        "every_node": ArgDeclaration(says="true: also nodes without such an agent, with agent and trouble empty"),
        "absent": ArgDeclaration(says="what it means if no node has one: the question is then not applicable"),
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="list", group="apps", resource="daemonsets"),
                Permission(verb="list", resource="nodes"),
                Permission(verb="get", resource="pods/log"),
            )
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the log of a placed agent holds."""

    placed: Placed
    line: Line | None = None
    gaps: tuple[Gap, ...] = ()


async def read(look: Look) -> Reading:
    try:
        among = compile_pattern(look.args.get("among"))
        capture = compile_pattern(look.args["capture"]) if look.args.get("capture") else None
    except BadPattern as error:
        return Reading(gaps=(Gap(what="node agents", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    try:
        listing = await look.snapshot.list("Node")
    except ClusterError as error:
        return Reading(gaps=(error.gap("nodes"),))
    nodes = {name_of(node): node for node in listing.items}
    questioned, (agents, gaps) = await asyncio.gather(questioned_nodes(look), agents_of(look, among, nodes))
    gaps = (*((gap,) if (gap := listing.gap("nodes")) else ()), *gaps)
    absent = str(look.args.get("absent") or "")
    if not agents and not gaps and absent:
        return Reading(not_applicable=absent)
    rows: list[Row] = []
    for agent in agents:
        said = await _said(look, agent, questioned, capture) if capture else [_Said(placed=p) for p in agent.placed]
        gaps = (*gaps, *(gap for each in said for gap in each.gaps))
        rows += _rows(agent, said, nodes, questioned, capture)
    if look.flag("every_node"):
        rows += _bare_rows(nodes, rows, questioned, capture)
    return Reading(
        rows=tuple(sorted(rows, key=_order)),
        gaps=tuple(dict.fromkeys((*questioned.gaps, *gaps))),
        missing=questioned.missing,
    )


async def _said(look: Look, agent: Agent, questioned: QuestionedNodes, pattern: Any) -> list[_Said]:
    """The pods of one agent with the newest matching line of each."""
    placed = sorted(agent.placed, key=lambda each: (each.ok, not questioned.holds(each.node), each.node))
    with_pod = [each for each in placed if each.pod is not None]
    read_of = await asyncio.gather(*(_log_of(look, each, pattern) for each in with_pod[:MOST_LOGS]))
    rest = [_Said(placed=each) for each in (*with_pod[MOST_LOGS:], *(each for each in placed if each.pod is None))]
    if len(with_pod) > MOST_LOGS and read_of:
        detail = f"only {MOST_LOGS} of {len(with_pod)} were read"
        cut = Gap(what=f"the logs of {agent.ref}", reason=GapReason.TRUNCATED, detail=detail)
        read_of[-1] = replace(read_of[-1], gaps=(*read_of[-1].gaps, cut))
    return [*read_of, *rest]


async def _log_of(look: Look, placed: Placed, pattern: Any) -> _Said:
    containers = sorted(containers_in(placed.pod or {}), key=lambda each: trouble_order(each, look.now))
    # What a run that ended said is of interest as long as its successor is no better.
    which = "no" if placed.ok else "both"
    logs = [log for each in containers for log in logs_of(each, look.snapshot, which=which)]
    since_s = float(look.args.get("since_s") or 0)
    found = await asyncio.gather(*(matches_in(log, look.snapshot, pattern, since_s=since_s, most=1) for log in logs))
    lines = sorted((line for each in found for line in each.lines), key=lambda line: (line.age_s < 0, line.age_s))
    gaps = tuple(each.gap for each in found if each.gap)
    return _Said(placed=placed, line=lines[0] if lines else None, gaps=() if lines else gaps)


def _rows(
    agent: Agent, said: Sequence[_Said], nodes: Mapping[str, Json], questioned: QuestionedNodes, pattern: Any
) -> list[Row]:
    bad = [each.node for each in agent.placed if each.is_broken]
    good = [each.node for each in agent.placed if each.ok]
    shared = {
        "agent": agent.ref.name,
        "agent_kind": agent.ref.kind,
        "agent_namespace": agent.ref.namespace,
        "image": agent.image,
        "version": agent.version,
        "ok_nodes": len(good),
        "bad_nodes": len(bad),
        "differs": differences(
            (traits(nodes.get(node, {})) for node in bad), (traits(nodes.get(node, {})) for node in good)
        ),
    }
    return [_row(each, shared, nodes.get(each.placed.node, {}), questioned, pattern, agent.ref) for each in said]


def _row(
    said: _Said,
    shared: Mapping[str, Any],
    node: Json,
    questioned: QuestionedNodes,
    pattern: Any,
    agent: ObjectRef,
) -> Row:
    placed, line = said.placed, said.line
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
            "since_s": placed.since_s,
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
    """Rows of the nodes that have no agent at all."""
    covered = {row.values["node"] for row in rows}
    empty: dict[str, Any] = dict.fromkeys(
        ("agent", "agent_kind", "agent_namespace", "image", "version", "agent_pod", "trouble", "why", "line"), ""
    )
    numbers = {"since_s": UNKNOWN, "restarts": 0, "line_age_s": UNKNOWN, "ok_nodes": 0, "bad_nodes": 0}
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
    """What is broken comes first, and of that what is missing last: a pod says more than its absence."""
    values = row.values
    return (values["ok"], not values["asked"], values["trouble"] == MISSING, values["node"], values["agent"])


PROBE: Final = Probe(declaration=DECLARATION, read=read)
