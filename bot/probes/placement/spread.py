"""Check whether the rules that keep replicas apart leave a waiting pod any node.

The scheduler names for each node only the first reason against it. Here every node that takes the pod is held against
the rules that keep it apart from other pods, so that "no node left" is a fact and not inferred from a message.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.objects import annotations_of, labels_of, name_of, namespace_of, ref, spec_of
from bot.kube.owners import owner_of
from bot.kube.placement import refusal
from bot.kube.replicas import replicas_of
from bot.kube.spreading import (
    HOSTNAME,
    TIDB_SCHEDULER,
    ClosedNode,
    Rule,
    Surroundings,
    closed_nodes,
    component_of,
    domain_of,
    occupied,
    rules_of,
    same_component,
    surroundings,
)
from bot.probes.contract import Look
from bot.probes.placement.waiting import MOST_NODES, MOST_PODS, about_node, about_pod, cut_off, waits
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

Node = Mapping[str, Any]

_HA_TOPOLOGY: Final = "pingcap.com/ha-topology-key"

KEYS: Final[Mapping[str, RowType]] = {
    "message": RowType.STRING,  # what the scheduler says of the pod
    "component": RowType.STRING,  # pd, tikv; "" for other pods
    "top_kind": RowType.STRING,
    "top_name": RowType.STRING,
    "replicas": RowType.INTEGER,  # desired of the owner, -1 if not known
    "placed": RowType.INTEGER,  # of the owner's pods that have a node
    "rules": RowType.STRINGS,  # that keep it apart: "pod anti-affinity by kubernetes.io/hostname"
    "topology_key": RowType.STRING,  # of the rule that closes most nodes
    "limit": RowType.INTEGER,  # pods a domain may hold by that rule, 0 where that varies
    "domains": RowType.INTEGER,  # of that topology, among the nodes that take the pod
    "open_nodes": RowType.INTEGER,  # admitting nodes that no rule closes
    "open_node": RowType.STRING,
    "domain": RowType.STRING,
    "closed_by": RowType.STRING,  # the rule
    "taken_by": RowType.STRINGS,  # namespace/name of the pods there
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _PodInQuestion:
    """A waiting pod with its owners, as far as they could be read, and the scheduler's message about it."""

    pod: Json
    owner: Json
    top: Json
    top_kind: str
    top_name: str
    message: str


async def read(look: Look) -> ProbeResult:
    """Hold every node that takes a waiting pod against the rules that keep it apart from other pods."""
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if waits(pod)]
    gaps = list(suspects.gaps)
    if not waiting:
        return ProbeResult(missing=suspects.missing, gaps=tuple(gaps), looked_at=len(suspects.pods))
    around, more = await _surroundings(look, waiting)
    gaps += more
    if around is None:
        return ProbeResult(missing=suspects.missing, gaps=tuple(dict.fromkeys(gaps)))
    # Replicas of one owner are one question.
    questions = list({owner_of(pod): pod for pod in reversed(waiting)}.values())[::-1]
    gaps += cut_off(questions, "every waiting pod")
    rows: list[Row] = []
    for question, found in await asyncio.gather(*(_question(look, pod) for pod in questions[:MOST_PODS])):
        gaps += found
        rows += _rows(question, around)
    return ProbeResult(
        rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing, looked_at=len(suspects.pods)
    )


async def _surroundings(look: Look, waiting: Sequence[Json]) -> tuple[Surroundings | None, list[Gap]]:
    """Return all nodes and the pods on them; from a part of the pods, a closed node would seem open."""
    kinds = {"Node": "the nodes", "Pod": "pods in all namespaces"}
    if any("namespaceSelector" in str(spec_of(pod).get("affinity") or "") for pod in waiting):
        kinds["Namespace"] = "the namespaces"
    gaps: list[Gap] = []
    found: dict[str, tuple[Json, ...]] = {}
    for kind, listing in zip(
        kinds, await asyncio.gather(*map(look.snapshot.list, kinds), return_exceptions=True), strict=True
    ):
        if isinstance(listing, ClusterError):
            gaps.append(listing.gap(kinds[kind]))
        elif isinstance(listing, BaseException):
            raise listing
        elif gap := listing.gap(kinds[kind]):
            gaps.append(gap)
        else:
            found[kind] = listing.items
    if "Node" not in found or "Pod" not in found:
        return None, gaps
    namespaces = {name_of(each): labels_of(each) for each in found.get("Namespace", ())}
    nodes = sorted(found["Node"], key=name_of)
    return surroundings(found["Pod"], nodes, namespaces=namespaces), gaps


async def _question(look: Look, pod: Json) -> tuple[_PodInQuestion, list[Gap]]:
    found = await owners.owners_of(look.snapshot, pod)
    gaps = [found.gap] if found.gap else []
    own = owner_of(pod)
    owner = next((each for each in found.manifests if name_of(each) == own.name), {})
    top = found.refs[-1] if found.refs else own
    manifest = found.manifests[-1] if found.manifests and not found.gap else {}
    message = str(condition(pod, "PodScheduled").get("message") or "")
    if not message:
        # Other schedulers than the default one may report it in events alone.
        try:
            events = await look.snapshot.events(ref(pod, "Pod"))
        except ClusterError as error:
            gaps.append(error.gap(f"events in {namespace_of(pod)}"))
        else:
            failed = [each for each in events if each.get("reason") in ("FailedScheduling", "HAScheduling")]
            message = str(failed[-1].get("message") or "") if failed else ""
    question = _PodInQuestion(pod=pod, owner=owner, top=manifest, top_kind=top.kind, top_name=top.name, message=message)
    return question, gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nodes:
    """All nodes, held against one waiting pod: why each does not admit it, and which rule closes it."""

    nodes: Sequence[Node]
    why_not: Mapping[str, str]
    closed: Mapping[str, ClosedNode]

    @property
    def admitting(self) -> list[Node]:
        return [node for node in self.nodes if not self.why_not[name_of(node)]]

    @property
    def open(self) -> list[str]:
        return [name_of(node) for node in self.admitting if name_of(node) not in self.closed]

    def main_rule(self, rules: Sequence[Rule]) -> Rule | None:
        """Return the rule that closes most nodes; before any is closed, the first that there is."""
        closing = Counter(self.closed[name_of(node)].rule for node in self.admitting if name_of(node) in self.closed)
        return max(closing, key=lambda rule: (closing[rule], rule.name), default=rules[0] if rules else None)

    def domains(self, rule: Rule | None) -> int:
        """Return how many domains of a rule's topology the admitting nodes form."""
        return len({domain_of(node, rule.topology_key) for node in self.admitting} - {""}) if rule else 0


def _rows(question: _PodInQuestion, around: Surroundings) -> list[Row]:
    pod = question.pod
    replicas = replicas_of(question.owner).desired if question.owner else -1
    rules = _rules(question, around, replicas)
    ha = next((each for each in rules if each.name == TIDB_SCHEDULER), None)
    held = _Nodes(
        nodes=around.nodes,
        why_not={name_of(node): refusal(pod, node) for node in around.nodes},
        closed=closed_nodes(pod, around, ha=ha),
    )
    main = held.main_rule(rules)
    shared: dict[str, Value] = {
        **about_pod(pod),
        "message": question.message,
        "component": component_of(pod),
        "top_kind": question.top_kind,
        "top_name": question.top_name,
        "replicas": replicas,
        "placed": sum(owner_of(each) == owner_of(pod) for each in around.pods),
        "rules": tuple(f"{each.name} by {each.topology_key}" for each in rules),
        "topology_key": main.topology_key if main else "",
        "limit": main.limit if main else 0,
        "domains": held.domains(main),
        "nodes_total": len(around.nodes),
        "admitting_nodes": len(held.admitting),
        "open_nodes": len(held.open),
        "open_node": next(iter(held.open), ""),
    }
    ordered = sorted(around.nodes, key=lambda node: (bool(held.why_not[name_of(node)]), name_of(node)))
    return [_row(pod, node, shared, held, main=main) for node in ordered[:MOST_NODES]]


def _rules(question: _PodInQuestion, around: Surroundings, replicas: int) -> tuple[Rule, ...]:
    key = str(annotations_of(question.top).get(_HA_TOPOLOGY) or HOSTNAME)
    peers = same_component(question.pod, around.pods) if component_of(question.pod) else []
    return rules_of(question.pod, replicas=replicas, ha_key=key, spread_over=len(occupied(peers, key, around)))


def _row(pod: Json, node: Node, shared: Mapping[str, Value], held: _Nodes, *, main: Rule | None) -> Row:
    closed = held.closed.get(name_of(node))
    by = ""
    if closed:
        by = f"{closed.rule.name} by {closed.rule.topology_key}"
        by += " (the node has no such label)" if closed.without_label else ""
    values: dict[str, Value] = {
        **shared,
        **about_node(node, held.why_not[name_of(node)]),
        "domain": domain_of(node, main.topology_key) if main else "",
        "closed_by": by,
        "taken_by": closed.pods if closed else (),
    }
    namespace = namespace_of(pod)
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=str(shared["message"]),
        reproduce=f"kubectl -n {namespace} get pod {name_of(pod)} -o yaml; kubectl -n {namespace} get pods -o wide",
    )
