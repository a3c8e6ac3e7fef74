"""Read the rules of a NetworkPolicy: put them into words, and compare a connection with one, its peers and its ports.

Only certain differences are returned. A part of the connection that is not known may be any. Peers or ports of a rule
of which the API does not define a part (an unknown field or operator, a malformed network) may admit anything: the API
server refuses such a policy unless it is newer than this program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from bot.kube.objects import addresses_of_pod, labels_of, name_of, namespace_of
from bot.kube.placement import requirements
from bot.kube.services import declared_ports, ip_in

METADATA_NAME: Final = "kubernetes.io/metadata.name"
UNKNOWN: Final = "something unknown"
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_NUMBERS: Final = range(1, 65536)
# The operators, and whether they take values.
_OPERATORS: Final = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}

Check = Callable[[Any], bool]


def shaped(**fields: Check) -> Check:
    """Return the check for an object without other fields than these, each of them null or as its own check wants."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(key in fields and (part is None or fields[key](part)) for key, part in value.items())
    )


def listed(check: Check) -> Check:
    """Return the check for a list, or none, of such items."""
    return lambda value: value is None or (isinstance(value, list) and all(map(check, value)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is int and value in _NUMBERS


def _are_labels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, (*value, *value.values())))


def _is_expression(value: Any) -> bool:
    if not _EXPRESSION(value) or not value.get("key"):
        return False
    return _OPERATORS.get(value.get("operator")) is bool(value.get("values"))


def _is_network(value: Any) -> bool:
    return _is_text(value) and _network(value) is not None


def _is_peer(value: Any) -> bool:
    given = [key for key, part in value.items() if part is not None] if _PEER(value) else []
    # The API allows no selector beside an ipBlock.
    return bool(given) and ("ipBlock" not in given or len(given) == 1)


def _is_port(value: Any) -> bool:
    if not _PORT(value):
        return False
    port, last = value.get("port"), value.get("endPort")
    return last is None or (isinstance(port, int) and last >= port)


_EXPRESSION: Final = shaped(key=_is_text, operator=_is_text, values=listed(_is_text))
is_selector: Final = shaped(matchLabels=_are_labels, matchExpressions=listed(_is_expression))
_PEER: Final = shaped(
    podSelector=is_selector,
    namespaceSelector=is_selector,
    ipBlock=shaped(**{"cidr": _is_network, "except": listed(_is_network)}),
)
_PORT: Final = shaped(
    protocol=_PROTOCOLS.__contains__,
    port=lambda value: _is_number(value) or (_is_text(value) and any(map(str.isalpha, value))),
    endPort=_is_number,
)
_are_peers: Final = listed(_is_peer)
_are_ports: Final = listed(_is_port)


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


class Direction(StrEnum):
    """The direction of a connection, seen from a pod."""

    INGRESS = "ingress"
    EGRESS = "egress"

    @property
    def peers(self) -> str:
        """Return the key of a rule that lists its peers."""
        return "from" if self is Direction.INGRESS else "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a connection: a pod, or an address outside the cluster.

    `namespace_labels` are the labels of the pod's namespace, None where they could not be read.
    """

    ip: str = ""
    pod: Mapping[str, Any] | None = None
    namespace_labels: Mapping[str, str] | None = None

    @property
    def namespace(self) -> str:
        """Return the namespace of the pod, "" for an address outside."""
        return namespace_of(self.pod or {})

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of this end, each once."""
        return tuple(dict.fromkeys(each for each in (self.ip, *addresses_of_pod(self.pod or {})) if each))

    @property
    def is_known(self) -> bool:
        """Tell whether this end names a pod or an address."""
        return self.pod is not None or bool(self.ip)

    def __str__(self) -> str:
        return f"{self.namespace}/{name_of(self.pod)}" if self.pod else self.ip


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection that should pass; what is left out is not known and may be any.

    `ports` are those of the server, each a number or a name that one of its containers declares: it is enough if one of
    them passes. `protocol` is TCP, UDP or SCTP.
    """

    client: End | None = None
    server: End | None = None
    ports: frozenset[int | str] = frozenset()
    protocol: str = ""

    def pod(self, direction: Direction) -> Mapping[str, Any] | None:
        """Return the pod whose policies decide in a direction; None for an address outside and an unknown end."""
        end = self.client if direction is Direction.EGRESS else self.server
        return end.pod if end else None

    def peer(self, direction: Direction) -> End | None:
        """Return the other end."""
        return self.server if direction is Direction.EGRESS else self.client


def rule_differences(rule: Any, direction: Direction, connection: Connection, home: str) -> Differences:
    """Return how a connection certainly differs from a rule of a policy in the namespace `home`."""
    if not isinstance(rule, Mapping) or not rule.keys() <= {direction.peers, "ports"}:
        return ()
    peers, ports = rule.get(direction.peers), rule.get("ports")
    return (
        *(_peers_differences(peers or (), connection.peer(direction), home) if _are_peers(peers) else ()),
        *(_ports_differences(ports or (), connection) if _are_ports(ports) else ()),
    )


def _peers_differences(entries: Sequence[Mapping[str, Any]], peer: End | None, home: str) -> Differences:
    if not entries or peer is None or not peer.is_known:
        return ()
    return min((_peer_differences(each, peer, home) for each in entries), key=len)


def _peer_differences(entry: Mapping[str, Any], peer: End, home: str) -> Differences:
    if (block := entry.get("ipBlock")) is not None:
        return _block_differences(block, peer)
    if peer.pod is None:
        return (Difference(aspect=Aspect.ADDRESS, admitted=peer_text(entry), actual=peer.ip),)
    return (
        *_namespace_differences(entry.get("namespaceSelector"), peer, home),
        *selector_differences(entry.get("podSelector") or {}, labels_of(peer.pod), Aspect.LABEL),
    )


def _namespace_differences(selector: Mapping[str, Any] | None, peer: End, home: str) -> Differences:
    if selector is None:
        same = peer.namespace == home
        return () if same else (Difference(aspect=Aspect.NAMESPACE, admitted=home, actual=peer.namespace),)
    known = peer.namespace_labels
    # The API server sets this label on every namespace and refuses to change it.
    labels = {METADATA_NAME: peer.namespace} if known is None else known
    return selector_differences(selector, labels, Aspect.NAMESPACE_LABEL, is_complete=known is not None)


def selector_differences(
    selector: Mapping[str, Any], labels: Mapping[str, str], aspect: Aspect, *, is_complete: bool = True
) -> Differences:
    """Return what certainly keeps a selector off labels; with `is_complete` false there may be more than these."""
    return tuple(
        Difference(aspect=aspect, admitted=str(each), actual=_label(each.key, labels))
        for each in requirements(selector)
        if (is_complete or each.key in labels) and not each.holds(labels)
    )


def _label(key: str, labels: Mapping[str, str]) -> str:
    return f"{key}={labels[key]}" if key in labels else ""


def _block_differences(block: Mapping[str, Any], peer: End) -> Differences:
    if not peer.addresses or any(_may_contain(block, each) for each in peer.addresses):
        return ()
    return (Difference(aspect=Aspect.ADDRESS, admitted=_block_text(block), actual=", ".join(peer.addresses)),)


def _may_contain(block: Mapping[str, Any], address: str) -> bool:
    """Tell whether an ipBlock contains an address, or may."""
    network, holes = _network(block.get("cidr")), map(_network, block.get("except") or ())
    if network is None or not (ip := ip_in(address)):
        return True
    return ip_address(ip) in network and not any(hole and ip_address(ip) in hole for hole in holes)


def _network(cidr: str | None) -> IPv4Network | IPv6Network | None:
    # A netmask or a bare address are networks to Python, but not to Kubernetes.
    if cidr is None or "/" not in cidr or not cidr.rpartition("/")[2].isdecimal():
        return None
    try:
        return ip_network(cidr, strict=False)
    except ValueError:
        return None


def _ports_differences(entries: Iterable[Mapping[str, Any]], connection: Connection) -> Differences:
    if not entries or any(_may_fit(each, number, connection) for each in entries for number in _numbers(connection)):
        return ()
    used = ", ".join(sorted(map(str, connection.ports))) or "any port"
    actual = f"{used}/{connection.protocol}" if connection.protocol else used
    return (Difference(aspect=Aspect.PORT, admitted=", ".join(map(_port_text, entries)), actual=actual),)


def _numbers(connection: Connection) -> frozenset[int | None]:
    """Return the numbers of a connection's ports; None among them stands for one that is not known."""
    found: set[int | None] = set()
    for port in connection.ports or (None,):
        if isinstance(port, str):
            protocols = (connection.protocol,) if connection.protocol else _PROTOCOLS
            found |= {each for protocol in protocols for each in _declared(connection.server, port, protocol)} or {None}
        else:
            found.add(port)
    return frozenset(found)


def _declared(server: End | None, name: str, protocol: str) -> frozenset[int]:
    """Return the numbers that the server's containers declare for a named port."""
    return frozenset(
        number
        for each in declared_ports((server.pod if server else None) or {})
        if each.get("name") == name
        and (each.get("protocol") or "TCP") == protocol
        and isinstance(number := each.get("containerPort"), int)
    )


def _may_fit(entry: Mapping[str, Any], number: int | None, connection: Connection) -> bool:
    """Tell whether an entry of a rule's ports admits a port, or may."""
    protocol, port = entry.get("protocol") or "TCP", entry.get("port")
    if connection.protocol and protocol != connection.protocol:
        return False
    if isinstance(port, str):
        return _name_may_fit(port, protocol, number, connection.server)
    return port is None or number is None or port <= number <= (entry.get("endPort") or port)


def _name_may_fit(name: str, protocol: str, number: int | None, server: End | None) -> bool:
    if server is None or not server.is_known:
        return True
    declared = _declared(server, name, protocol)
    return bool(declared) if number is None else number in declared


def rule_text(rule: Any, peers_key: str) -> str:
    """Return what a rule admits: `from pods app=web on 8080/TCP`."""
    rule = {} if rule is None else rule
    if not shaped(**{peers_key: _are_peers, "ports": _are_ports})(rule):
        return UNKNOWN
    who = " or ".join(map(peer_text, rule.get(peers_key) or ())) or (
        "anywhere" if peers_key == "from" else "everywhere"
    )
    ports = ", ".join(map(_port_text, rule.get("ports") or ()))
    return f"{peers_key} {who} on {ports}" if ports else f"{peers_key} {who}"


def peer_text(entry: Mapping[str, Any]) -> str:
    """Return which peers an entry admits: `pods app=web of namespaces team=a`, `10.0.0.0/8 but 10.1.0.0/16`."""
    if entry.get("ipBlock") is not None:
        return _block_text(entry["ipBlock"])
    by_pod, by_namespace = entry.get("podSelector"), entry.get("namespaceSelector")
    pods = "pods" if by_pod is None else f"pods {_selector_text(by_pod)}"
    return pods if by_namespace is None else f"{pods} of namespaces {_selector_text(by_namespace)}"


def _block_text(block: Mapping[str, Any]) -> str:
    """Return an ipBlock as `10.0.0.0/8 but 10.1.0.0/16`."""
    holes = ", ".join(block.get("except") or ())
    return f"{block.get('cidr')} but {holes}" if holes else str(block.get("cidr"))


def _port_text(entry: Mapping[str, Any]) -> str:
    """Return an entry of a rule's ports as `8080/TCP`, `1-9/UDP`, `web/TCP`, `any/TCP`."""
    last = f"-{entry['endPort']}" if entry.get("endPort") else ""
    return f"{entry.get('port') or 'any'}{last}/{entry.get('protocol') or 'TCP'}"


def _selector_text(selector: Mapping[str, Any]) -> str:
    return ",".join(map(str, requirements(selector))) or "(any)"
