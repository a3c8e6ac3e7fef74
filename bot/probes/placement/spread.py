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

from bot.kube.objects import annotations_of, condition, labels_of, name_of, place_of, ref, spec_of, waits_for_scheduler
from bot.kube.owners import owner_of
from bot.kube.placement import refusal
from bot.kube.rollouts import replicas_of
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
from bot.probes.contract import Look, RowValues, probe
from bot.probes.placement.waiting import MOST_NODES, Held, one_of_each_owner
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row

_HA_TOPOLOGY: Final = "pingcap.com/ha-topology-key"


class _Apart(RowValues):
    """The rules that keep a pod apart from others, and what they leave of the nodes."""

    message: str  # what the scheduler says of the pod
    component: str  # pd, tikv; "" for other pods
    top_kind: str
    top_name: str
    replicas: int  # desired of the owner, -1 if not known
    placed: int  # of the owner's pods that have a node
    rules: tuple[str, ...]  # that keep it apart: "pod anti-affinity by kubernetes.io/hostname"
    topology_key: str  # of the rule that closes most nodes
    limit: int  # pods a domain may hold by that rule, 0 where that varies
    domains: int  # of that topology, among the nodes that take the pod
    open_nodes: int  # admitting nodes that no rule closes
    open_node: str


class SpreadShown(RowValues):
    """A node, and the rule that closes it."""

    apart: _Apart
    domain: str
    closed_by: str  # the rule
    taken_by: tuple[str, ...]  # namespace/name of the pods there


@dataclass(frozen=True, slots=True, kw_only=True)
class _PodInQuestion:
    """A waiting pod with its owners, as far as they could be read, and the scheduler's message about it."""

    pod: Json
    owner: Json
    top: Json
    top_ref: ObjectRef
    message: str


@probe(says="the rules that keep pods apart, and through whom they close a node", row=SpreadShown)
async def read(look: Look) -> ProbeResult:
    """Hold every node that takes a waiting pod against the rules that keep it apart from other pods."""
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if waits_for_scheduler(pod)]
    if not waiting:
        return ProbeResult(missing=suspects.missing, looked_at=len(suspects.pods))
    around = await _surroundings(look, waiting)
    if around is None:
        return ProbeResult(missing=suspects.missing)
    questions = await asyncio.gather(*(_question(look, pod) for pod in one_of_each_owner(waiting)))
    return ProbeResult(
        rows=tuple(row for question in questions for row in _rows(question, around)),
        missing=suspects.missing,
        looked_at=len(suspects.pods),
    )


async def _surroundings(look: Look, waiting: Sequence[Json]) -> Surroundings | None:
    """Return all nodes and the pods on them; from a part of the pods, a closed node would seem open."""
    by_namespace = any("namespaceSelector" in str(spec_of(pod).get("affinity") or "") for pod in waiting)
    kinds = ("Node", "Pod", "Namespace") if by_namespace else ("Node", "Pod")
    nodes, pods, *others = await asyncio.gather(*map(look.whole, kinds))
    if nodes is None or pods is None:
        return None
    namespaces = {name_of(each): labels_of(each) for found in others for each in found or ()}
    return surroundings(pods, sorted(nodes, key=name_of), namespaces=namespaces)


async def _question(look: Look, pod: Json) -> _PodInQuestion:
    found, own = await look.owners_of(pod), owner_of(pod)
    message = str(condition(pod, "PodScheduled").get("message") or "")
    if not message:
        # Other schedulers than the default one may report it in events alone.
        message = await look.newest_message(ref(pod, "Pod"), "FailedScheduling", "HAScheduling")
    return _PodInQuestion(
        pod=pod,
        owner=next((each for each in found.manifests if name_of(each) == own.name), {}),
        top=found.manifests[-1] if found.manifests and not found.gap else {},
        top_ref=found.refs[-1] if found.refs else own,
        message=message,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Closed(Held):
    """All nodes, held against one waiting pod, with the rule that closes each."""

    closed: Mapping[str, ClosedNode]

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
    held = _Closed(
        pod=pod,
        nodes=around.nodes,
        why_not={name_of(node): refusal(pod, node) for node in around.nodes},
        closed=closed_nodes(pod, around, ha=ha),
    )
    main, open_nodes = held.main_rule(rules), held.open
    apart = _Apart(
        message=question.message,
        component=component_of(pod),
        top_kind=question.top_ref.kind,
        top_name=question.top_ref.name,
        replicas=replicas,
        placed=sum(owner_of(each) == owner_of(pod) for each in around.pods),
        rules=tuple(f"{each.name} by {each.topology_key}" for each in rules),
        topology_key=main.topology_key if main else "",
        limit=main.limit if main else 0,
        domains=held.domains(main),
        open_nodes=len(open_nodes),
        open_node=next(iter(open_nodes), ""),
    )
    ordered = sorted(around.nodes, key=lambda node: (bool(held.why_not[name_of(node)]), name_of(node)))
    return [_row(node, apart, held, main) for node in ordered[:MOST_NODES]]


def _rules(question: _PodInQuestion, around: Surroundings, replicas: int) -> tuple[Rule, ...]:
    key = str(annotations_of(question.top).get(_HA_TOPOLOGY) or HOSTNAME)
    peers = same_component(question.pod, around.pods) if component_of(question.pod) else []
    return rules_of(question.pod, replicas=replicas, ha_key=key, spread_over=len(occupied(peers, key, around)))


def _row(node: Mapping[str, Any], apart: _Apart, held: _Closed, main: Rule | None) -> Row:
    closed = held.closed.get(name_of(node))
    by = ""
    if closed:
        by = f"{closed.rule.name} by {closed.rule.topology_key}"
        by += " (the node has no such label)" if closed.without_label else ""
    shown = SpreadShown(
        apart=apart,
        domain=domain_of(node, main.topology_key) if main else "",
        closed_by=by,
        taken_by=closed.pods if closed else (),
    )
    namespace, name = place_of(held.pod)
    return held.row(
        node,
        shown,
        quote=apart.message,
        reproduce=f"kubectl -n {namespace} get pod {name} -o yaml; kubectl -n {namespace} get pods -o wide",
    )
