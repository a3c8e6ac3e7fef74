"""Whether the rules that keep replicas apart leave a waiting pod any node.

The scheduler names, node by node, only the first thing that was in the way. Here every node that takes the pod is held
against the rules that keep it apart from other pods, so that "no node left" is a fact and not a reading of a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.placement import is_cordoned, refusal
from bot.kube.replicas import replicas_of
from bot.kube.spreading import (
    HOSTNAME,
    TIDB_SCHEDULER,
    Closed,
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
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, GapReason, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

MOST_PODS: Final = 3
MOST_NODES: Final = 40
_HA_TOPOLOGY: Final = "pingcap.com/ha-topology-key"

DECLARATION: Final = ProbeDeclaration(
    name="spread",
    says="For each waiting pod asked about, a row per node: do rules that keep pods apart close it, and through whom",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "age_s": RowType.INTEGER,  # since when it waits
        "message": RowType.STRING,  # what the scheduler says of it
        "scheduler": RowType.STRING,
        "component": RowType.STRING,  # pd, tikv; "" for other pods
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "top_kind": RowType.STRING,
        "top_name": RowType.STRING,
        "replicas": RowType.INTEGER,  # desired of the owner, -1 if not known
        "placed": RowType.INTEGER,  # of the owner's pods that have a node
        "rules": RowType.STRINGS,  # that keep it apart: "pod anti-affinity by kubernetes.io/hostname"
        "topology_key": RowType.STRING,  # of the rule that closes most nodes
        "limit": RowType.INTEGER,  # pods a domain may hold by that rule, 0 where that varies
        "domains": RowType.INTEGER,  # of that topology, among the nodes that take the pod
        "nodes_total": RowType.INTEGER,
        "admitting_nodes": RowType.INTEGER,  # that would take the pod if no other pod were there
        "closed_nodes": RowType.INTEGER,  # of these, closed by the rules
        "open_nodes": RowType.INTEGER,
        "open_node": RowType.STRING,
        "refused_nodes": RowType.INTEGER,  # that do not take it for reasons of their own
        "node": RowType.STRING,
        "domain": RowType.STRING,
        "admits": RowType.BOOLEAN,
        "why_not": RowType.STRING,  # why it does not admit the pod: cordoned, taint …
        "cordoned": RowType.BOOLEAN,
        "closed_by": RowType.STRING,  # the rule
        "taken_by": RowType.STRINGS,  # namespace/name of the pods there
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="list", resource="nodes"),
                Permission(verb="list", resource="namespaces"),
                Permission(verb="list", resource="events"),
                *owners.PERMISSIONS,
            )
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A waiting pod with what is known of whom it belongs to."""

    pod: Json
    owner: Json
    top: Json
    top_kind: str
    top_name: str
    message: str


async def read(look: Look) -> Reading:
    suspects = await pods_of(look)
    waiting = [pod for pod in suspects.pods if _waits(pod)]
    gaps = list(suspects.gaps)
    if not waiting:
        return Reading(missing=suspects.missing, gaps=tuple(gaps))
    around, more = await _surroundings(look, waiting)
    gaps += more
    if around is None:
        return Reading(missing=suspects.missing, gaps=tuple(dict.fromkeys(gaps)))
    # Replicas of one owner are one question.
    questions = list({owner_of(pod): pod for pod in reversed(waiting)}.values())[::-1]
    if len(questions) > MOST_PODS:
        gaps.append(Gap(what="every waiting pod", reason=GapReason.TRUNCATED, detail="too many kinds of them"))
    rows: list[Row] = []
    for asked, found in await asyncio.gather(*(_asked(look, pod) for pod in questions[:MOST_PODS])):
        gaps += found
        rows += _rows(look, asked, around)
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _waits(pod: Json) -> bool:
    return (
        not (pod.get("spec") or {}).get("nodeName")
        and (pod.get("status") or {}).get("phase") in ("Pending", None)
        and not (pod.get("spec") or {}).get("schedulingGates")
    )


async def _surroundings(look: Look, waiting: Sequence[Json]) -> tuple[Surroundings | None, list[Gap]]:
    """All nodes and the pods on them. Of a part, a node would be called open that is not."""
    kinds = {"Node": "the nodes", "Pod": "pods in all namespaces"}
    if any("namespaceSelector" in str((pod.get("spec") or {}).get("affinity") or "") for pod in waiting):
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
    namespaces = {name_of(each): each["metadata"].get("labels") or {} for each in found.get("Namespace", ())}
    nodes = sorted(found["Node"], key=name_of)
    return surroundings(found["Pod"], nodes, namespaces=namespaces), gaps


async def _asked(look: Look, pod: Json) -> tuple[_Asked, list[Gap]]:
    found = await owners.owners_of(look.snapshot, pod)
    gaps = [found.gap] if found.gap else []
    own = owner_of(pod)
    owner = next((each for each in found.manifests if name_of(each) == own.name), {})
    top = found.refs[-1] if found.refs else own
    manifest = found.manifests[-1] if found.manifests and not found.gap else {}
    message = str(condition(pod, "PodScheduled").get("message") or "")
    if not message:
        # Another scheduler than the default one may say it in events alone.
        try:
            events = await look.snapshot.events(ref(pod, "Pod"))
        except ClusterError as error:
            gaps.append(error.gap(f"events in {namespace_of(pod)}"))
        else:
            failed = [each for each in events if each.get("reason") in ("FailedScheduling", "HAScheduling")]
            message = str(failed[-1].get("message") or "") if failed else ""
    asked = _Asked(pod=pod, owner=owner, top=manifest, top_kind=top.kind, top_name=top.name, message=message)
    return asked, gaps


def _rows(look: Look, asked: _Asked, around: Surroundings) -> list[Row]:
    pod = asked.pod
    replicas = replicas_of(asked.owner).desired if asked.owner else -1
    rules = _rules(asked, around, replicas)
    ha = next((each for each in rules if each.name == TIDB_SCHEDULER), None)
    closed = closed_nodes(pod, around, ha=ha)
    why_not = {name_of(node): refusal(pod, node) for node in around.nodes}
    admitting = [node for node in around.nodes if not why_not[name_of(node)]]
    open_nodes = [name_of(node) for node in admitting if name_of(node) not in closed]
    main = _main_rule(rules, [closed[name_of(node)] for node in admitting if name_of(node) in closed])
    own = owner_of(pod)
    waits_since = condition(pod, "PodScheduled").get("lastTransitionTime") or pod["metadata"].get("creationTimestamp")
    shared: dict[str, Value] = {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "age_s": age_s(look.snapshot, waits_since),
        "message": asked.message,
        "scheduler": str((pod.get("spec") or {}).get("schedulerName") or ""),
        "component": component_of(pod),
        "owner_kind": own.kind,
        "owner": own.name,
        "top_kind": asked.top_kind,
        "top_name": asked.top_name,
        "replicas": replicas,
        "placed": sum(owner_of(each) == own for each in around.pods),
        "rules": tuple(f"{each.name} by {each.topology_key}" for each in rules),
        "topology_key": main.topology_key if main else "",
        "limit": main.limit if main else 0,
        "domains": len({domain_of(node, main.topology_key) for node in admitting} - {""}) if main else 0,
        "nodes_total": len(around.nodes),
        "admitting_nodes": len(admitting),
        "closed_nodes": len(admitting) - len(open_nodes),
        "open_nodes": len(open_nodes),
        "open_node": open_nodes[0] if open_nodes else "",
        "refused_nodes": len(around.nodes) - len(admitting),
    }
    ordered = sorted(around.nodes, key=lambda node: (bool(why_not[name_of(node)]), name_of(node)))
    return [
        _row(pod, node, shared, closed=closed.get(name_of(node)), why_not=why_not[name_of(node)], main=main)
        for node in ordered[:MOST_NODES]
    ]


def _rules(asked: _Asked, around: Surroundings, replicas: int) -> tuple[Rule, ...]:
    key = str(((asked.top.get("metadata") or {}).get("annotations") or {}).get(_HA_TOPOLOGY) or HOSTNAME)
    peers = same_component(asked.pod, around.pods) if component_of(asked.pod) else []
    return rules_of(asked.pod, replicas=replicas, ha_key=key, spread_over=len(occupied(peers, key, around)))


def _main_rule(rules: Sequence[Rule], closed: Sequence[Closed]) -> Rule | None:
    """The rule that closes most nodes; before any is closed, the first that there is."""
    counts = {each.rule: sum(one.rule == each.rule for one in closed) for each in closed}
    return max(counts, key=lambda rule: (counts[rule], rule.name), default=rules[0] if rules else None)


def _row(
    pod: Json,
    node: Mapping[str, Any],
    shared: Mapping[str, Value],
    *,
    closed: Closed | None,
    why_not: str,
    main: Rule | None,
) -> Row:
    by = ""
    if closed:
        by = f"{closed.rule.name} by {closed.rule.topology_key}"
        by += " (the node has no such label)" if closed.without_label else ""
    values: dict[str, Value] = {
        **shared,
        "node": name_of(node),
        "domain": domain_of(node, main.topology_key) if main else "",
        "admits": not why_not,
        "why_not": why_not,
        "cordoned": is_cordoned(node),
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


PROBE: Final = Probe(declaration=DECLARATION, read=read)
