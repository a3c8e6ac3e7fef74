"""Decide whether a node admits a pod: taints and tolerations, cordon, readiness, node selector and node affinity.

Rules: k8s.io/component-helpers/scheduling/corev1 (taints, node affinity). Constraints that depend on other pods or on
volumes (affinity between pods, topology spread, host ports, volume topology, resource claims) are not checked here;
`constraints_beyond` lists those that a pod has, so that an answer can name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import condition, is_on_host_network, labels_of, name_of, spec_of
from bot.kube.services import declared_ports

_KEEPS_OFF: Final = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A taint of a node; it prints as kubectl takes it: key=value:effect."""

    key: str
    value: str = ""
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


def taints_of(node: Mapping[str, Any]) -> tuple[Taint, ...]:
    """Return the taints of a node, in its own order."""
    return tuple(
        Taint(key=str(each.get("key") or ""), value=str(each.get("value") or ""), effect=str(each.get("effect") or ""))
        for each in spec_of(node).get("taints") or ()
    )


def is_cordoned(node: Mapping[str, Any]) -> bool:
    """Tell whether a node is marked unschedulable."""
    return bool(spec_of(node).get("unschedulable"))


def tolerates(tolerations: Iterable[Mapping[str, Any]], taint: Taint) -> bool:
    """Tell whether one of a pod's tolerations covers the taint."""
    return any(_covers(toleration, taint) for toleration in tolerations)


def refusal(pod: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """Return why the node does not admit the pod, in the scheduler's order; "" if it does."""
    tolerations = spec_of(pod).get("tolerations") or ()
    if is_cordoned(node) and not tolerates(tolerations, _CORDON):
        return "cordoned"
    for taint in taints_of(node):
        if taint.effect in _KEEPS_OFF and not tolerates(tolerations, taint):
            return f"taint {taint}"
    if not may_use(pod, node):
        return "node selector or affinity"
    # The node controller taints a node that is not ready, a moment later.
    if condition(node, "Ready").get("status", "True") != "True" and not tolerates(tolerations, _NOT_READY):
        return "not ready"
    return ""


def untolerated(pod: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[Taint, ...]:
    """Return the taints that keep the pod off the node; a cordon or a node that is not ready counts as its taint."""
    tolerations = spec_of(pod).get("tolerations") or ()
    found = [each for each in taints_of(node) if each.effect in _KEEPS_OFF]
    if is_cordoned(node):
        found.insert(0, _CORDON)
    if condition(node, "Ready").get("status", "True") != "True" and not any(each.key in _UNREADY for each in found):
        found.append(_NOT_READY)
    return tuple(dict.fromkeys(each for each in found if not tolerates(tolerations, each)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A requirement on a label of a node; it prints as `disktype=nvme`, `zone in (a, b)`, `gpu exists`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.operator:
            case "In" if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case "In" | "NotIn":
                return f"{self.key} {'in' if self.operator == 'In' else 'not in'} ({', '.join(self.values)})"
            case "Exists":
                return f"{self.key} exists"
            case "DoesNotExist":
                return f"no {self.key}"
            case _:
                return f"{self.key} {self.operator} {', '.join(self.values)}"

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet it; an unknown operator never holds."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return _compares(value, self.values, greater=self.operator == "Gt")
            case _:
                return False


def asked_labels(pod: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return what a pod's node selector and required node affinity ask of a node's labels, each once."""
    selector, terms = _asked(pod)
    return tuple(dict.fromkeys((*selector, *(each for term in terms for each in term))))


def unmet_labels(pod: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return the requirements that the node does not meet: of alternative terms, those of the term that lacks least."""
    selector, terms = _asked(pod)
    labels = _labels_and_name(node)
    missing = [each for each in selector if not each.holds(labels)]
    if terms:
        left = sorted(([each for each in term if not each.holds(labels)] for term in terms), key=len)
        missing += left[0]
    return tuple(dict.fromkeys(missing))


def _asked(pod: Mapping[str, Any]) -> tuple[list[Requirement], list[list[Requirement]]]:
    selector = requirements({"matchLabels": spec_of(pod).get("nodeSelector")})
    return list(selector), [list(requirements(each)) for each in required_terms(pod)]


def required_terms(pod: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the terms of a pod's required node affinity."""
    return (_required(spec_of(pod), "nodeAffinity") or {}).get("nodeSelectorTerms") or ()


def requirements(term: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return the requirements of a label selector, or of one term of a node selector."""
    exact = (
        {"key": key, "operator": "In", "values": (value,)} for key, value in (term.get("matchLabels") or {}).items()
    )
    return tuple(map(_requirement, (*exact, *(term.get("matchExpressions") or ()), *(term.get("matchFields") or ()))))


def _requirement(written: Mapping[str, Any]) -> Requirement:
    values = tuple(map(str, written.get("values") or ()))
    return Requirement(key=str(written.get("key") or ""), operator=str(written.get("operator") or ""), values=values)


def constraints_beyond(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the constraints on the pod's node that are not checked here."""
    spec = spec_of(pod)
    spread, containers = spec.get("topologySpreadConstraints") or (), spec.get("containers") or ()
    found = {
        "pod affinity": bool(_required(spec, "podAffinity")),
        "pod anti-affinity": bool(_required(spec, "podAntiAffinity")),
        "topology spread": any(each.get("whenUnsatisfiable") == "DoNotSchedule" for each in spread),
        "host ports": any(port.get("hostPort") for each in containers for port in each.get("ports") or ()),
        "volumes": any("persistentVolumeClaim" in each or "ephemeral" in each for each in spec.get("volumes") or ()),
        "resource claims": bool(spec.get("resourceClaims")),
    }
    return tuple(name for name, present in found.items() if present)


def _required(spec: Mapping[str, Any], kind: str) -> Any:
    affinity = (spec.get("affinity") or {}).get(kind) or {}
    return affinity.get("requiredDuringSchedulingIgnoredDuringExecution")


def matches_node(terms: Iterable[Mapping[str, Any]], node: Mapping[str, Any]) -> bool:
    """Tell whether one of a node selector's terms selects the node."""
    labels = _labels_and_name(node)
    asked = map(requirements, terms)
    # An empty term selects nothing.
    return any(each and all(one.holds(labels) for one in each) for each in asked)


def _labels_and_name(node: Mapping[str, Any]) -> Mapping[str, str]:
    return {**labels_of(node), "metadata.name": name_of(node)}


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector selects these labels; an empty selector selects all, None nothing."""
    if selector is None:
        return False
    exact = (selector.get("matchLabels") or {}).items() <= labels.items()
    return exact and all(_requirement(each).holds(labels) for each in selector.get("matchExpressions") or ())


_CORDON: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_NOT_READY: Final = Taint(key="node.kubernetes.io/not-ready", effect="NoSchedule")
_UNREADY: Final = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})


def _covers(toleration: Mapping[str, Any], taint: Taint) -> bool:
    if (toleration.get("effect") or taint.effect) != taint.effect:
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if operator == "Exists":
        return key in ("", taint.key)
    return operator == "Equal" and key == taint.key and (toleration.get("value") or "") == taint.value


def may_use(pod: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Tell whether the pod's node selector and node affinity choose a node."""
    spec = spec_of(pod)
    if not (spec.get("nodeSelector") or {}).items() <= labels_of(node).items():
        return False
    required = _required(spec, "nodeAffinity")
    if not required:
        return True
    return matches_node(required.get("nodeSelectorTerms") or (), node)


def _compares(value: str | None, wanted: Sequence[str], *, greater: bool) -> bool:
    try:
        (bound,) = wanted
        left, right = int(value or ""), int(bound)
    except ValueError:
        return False
    return left > right if greater else left < right


_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """A port of the node, on one of its addresses or on all; it prints as 443/TCP."""

    port: int
    protocol: str = "TCP"
    address: str = ""

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol}"

    def clashes(self, other: HostPort) -> bool:
        """Tell whether two pods of one node cannot both have these."""
        same_address = self.address == other.address or bool({self.address, other.address} & _ANY_ADDRESS)
        return (self.port, self.protocol) == (other.port, other.protocol) and same_address


def host_ports(pod: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Return the host ports of a pod: of its containers and sidecars. In the node's network, every port is one."""
    key = "containerPort" if is_on_host_network(pod) else "hostPort"
    return tuple(
        HostPort(
            port=int(port.get("hostPort") or port[key]),
            protocol=str(port.get("protocol") or "TCP"),
            address=str(port.get("hostIP") or ""),
        )
        for port in declared_ports(pod)
        if port.get("hostPort") or port.get(key)
    )


def taken(wanted: Iterable[HostPort], pods: Iterable[Mapping[str, Any]]) -> tuple[HostPort, Mapping[str, Any]] | None:
    """Return the first wanted port that one of the pods has, with that pod."""
    held = [(port, pod) for pod in pods for port in host_ports(pod)]
    return next(((each, pod) for each in wanted for port, pod in held if each.clashes(port)), None)


_INSUFFICIENT: Final = re.compile(r"\bInsufficient ([A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9])")
_TAINT: Final = re.compile(r"\btaints? \{([^{}:]+):\s*([^{}]*)\}")
_TOO_MANY_PODS: Final = re.compile(r"\bToo many pods\b")
# The filters of the scheduler that refuse nodes, by the names that `bot.probes.placement.filters` gives them.
_REASONS: Final = {
    "selector": re.compile(
        r"match (?:Pod's )?node (?:affinity|selector)|MatchNodeSelector|didn't satisfy plugin\(s\) \[NodeAffinity\]"
    ),
    "taint": re.compile(
        r"untolerated taint|that the pod didn't tolerate|\(s\) were unschedulable|PodToleratesNodeTaints"
    ),
    "ports": re.compile(r"free ports for the requested pod ports|PodFitsHostPorts"),
    "pods": re.compile(r"Too many pods|Insufficient pods"),
    "volume": re.compile(
        r"volume node affinity conflict|PersistentVolume's node affinity|no available volume zone|NoVolumeZoneConflict"
    ),
    "spread": re.compile(r"topology spread constraints|anti-affinity|pod affinity|MatchInterPodAffinity"),
}
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Unschedulable:
    """The parts of a message: resources that it calls insufficient, the taints it names as key or key=value.

    `reasons` names the filters that refused nodes: selector, taint, ports, pods, volume, spread.
    """

    lacks: tuple[str, ...] = ()
    wants_taint: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def parse_unschedulable(message: str) -> Unschedulable:
    """Parse a message; any other message gives an empty result."""
    # The rest says why preemption does not help, and repeats the counts with other meanings.
    reasons = message[:_LONGEST].partition("preemption:")[0]
    lacks = set(_INSUFFICIENT.findall(reasons))
    if _TOO_MANY_PODS.search(reasons):
        lacks.add("pods")
    taints = {
        f"{key.strip()}={value.strip()}" if value.strip() else key.strip() for key, value in _TAINT.findall(reasons)
    }
    return Unschedulable(
        lacks=tuple(sorted(lacks)),
        wants_taint=tuple(sorted(taints)),
        reasons=tuple(name for name, pattern in _REASONS.items() if pattern.search(reasons)),
    )
