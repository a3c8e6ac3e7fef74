"""Read the fields of a NetworkPolicy's rules, compare them with labels and addresses, and put them into words.

A part that the API does not define (an unknown field or operator, a value of the wrong type, a malformed network) has
no meaning here: the reader returns None. The API server refuses such a policy unless it is newer than this program.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from bot.kube.placement import Requirement

METADATA_NAME: Final = "kubernetes.io/metadata.name"
PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
UNKNOWN: Final = "something unknown"
_PORTS: Final = range(1, 65536)
_WITH_VALUES: Final = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


class Aspect(StrEnum):
    """The part of a connection that a rule does not admit."""

    RULES = "rules"  # the policy has no rule at all
    LABEL = "label"
    NAMESPACE = "namespace"
    NAMESPACE_LABEL = "namespace label"
    ADDRESS = "address"
    PORT = "port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A part in which a connection differs from a rule: what the rule admits, and what the connection has.

    `actual` is "" for a label that is missing; both are "" for a policy without rules.
    """

    aspect: Aspect
    admitted: str = ""
    actual: str = ""

    def __str__(self) -> str:
        return _SAYS[self.aspect].format(self.admitted, self.actual or "no such label")


_SAYS: Final = {
    Aspect.RULES: "admits nothing",
    Aspect.LABEL: "admits pods {}, this one has {}",
    Aspect.NAMESPACE: "admits pods of namespace {}, this one is in {}",
    Aspect.NAMESPACE_LABEL: "admits namespaces {}, this one has {}",
    Aspect.ADDRESS: "admits {}, the address is {}",
    Aspect.PORT: "admits port {}, the connection uses {}",
}


# Empty where the rule admits the connection, or may.
Differences = tuple[Difference, ...]


def items_of(value: object) -> tuple[object, ...] | None:
    """Return the items of a list; an absent one is empty, and None stands for anything else."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else None


def has_only(value: object, keys: AbstractSet[str]) -> bool:
    """Tell whether a value is an object with no other fields than these."""
    return isinstance(value, Mapping) and value.keys() <= keys


def selector_differences(
    selector: object, labels: Mapping[str, str], aspect: Aspect, *, is_complete: bool = True
) -> Differences:
    """Return what certainly keeps a selector off labels; with `is_complete` false there may be more than these."""
    return tuple(
        Difference(aspect=aspect, admitted=str(each), actual=_label(each.key, labels))
        for each in requirements_of(selector) or ()
        if (is_complete or each.key in labels) and not each.holds(labels)
    )


def _label(key: str, labels: Mapping[str, str]) -> str:
    return f"{key}={labels[key]}" if key in labels else ""


def requirements_of(selector: object) -> tuple[Requirement, ...] | None:
    """Return what a label selector asks of labels; None for a malformed one."""
    if not isinstance(selector, Mapping) or not has_only(selector, {"matchLabels", "matchExpressions"}):
        return None
    exact, expressions = selector.get("matchLabels"), items_of(selector.get("matchExpressions"))
    if expressions is None or not isinstance(exact, Mapping | None):
        return None
    found = [
        *(_requirement(key, "In", [value]) for key, value in (exact or {}).items()),
        *(_expression(each) for each in expressions),
    ]
    certain = tuple(each for each in found if each is not None)
    return certain if len(certain) == len(found) else None


def _expression(given: object) -> Requirement | None:
    if not isinstance(given, Mapping) or not has_only(given, {"key", "operator", "values"}):
        return None
    return _requirement(given.get("key"), given.get("operator"), given.get("values"))


def _requirement(key: object, operator: object, given: object) -> Requirement | None:
    values = items_of(given)
    if not isinstance(key, str) or not isinstance(operator, str) or values is None:
        return None
    texts = tuple(each for each in values if isinstance(each, str))
    if len(texts) < len(values) or _WITH_VALUES.get(operator) is not bool(values):
        return None
    return Requirement(key=key, operator=operator, values=texts)


def may_contain(block: object, ip: str) -> bool:
    """Tell whether an ipBlock contains an address, or may."""
    if not isinstance(block, Mapping) or not has_only(block, {"cidr", "except"}):
        return True
    network, holes = _network(block.get("cidr")), map(_network, items_of(block.get("except")) or ())
    try:
        address = ip_address(ip)
    except ValueError:
        return True
    return network is None or (address in network and not any(hole and address in hole for hole in holes))


def _network(cidr: object) -> IPv4Network | IPv6Network | None:
    # A netmask or a bare address are networks to Python, but not to Kubernetes.
    if not isinstance(cidr, str) or not cidr.rpartition("/")[2].isdecimal() or "/" not in cidr:
        return None
    try:
        return ip_network(cidr, strict=False)
    except ValueError:
        return None


def protocol_of(entry: Mapping[str, Any]) -> str | None:
    """Return the protocol of an entry of a rule's ports, None for an unknown one."""
    protocol = entry.get("protocol")
    if protocol is None:
        return "TCP"
    return protocol if isinstance(protocol, str) and protocol in PROTOCOLS else None


def range_of(entry: Mapping[str, Any]) -> range | str | None:
    """Return the numbers or the name of an entry of a rule's ports, None for malformed ones."""
    port, last = entry.get("port"), entry.get("endPort")
    if isinstance(port, str):
        return port if last is None and any(map(str.isalpha, port)) else None
    if port is None:
        return _PORTS
    last = port if last is None else last
    if not _is_port(port) or not _is_port(last) or last < port:
        return None
    return range(port, last + 1)


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _PORTS


def rule_text(rule: object, peers_key: str) -> str:
    """Return what a rule admits: `from pods app=web on 8080/TCP`."""
    rule = {} if rule is None else rule
    if not isinstance(rule, Mapping) or not has_only(rule, {peers_key, "ports"}):
        return UNKNOWN
    peers, ports = items_of(rule.get(peers_key)), items_of(rule.get("ports"))
    if peers is None or ports is None:
        return UNKNOWN
    who = " or ".join(map(peer_text, peers)) or ("anywhere" if peers_key == "from" else "everywhere")
    return f"{peers_key} {who}" + (f" on {', '.join(map(port_text, ports))}" if ports else "")


def peer_text(entry: object) -> str:
    """Return which peers an entry admits: `pods app=web of namespaces team=a`, `10.0.0.0/8 but 10.1.0.0/16`."""
    if not isinstance(entry, Mapping):
        return UNKNOWN
    if entry.get("ipBlock") is not None:
        return block_text(entry["ipBlock"])
    by_pod, by_namespace = entry.get("podSelector"), entry.get("namespaceSelector")
    pods = "pods" if by_pod is None else f"pods {_selector_text(by_pod)}"
    return pods if by_namespace is None else f"{pods} of namespaces {_selector_text(by_namespace)}"


def block_text(block: object) -> str:
    """Return an ipBlock as `10.0.0.0/8 but 10.1.0.0/16`."""
    if not isinstance(block, Mapping):
        return UNKNOWN
    holes = ", ".join(map(str, items_of(block.get("except")) or ()))
    return f"{block.get('cidr')} but {holes}" if holes else str(block.get("cidr"))


def port_text(entry: object) -> str:
    """Return an entry of a rule's ports as `8080/TCP`, `1-9/UDP`, `web/TCP`, `any/TCP`."""
    entry = {} if entry is None else entry
    if not isinstance(entry, Mapping):
        return UNKNOWN
    last = f"-{entry['endPort']}" if entry.get("endPort") else ""
    return f"{entry.get('port') or 'any'}{last}/{entry.get('protocol') or 'TCP'}"


def _selector_text(selector: object) -> str:
    wanted = requirements_of(selector)
    return UNKNOWN if wanted is None else ",".join(map(str, wanted)) or "(any)"
