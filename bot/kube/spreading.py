"""Which nodes other pods close to a pod: required anti-affinity both ways, topology spread, TiDB's scheduler.

Rules: the InterPodAffinity and PodTopologySpread plugins of kube-scheduler, and the HA predicate of tidb-scheduler
(pkg/scheduler/predicates/ha.go of tidb-operator). Affinity towards pods is not judged here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.placement import refusal, selects

HOSTNAME: Final = "kubernetes.io/hostname"
TIDB_SCHEDULER: Final = "tidb-scheduler"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_COMPONENT: Final = "app.kubernetes.io/component"
_INSTANCE: Final = "app.kubernetes.io/instance"

Obj = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that may close nodes to a pod. At most `limit` pods it counts may share a domain, 0 where that varies."""

    name: str
    topology_key: str
    limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A node that a rule closes, and the pods (namespace/name) whose place does it."""

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
    """Of all pods of a cluster those that count: they have a node and are not over."""
    placed = [
        each
        for each in pods
        if (each.get("spec") or {}).get("nodeName")
        and (each.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]
    return Surroundings(pods=placed, nodes=nodes, namespaces=namespaces or {})


def rules_of(pod: Obj, *, replicas: int = -1, ha_key: str = HOSTNAME, spread_over: int = 3) -> tuple[Rule, ...]:
    """The rules in a pod's own spec that keep it apart from others.

    `replicas` and `ha_key` are the component's under tidb-scheduler, `spread_over` how many domains its pods occupy.
    """
    rules = [
        Rule(name="pod anti-affinity", topology_key=str(term.get("topologyKey") or ""), limit=1) for term in _terms(pod)
    ]
    rules += [
        Rule(name="topology spread", topology_key=str(each.get("topologyKey") or "")) for each in _constraints(pod)
    ]
    if limit := _ha_limit(pod, replicas, spread_over):
        rules.append(Rule(name="tidb-scheduler", topology_key=ha_key, limit=limit))
    return tuple(dict.fromkeys(rules))


def closed_nodes(pod: Obj, around: Surroundings, *, ha: Rule | None = None) -> dict[str, Closed]:
    """The nodes that other pods close to this one, by name, with the first rule that does. `ha` is tidb-scheduler's."""
    found: dict[str, Closed] = {}
    for name, closed in (
        *_by_anti_affinity(pod, around),
        *_by_their_anti_affinity(pod, around),
        *_by_spread(pod, around),
        *(_by_ha(pod, around, ha) if ha else ()),
    ):
        found.setdefault(name, closed)
    return found


def domain_of(node: Obj, key: str) -> str:
    return str(_labels(node).get(key) or "")


def component_of(pod: Obj) -> str:
    """What TiDB's scheduler looks after: pd or tikv; "" for every other pod."""
    component = str(_labels(pod).get(_COMPONENT) or "")
    return component if component in ("pd", "tikv") else ""


def _ha_limit(pod: Obj, replicas: int, spread_over: int) -> int:
    """How many pods of the component may share a domain; 0 where tidb-scheduler has no say."""
    component = component_of(pod)
    if (pod.get("spec") or {}).get("schedulerName") != TIDB_SCHEDULER or not component or replicas < 0:
        return 0
    if component == "pd":
        return max((replicas + 1) // 2 - 1, 1)
    if replicas < 3:
        return 0
    return 1 if spread_over < 3 else -(-replicas // 3)


def _by_anti_affinity(pod: Obj, around: Surroundings) -> Iterator[tuple[str, Closed]]:
    for term in _terms(pod):
        key = str(term.get("topologyKey") or "")
        rule = Rule(name="pod anti-affinity", topology_key=key, limit=1)
        taken = _domains((each for each in around.pods if _means(term, pod, each, around)), key, around)
        for node in around.nodes:
            if there := taken.get(domain_of(node, key)):
                yield _name(node), Closed(rule=rule, pods=tuple(there))


def _by_their_anti_affinity(pod: Obj, around: Surroundings) -> Iterator[tuple[str, Closed]]:
    """Pods that are there already may want to be apart from this one."""
    for other in around.pods:
        for term in _terms(other):
            if not _means(term, other, pod, around):
                continue
            key = str(term.get("topologyKey") or "")
            rule = Rule(name="anti-affinity of running pods", topology_key=key, limit=1)
            taken = _domains((other,), key, around)
            for node in around.nodes:
                if there := taken.get(domain_of(node, key)):
                    yield _name(node), Closed(rule=rule, pods=tuple(there))


def _by_spread(pod: Obj, around: Surroundings) -> Iterator[tuple[str, Closed]]:
    for constraint in _constraints(pod):
        key = str(constraint.get("topologyKey") or "")
        rule = Rule(name="topology spread", topology_key=key)
        selector = constraint.get("labelSelector")
        counted = [
            each
            for each in around.pods
            if selector is not None
            and _namespace(each) == _namespace(pod)
            and selects(selector, _labels(each))
            # Such as pod-template-hash: only pods of the same revision count.
            and all(_labels(each).get(key) == _labels(pod).get(key) for key in constraint.get("matchLabelKeys") or ())
        ]
        there = _domains(counted, key, around)
        # Domains without a node that could take the pod do not count (nodeAffinityPolicy Honor is the default;
        # nodeTaintsPolicy Ignore is, too, so that a tainted or cordoned node still does).
        domains = {domain_of(node, key) for node in around.nodes if domain_of(node, key) and _selected(pod, node)}
        fewest = min((len(there.get(domain, ())) for domain in domains), default=0)
        if len(domains) < int(constraint.get("minDomains") or 1):
            fewest = 0
        own = 1 if selector is not None and selects(selector, _labels(pod)) else 0
        for node in around.nodes:
            domain = domain_of(node, key)
            if not domain:
                yield _name(node), Closed(rule=rule, without_label=True)
            elif len(there.get(domain, ())) + own - fewest > int(constraint.get("maxSkew") or 1):
                yield _name(node), Closed(rule=rule, pods=tuple(there.get(domain, ())))


def _by_ha(pod: Obj, around: Surroundings, rule: Rule) -> Iterator[tuple[str, Closed]]:
    there = _domains(same_component(pod, around.pods), rule.topology_key, around)
    for node in around.nodes:
        pods = there.get(domain_of(node, rule.topology_key), ())
        if not domain_of(node, rule.topology_key):
            yield _name(node), Closed(rule=rule, without_label=True)
        elif len(pods) >= rule.limit:
            yield _name(node), Closed(rule=rule, pods=tuple(pods))


def same_component(pod: Obj, pods: Iterable[Obj]) -> list[Obj]:
    """The pods of the same component of the same TiDB cluster."""
    labels = _labels(pod)
    return [
        each
        for each in pods
        if _namespace(each) == _namespace(pod)
        and all(_labels(each).get(key) == labels.get(key) for key in (_COMPONENT, _INSTANCE))
    ]


def _selected(pod: Obj, node: Obj) -> bool:
    return refusal(pod, node) != "node selector or affinity"


def _domains(pods: Iterable[Obj], key: str, around: Surroundings) -> Mapping[str, Sequence[str]]:
    """Which pods are in which domain of a topology."""
    of_node = {_name(node): domain_of(node, key) for node in around.nodes}
    found: dict[str, list[str]] = {}
    for pod in pods:
        if domain := of_node.get(str((pod.get("spec") or {}).get("nodeName") or ""), ""):
            found.setdefault(domain, []).append(f"{_namespace(pod)}/{_name(pod)}")
    return {domain: sorted(names) for domain, names in found.items()}


def occupied(pods: Iterable[Obj], key: str, around: Surroundings) -> Counter[str]:
    """How many of the pods are in each domain of a topology."""
    return Counter({domain: len(names) for domain, names in _domains(pods, key, around).items()})


def _terms(pod: Obj) -> Sequence[Obj]:
    affinity = (pod.get("spec") or {}).get("affinity") or {}
    return (affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or ()


def _constraints(pod: Obj) -> list[Obj]:
    constraints = (pod.get("spec") or {}).get("topologySpreadConstraints") or ()
    return [each for each in constraints if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"]


def _means(term: Obj, owner: Obj, other: Obj, around: Surroundings) -> bool:
    """Whether a term of `owner` is about the pod `other`."""
    selector = term.get("labelSelector")
    if selector is None or not selects(selector, _labels(other)):
        return False
    namespaces, chosen = term.get("namespaces") or (), term.get("namespaceSelector")
    home = _namespace(other)
    if not namespaces and chosen is None:
        return home == _namespace(owner)
    return home in namespaces or (chosen is not None and selects(chosen, around.namespaces.get(home, {})))


def _labels(obj: Obj) -> Mapping[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def _name(obj: Obj) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _namespace(obj: Obj) -> str:
    return str((obj.get("metadata") or {}).get("namespace") or "")
