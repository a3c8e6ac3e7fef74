"""Agents that run on every node, as DaemonSets or static pods: where each works, is broken, or is missing."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Shown, may, probe
from bot.probes.node_agents import matching
from bot.probes.node_agents.agent_pods import AgentRow
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration

PROBE: Final = probe(
    name="node-agents",
    says="a row per node and agent that every node runs: does it work there, what did it log, what is the node",
    row=AgentRow,
    by="which",
    shows={
        "matching": Shown(
            says="the agents that `among` finds, on all nodes", row=matching.Matching, read=matching.read_matching
        ),
        "requested": Shown(
            says="the DaemonSet that the request is about, or those with a crash-looping pod",
            row=matching.Requested,
            read=matching.read_requested,
        ),
    },
    args={
        "among": ArgDeclaration(
            says="RE2 pattern that a DaemonSet's name and images (name image image …) must contain; with"
            " `which: requested` only where the request names no object, and then healthy ones are shown as well"
        ),
        "capture": ArgDeclaration(says="RE2 pattern of a log line to look for (default: no logs)", adds_keys="regex"),
        "since_s": ArgDeclaration(says="only lines of the last N seconds"),
        "every_node": ArgDeclaration(says="true: also nodes without such an agent, with agent and trouble empty"),
        "absent": ArgDeclaration(says="what it means if no node has one: the question is then not applicable"),
    },
    permissions=(*READS_PODS, *may("list", "daemonsets.apps", "nodes"), *may("get", "pods/log")),
)
