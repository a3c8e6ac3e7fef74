"""The nodes that other pods close to a pod: by anti-affinity in both directions, topology spread, or TiDB's scheduler.

Rules: the InterPodAffinity and PodTopologySpread plugins of kube-scheduler, and the HA predicate of tidb-scheduler
(pkg/scheduler/predicates/ha.go of tidb-operator). Affinity towards pods is not checked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import full_name, has_ended, labels_of, name_of, namespace_of, node_name_of, spec_of
from bot.kube.placement import may_use, selects
from bot.kube.tidb_clusters import COMPONENT_LABEL, INSTANCE_LABEL

HOSTNAME: Final = "kubernetes.io/hostname"
TIDB_SCHEDULER: Final = "tidb-scheduler"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"

Obj = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that may close nodes to a pod. At most `limit` of its pods may share a domain, 0 where that varies."""

    name: str
    topology_key: str
    limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedNode:
    """A node that a rule closes, with the pods there (namespace/name) that the rule counts."""

    rule: Rule
    pods: tuple[str, ...] = ()
    without_label: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The pods that have a node, and all nodes. `namespaces` holds the labels of namespaces, empty if not read."""

    pods: Sequence[Obj]
    nodes: Sequence[Obj]
    namespaces: Mapping[str, Mapping[str, str]]


def surroundings(
    pods: Iterable[Obj], nodes: Sequence[Obj], *, namespaces: Mapping[str, Mapping[str, str]] | None = None
) -> Surroundings:
    """Return the surroundings of all pods of a cluster: those count that have a node and have not ended."""
    placed = [each for each in pods if node_name_of(each) and not has_ended(each)]
    return Surroundings(pods=placed, nodes=nodes, namespaces=namespaces or {})


def rules_of(pod: Obj, *, replicas: int = -1, ha_key: str = HOSTNAME, spread_over: int = 3) -> tuple[Rule, ...]:
    """Return the rules in a pod's own spec that keep it apart from others.

    `replicas` and `ha_key` are the component's under tidb-scheduler, `spread_over` how many domains its pods occupy.
    """
    rules = [_rule("pod anti-affinity", term, limit=1) for term in _terms(pod)]
    rules += [_rule("topology spread", each) for each in _constraints(pod)]
    if limit := _ha_limit(pod, replicas, spread_over):
        rules.append(Rule(name="tidb-scheduler", topology_key=ha_key, limit=limit))
    return tuple(dict.fromkeys(rules))


def closed_nodes(pod: Obj, around: Surroundings, *, ha: Rule | None = None) -> dict[str, ClosedNode]:
    """Return the nodes that other pods close to this one, by name, each by its first rule. `ha` is tidb-scheduler's."""
    found: dict[str, ClosedNode] = {}
    for name, closed in (
        *_by_anti_affinity(pod, around),
        *_by_their_anti_affinity(pod, around),
        *_by_spread(pod, around),
        *(_by_ha(pod, around, ha) if ha else ()),
    ):
        found.setdefault(name, closed)
    return found


def _rule(name: str, written: Obj, *, limit: int = 0) -> Rule:
    return Rule(name=name, topology_key=str(written.get("topologyKey") or ""), limit=limit)


def domain_of(node: Obj, key: str) -> str:
    """Return the domain of a topology that a node is in, "" for a node without its label."""
    return str(labels_of(node).get(key) or "")


def component_of(pod: Obj) -> str:
    """Return the component for which TiDB's scheduler has a rule: pd or tikv; "" for every other pod."""
    component = str(labels_of(pod).get(COMPONENT_LABEL) or "")
    return component if component in ("pd", "tikv") else ""


def _ha_limit(pod: Obj, replicas: int, spread_over: int) -> int:
    """Return how many pods of the component may share a domain; 0 where tidb-scheduler has no rule."""
    component = component_of(pod)
    if spec_of(pod).get("schedulerName") != TIDB_SCHEDULER or not component or replicas < 0:
        return 0
    if component == "pd":
        return max((replicas + 1) // 2 - 1, 1)
    if replicas < 3:
        return 0
    return 1 if spread_over < 3 else -(-replicas // 3)


def _by_anti_affinity(pod: Obj, around: Surroundings) -> Iterator[tuple[str, ClosedNode]]:
    for term in _terms(pod):
        rule = _rule("pod anti-affinity", term, limit=1)
        yield from _closed_by(rule, (each for each in around.pods if _selects(term, pod, each, around)), around)


def _by_their_anti_affinity(pod: Obj, around: Surroundings) -> Iterator[tuple[str, ClosedNode]]:
    """Yield the nodes of pods whose own anti-affinity keeps this pod away."""
    for other in around.pods:
        for term in _terms(other):
            if _selects(term, other, pod, around):
                yield from _closed_by(_rule("anti-affinity of running pods", term, limit=1), (other,), around)


def _closed_by(rule: Rule, pods: Iterable[Obj], around: Surroundings) -> Iterator[tuple[str, ClosedNode]]:
    """Yield the nodes in the domains of pods, of which a rule lets no other be there."""
    taken = _domains(pods, rule.topology_key, around)
    for node in around.nodes:
        if there := taken.get(domain_of(node, rule.topology_key)):
            yield name_of(node), ClosedNode(rule=rule, pods=tuple(there))


def _by_spread(pod: Obj, around: Surroundings) -> Iterator[tuple[str, ClosedNode]]:
    for constraint in _constraints(pod):
        rule = _rule("topology spread", constraint)
        there = _domains(_counted(constraint, pod, around), rule.topology_key, around)
        own = 1 if _is_counted(constraint, pod) else 0
        most = int(constraint.get("maxSkew") or 1) + _fewest(constraint, pod, there, around) - own
        yield from _beyond(most, rule, there, around)


def _is_counted(constraint: Obj, pod: Obj) -> bool:
    """Tell whether a constraint's selector selects the pod."""
    selector = constraint.get("labelSelector")
    return selector is not None and selects(selector, labels_of(pod))


def _counted(constraint: Obj, pod: Obj, around: Surroundings) -> list[Obj]:
    """Return the pods that a constraint counts beside this one."""
    # Such as pod-template-hash: only pods of the same revision count.
    same = [(key, labels_of(pod).get(key)) for key in constraint.get("matchLabelKeys") or ()]
    return [
        each
        for each in around.pods
        if namespace_of(each) == namespace_of(pod)
        and _is_counted(constraint, each)
        and all(labels_of(each).get(key) == value for key, value in same)
    ]


def _fewest(constraint: Obj, pod: Obj, there: Mapping[str, Sequence[str]], around: Surroundings) -> int:
    """Return the pods in the emptiest domain that counts.

    Domains without a node that could take the pod do not count (nodeAffinityPolicy Honor is the default); a tainted or
    cordoned node still makes its domain count (nodeTaintsPolicy Ignore is the default).
    """
    key = str(constraint.get("topologyKey") or "")
    domains = {domain_of(node, key) for node in around.nodes if may_use(pod, node)} - {""}
    if len(domains) < int(constraint.get("minDomains") or 1):
        return 0
    return min((len(there.get(domain, ())) for domain in domains), default=0)


def _by_ha(pod: Obj, around: Surroundings, rule: Rule) -> Iterator[tuple[str, ClosedNode]]:
    there = _domains(same_component(pod, around.pods), rule.topology_key, around)
    return _beyond(rule.limit - 1, rule, there, around)


def _beyond(
    most: int, rule: Rule, there: Mapping[str, Sequence[str]], around: Surroundings
) -> Iterator[tuple[str, ClosedNode]]:
    """Yield the nodes whose domain has more pods than that, and those without a domain."""
    for node in around.nodes:
        domain = domain_of(node, rule.topology_key)
        pods = tuple(there.get(domain, ()))
        if not domain:
            yield name_of(node), ClosedNode(rule=rule, without_label=True)
        elif len(pods) > most:
            yield name_of(node), ClosedNode(rule=rule, pods=pods)


def same_component(pod: Obj, pods: Iterable[Obj]) -> list[Obj]:
    """Return the pods of the same component of the same TiDB cluster."""
    labels = labels_of(pod)
    return [
        each
        for each in pods
        if namespace_of(each) == namespace_of(pod)
        and all(labels_of(each).get(key) == labels.get(key) for key in (COMPONENT_LABEL, INSTANCE_LABEL))
    ]


def _domains(pods: Iterable[Obj], key: str, around: Surroundings) -> Mapping[str, Sequence[str]]:
    """Return the pods in each domain of a topology."""
    of_node = {name_of(node): domain_of(node, key) for node in around.nodes}
    found: dict[str, list[str]] = {}
    for pod in pods:
        if domain := of_node.get(node_name_of(pod), ""):
            found.setdefault(domain, []).append(full_name(pod))
    return {domain: sorted(names) for domain, names in found.items()}


def occupied(pods: Iterable[Obj], key: str, around: Surroundings) -> Counter[str]:
    """Return how many of the pods are in each domain of a topology."""
    return Counter({domain: len(names) for domain, names in _domains(pods, key, around).items()})


def _terms(pod: Obj) -> Sequence[Obj]:
    affinity = spec_of(pod).get("affinity") or {}
    return (affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or ()


def _constraints(pod: Obj) -> list[Obj]:
    constraints = spec_of(pod).get("topologySpreadConstraints") or ()
    return [each for each in constraints if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"]


def _selects(term: Obj, owner: Obj, other: Obj, around: Surroundings) -> bool:
    """Tell whether an anti-affinity term of `owner` selects the pod `other`."""
    selector = term.get("labelSelector")
    if selector is None or not selects(selector, labels_of(other)):
        return False
    namespaces, chosen = term.get("namespaces") or (), term.get("namespaceSelector")
    home = namespace_of(other)
    if not namespaces and chosen is None:
        return home == namespace_of(owner)
    return home in namespaces or (chosen is not None and selects(chosen, around.namespaces.get(home, {})))
