"""Agents that run on every node, as DaemonSets or static pods: where each works, is broken, or is missing.

Those found by name and images are shown on all nodes: the request names the pod or Service that suffers from an agent
(kube-proxy, the CNI agent, a DNS cache), so the entry says which to look for. The pods of a DaemonSet in question are
the same everywhere, so the difference between good and bad ones is in the nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from bot.kube.agents import differences, traits
from bot.kube.containers import containers_in
from bot.kube.objects import condition, grouped, is_terminating, name_of, namespace_of, node_name_of, ref
from bot.kube.owners import owner_of, workload_of
from bot.kube.pod_states import wanted_node
from bot.kube.services import ip_in
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most, beside_the_verdict, may, probe, probe_of
from bot.probes.node_agents.agent_pods import (
    MISSING,
    Agent,
    AgentRow,
    Placed,
    agent_row,
    agents_of,
    newest_lines,
    placed_on,
)
from bot.probes.shared.log_lines import Line, compile_pattern
from bot.probes.shared.scope import READS_PODS, Suspects, pods_of
from intents.domain import ArgDeclaration, Json, ObjectRef, ProbeResult, Row

# So many logs are read, those of broken pods first, then those on the nodes in question.
MOST_LOGS: Final = 10
_NO_NETWORK: Final = ("cni", "networkpluginnotready", "networkready=false")
# Kinds that run no pods themselves: the clients of a Service may be on any node.
_ANYWHERE: Final = frozenset({"Service", "Ingress", "TidbCluster", "Namespace"})


class _OfAgent(RowValues):
    """The keys that all rows of one agent share."""

    agent: str = ""  # the DaemonSet or static pod; "" on a node without any (every_node)
    agent_kind: str = ""
    agent_namespace: str = ""
    version: str = ""  # the image's tag
    differs: tuple[str, ...] = ()  # what all its bad nodes have and no good one


class _OfNode(RowValues):
    """The keys that all rows of one node share."""

    asked: bool  # the pods in question run here, or the request names none
    node_ready: str
    network_unavailable: str
    no_network: bool  # the kubelet reports that the node's pod network is not ready
    node_message: str
    kubelet: str
    zone: str


class _Matching(RowValues):
    """An agent on a node; the defaults stand for a node that has none."""

    of_agent: _OfAgent = _OfAgent()
    of_node: _OfNode
    # Not `pod` and `namespace`: the text names these, and sentences fall back to the text.
    agent_pod: str = ""
    trouble: str = ""  # "", starting, not ready, crash-looping, missing
    why: str = ""
    line_age_s: int = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questioned:
    """The nodes in question; `names` is None where every node is. See ProbeResult for `missing`."""

    names: frozenset[str] | None = None
    missing: str = ""

    def holds(self, node: str) -> bool:
        """Tell whether a node is in question."""
        return self.names is None or node in self.names


_Logged = tuple[Placed, Line | None]


@probe(says="the agents that `among` finds, on all nodes", row=_Matching)
async def _read_matching(look: Look) -> ProbeResult:
    """Read all nodes, the agents that match, and their logs where a pattern asks for lines."""
    among = compile_pattern(look.args.get("among"))
    capture = compile_pattern(look.args["capture"]) if look.args.get("capture") else None
    nodes = {name_of(node): node for node in (await look.snapshot.list("Node")).items}
    questioned, agents = await asyncio.gather(_questioned_nodes(look), agents_of(look, among, nodes))
    if not agents and look.args.get("absent"):
        return ProbeResult(not_applicable=str(look.args["absent"]))
    rows: list[Row] = []
    logs = await asyncio.gather(*(_logged(look, agent, questioned, capture) for agent in agents))
    for agent, logged in zip(agents, logs, strict=True):
        rows += _rows(agent, logged, nodes, questioned, capture)
    if look.flag("every_node"):
        rows += _bare_rows(nodes, rows, questioned, capture)
    return ProbeResult(rows=tuple(sorted(rows, key=_order)), missing=questioned.missing)


async def _questioned_nodes(look: Look) -> _Questioned:
    """Return the node named; else those of the pods in question and of the pod at an address that the text names."""
    focus = look.focus
    if focus.kind in ("Node", *_ANYWHERE) or not (focus.name or focus.namespace):
        return _Questioned(names=frozenset({focus.named_node}) if focus.named_node else None)
    suspects = await pods_of(look)
    names = _nodes_of(suspects.pods) | ({focus.node} if focus.node else set())
    peers = await _at_named_address(look) if focus.name else ()
    return _Questioned(names=frozenset(names | _nodes_of(peers)), missing=suspects.missing)


async def _at_named_address(look: Look) -> tuple[Json, ...]:
    """Return the pods at the address that could not be reached; none where they may not be listed."""
    ip = next((found for word in ("address", "host") if (found := ip_in(look.named.get(word, "")))), "")
    if not ip:
        return ()
    with beside_the_verdict():
        return await look.list("Pod", fields=f"status.podIP={ip}")


def _nodes_of(pods: Iterable[Json]) -> set[str]:
    return set(filter(None, map(node_name_of, pods)))


async def _logged(look: Look, agent: Agent, questioned: _Questioned, pattern: Any) -> list[_Logged]:
    """Return the pods of one agent with the newest matching line of each; without a pattern none is looked for."""
    if pattern is None:
        return [(each, None) for each in agent.placed]
    placed = sorted(agent.placed, key=lambda each: (not each.pod, each.ok, not questioned.holds(each.node), each.node))
    with_pod = [each for each in placed if each.pod]
    chosen = at_most(MOST_LOGS, with_pod, what=f"the logs of {agent.ref}", says="were read")
    return list(zip_longest(placed, await asyncio.gather(*(_line_of(look, each, pattern) for each in chosen))))


async def _line_of(look: Look, placed: Placed, pattern: Any) -> Line | None:
    # The log of a run that ended matters as long as the next run is no better.
    which, since_s = "no" if placed.ok else "both", float(look.args.get("since_s") or 0)
    lines = await newest_lines(look, placed.pod or {}, pattern, which=which, since_s=since_s)
    return min(lines, key=lambda line: (line.age_s < 0, line.age_s), default=None)


def _rows(
    agent: Agent, logged: Sequence[_Logged], nodes: Mapping[str, Json], questioned: _Questioned, pattern: Any
) -> list[Row]:
    bad = [each.node for each in agent.placed if each.is_broken]
    good = [each.node for each in agent.placed if each.ok]
    of_agent = _OfAgent(
        agent=agent.ref.name,
        agent_kind=agent.ref.kind,
        agent_namespace=agent.ref.namespace,
        version=agent.version,
        differs=differences(
            (traits(nodes.get(node, {})) for node in bad), (traits(nodes.get(node, {})) for node in good)
        ),
    )
    place = f"kubectl -n {agent.ref.namespace}"
    rows = []
    for placed, line in logged:
        node, pod = nodes.get(placed.node, {}), name_of(placed.pod or {})
        matching = _Matching(
            of_agent=of_agent,
            of_node=_of_node(placed.node, node, questioned),
            agent_pod=pod,
            trouble=placed.trouble,
            why=placed.why,
            line_age_s=line.age_s if line else UNKNOWN,
        )
        common = agent_row(placed, node, line=line, good=len(good), bad=len(bad))
        of_node = f"get pods -o wide --field-selector spec.nodeName={placed.node}"
        row = common.row(
            ref(placed.pod, "Pod") if placed.pod else agent.ref,
            quote=line.text if line else placed.why or f"Ready on {placed.node}",
            reproduce=f"{place} logs {pod}" if line else f"{place} {of_node}",
            more={**_groups(line, pattern), **matching.values()},
        )
        rows.append(row)
    return rows


def _bare_rows(nodes: Mapping[str, Json], rows: Sequence[Row], questioned: _Questioned, pattern: Any) -> list[Row]:
    """Return a row per node that has no agent at all."""
    covered = {row.values["node"] for row in rows}
    return [
        agent_row(Placed(node=name), node).row(
            ref(node, "Node"),
            quote=str(condition(node, "Ready").get("message") or ""),
            more={**_groups(None, pattern), **_Matching(of_node=_of_node(name, node, questioned)).values()},
        )
        for name, node in nodes.items()
        if name not in covered
    ]


def _of_node(name: str, node: Json, questioned: _Questioned) -> _OfNode:
    ready, is_a = condition(node, "Ready"), traits(node)
    message = str(ready.get("message") or "")
    unready = str(ready.get("status") or "Unknown")
    return _OfNode(
        asked=questioned.holds(name),
        node_ready=unready,
        network_unavailable=str(condition(node, "NetworkUnavailable").get("status") or ""),
        no_network=unready != "True" and any(word in message.lower() for word in _NO_NETWORK),
        node_message=message,
        kubelet=is_a["kubelet"],
        zone=is_a["zone"],
    )


def _groups(line: Line | None, pattern: Any) -> Mapping[str, str]:
    return line.groups if line else dict.fromkeys(pattern.groupindex if pattern is not None else (), "")


def _order(row: Row) -> tuple[Any, ...]:
    """Return the sort key: broken agents first, of these the missing ones last, since they have no pod to look at."""
    values = row.values
    return (values["ok"], not values["asked"], values["trouble"] == MISSING, values["node"], values["agent"])


# So many logs are read of one DaemonSet: pods of it that fail for one reason log the same.
_MOST_LOGS_OF_ONE: Final = 6
MOST_DAEMONSETS: Final = 6
_KIND: Final = "DaemonSet"


class _Requested(RowValues):
    """A pod of a DaemonSet."""

    daemonset: str
    namespace: str
    pod: str
    same_line: int  # nodes of the same DaemonSet whose pods logged a matching line


@probe(says="the DaemonSet that the request is about, or those with a crash-looping pod", row=_Requested)
async def _read_requested(look: Look) -> ProbeResult:
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
        asyncio.gather(*(_logged_pods(look, sets[each], pattern) for each in chosen)),
    )
    nodes = {name_of(node): node for node in listing.items} if listing else {}
    rows = [
        row for owner, pods in zip(chosen, placed, strict=True) for row in _rows_of_one(owner, pods, nodes, pattern)
    ]
    return ProbeResult(rows=tuple(rows), missing=suspects.missing)


async def _suspects(look: Look) -> Suspects:
    """Return the pods in question; of a pod of a DaemonSet, all pods of that DaemonSet."""
    suspects = await pods_of(look)
    owners = {owner_of(pod).kind for pod in suspects.pods}
    if look.focus.kind not in ("Pod", "") or not look.focus.names_object or _KIND not in owners:
        return suspects
    mine = {workload_of(pod) for pod in suspects.pods}
    pods = await look.readable("Pod", namespace=namespace_of(suspects.pods[0]))
    return suspects if pods is None else replace(suspects, pods=tuple(pod for pod in pods if workload_of(pod) in mine))


def _by_daemonset(look: Look, pods: Sequence[Json], among: Any) -> dict[ObjectRef, list[Json]]:
    sets = grouped((pod for pod in pods if workload_of(pod).kind == _KIND), workload_of)
    if look.focus.names_object:
        return sets
    return {each: pods for each, pods in sets.items() if _is_in_question(look, each, pods, among)}


def _is_in_question(look: Look, daemonset: ObjectRef, pods: Sequence[Json], among: Any) -> bool:
    containers = [each for pod in pods for each in containers_in(pod)]
    if among is not None:
        return any(among.search(f"{daemonset.name} {each.image}") for each in containers)
    return any(each.crash_looping(look.now) for each in containers)


async def _logged_pods(look: Look, pods: Sequence[Json], pattern: Any) -> list[_Logged]:
    """Return the pods of one DaemonSet, the broken ones first, with their line. Pods being deleted do not count."""
    here = sorted((pod for pod in pods if not is_terminating(pod)), key=lambda pod: (wanted_node(pod), name_of(pod)))
    placed = sorted((placed_on(look, wanted_node(pod), pod) for pod in here), key=lambda each: each.ok)
    broken = [each.pod or {} for each in placed if not each.ok][:_MOST_LOGS_OF_ONE]
    lines = await asyncio.gather(*(newest_lines(look, pod, pattern) for pod in broken))
    return list(zip_longest(placed, (next(iter(each), None) for each in lines)))


def _rows_of_one(daemonset: ObjectRef, logged: Sequence[_Logged], nodes: Mapping[str, Json], pattern: Any) -> list[Row]:
    good = sum(placed.ok for placed, _ in logged)
    same_line = sum(line is not None for _, line in logged)
    rows = []
    for placed, line in logged:
        pod, node = name_of(placed.pod or {}), placed.node
        requested = _Requested(daemonset=daemonset.name, namespace=daemonset.namespace, pod=pod, same_line=same_line)
        bad = len(logged) - good
        row = agent_row(placed, nodes.get(node, {}), line=line, good=good, bad=bad).row(
            ref(placed.pod or {}, "Pod"),
            quote=line.text if line else f"{'Ready' if placed.ok else 'not Ready'} on {node}",
            reproduce=f"kubectl -n {daemonset.namespace} "
            + (f"logs {pod} --previous" if line else f"get pod {pod} -o wide"),
            more={**_groups(line, pattern), **requested.values()},
        )
        rows.append(row)
    return rows


read: Final = probe_of(
    {"matching": _read_matching, "requested": _read_requested},
    says="a row per node and agent that every node runs: does it work there, what did it log, what is the node",
    row=AgentRow,
    by="which",
    args={
        "among": "RE2 pattern that a DaemonSet's name and images (name image image …) must contain; with"
        " `which: requested` only where the request names no object, and then healthy ones are shown as well",
        "capture": ArgDeclaration(says="RE2 pattern of a log line to look for (default: no logs)", adds_keys="regex"),
        "since_s": "only lines of the last N seconds",
        "every_node": "true: also nodes without such an agent, with agent and trouble empty",
        "absent": "what it means if no node has one: the question is then not applicable",
    },
    permissions=(*READS_PODS, *may("list", "daemonsets.apps", "nodes"), *may("get", "pods/log")),
)
