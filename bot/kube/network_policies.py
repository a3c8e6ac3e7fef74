"""Decide whether a connection may pass the NetworkPolicies of one of its ends. One policy that allows it is enough.

Rules: k8s.io/api/networking/v1. A peer or port that is not known may be any: then only a policy that allows nothing at
all is sure to block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.kube.objects import labels_of, namespace_of, spec_of
from bot.kube.placement import selects
from bot.kube.services import declared_ports, is_within
from intents.domain import Json

_DNS: Final = 53


class Direction(StrEnum):
    """The direction of a connection, seen from a pod."""

    INGRESS = "ingress"
    EGRESS = "egress"

    @property
    def peers(self) -> str:
        """Return the key of a rule that lists its peers."""
        return "from" if self is Direction.INGRESS else "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end: a pod with its namespace's labels (None: not known), or an address outside."""

    ip: str = ""
    pod: Mapping[str, Any] | None = None
    namespace_labels: Mapping[str, str] | None = None

    @property
    def namespace(self) -> str:
        """Return the namespace of the pod, "" for an address outside."""
        return namespace_of(self.pod or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection that should pass: from or to anyone without a peer, on any port without ports.

    `server` is the pod called, if known.
    """

    peer: Peer | None = None
    ports: frozenset[int | str] = frozenset()
    server: Mapping[str, Any] | None = None


def policies_of(pod: Mapping[str, Any], policies: Iterable[Json], direction: Direction) -> list[Json]:
    """Return the policies that restrict a pod in a direction; none restricts a pod on the host's network."""
    if spec_of(pod).get("hostNetwork"):
        return []
    return [
        policy
        for policy in policies
        if namespace_of(policy) == namespace_of(pod)
        and direction in _directions(policy)
        and selects(spec_of(policy).get("podSelector") or {}, labels_of(pod))
    ]


def may_pass(policy: Mapping[str, Any], direction: Direction, connection: Connection) -> bool:
    """Tell whether one of a policy's rules may allow the connection."""
    home = namespace_of(policy)
    return any(
        _peer_fits(rule.get(direction.peers) or (), connection.peer, home)
        and _port_fits(rule.get("ports") or (), connection)
        for rule in spec_of(policy).get(direction) or ()
    )


def summary(policy: Mapping[str, Any], direction: Direction) -> str:
    """Return in a line what a policy allows: `from app=web on 8080/TCP; from 10.0.0.0/8`; "nothing"."""
    rules = spec_of(policy).get(direction) or ()
    return "; ".join(_rule_summary(rule, direction) for rule in rules) or "nothing"


def _directions(policy: Mapping[str, Any]) -> frozenset[str]:
    spec = spec_of(policy)
    if types := spec.get("policyTypes"):
        return frozenset(str(each).lower() for each in types)
    return frozenset({Direction.INGRESS, Direction.EGRESS} if spec.get("egress") else {Direction.INGRESS})


def _peer_fits(entries: Iterable[Mapping[str, Any]], peer: Peer | None, home: str) -> bool:
    entries = tuple(entries)
    return not entries or peer is None or any(_entry_fits(entry, peer, home) for entry in entries)


def _entry_fits(entry: Mapping[str, Any], peer: Peer, home: str) -> bool:
    if block := entry.get("ipBlock"):
        return not peer.ip or _block_fits(block, peer.ip)
    if peer.pod is None:
        return False
    # Seen from another node a pod on the host's network has the node's address; plugins differ in how they treat it.
    if spec_of(peer.pod).get("hostNetwork"):
        return True
    if entry.get("podSelector") is not None and not selects(entry["podSelector"], labels_of(peer.pod)):
        return False
    if entry.get("namespaceSelector") is None:
        return peer.namespace == home
    return peer.namespace_labels is None or selects(entry["namespaceSelector"], peer.namespace_labels)


def _block_fits(block: Mapping[str, Any], ip: str) -> bool:
    excluded = any(is_within(ip, str(each)) for each in block.get("except") or ())
    return is_within(ip, str(block.get("cidr") or "")) and not excluded


def _port_fits(entries: Iterable[Mapping[str, Any]], connection: Connection) -> bool:
    entries = tuple(entries)
    if not entries or not connection.ports:
        return True
    numbers, unresolved = _numbers(connection.ports, connection.server)
    return unresolved or any(
        _one_port_fits(entry, number, connection.server) for entry in entries for number in numbers
    )


def _one_port_fits(entry: Mapping[str, Any], number: int, server: Mapping[str, Any] | None) -> bool:
    if str(entry.get("protocol") or "TCP") != "TCP" and number != _DNS:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    numbers, unresolved = _numbers(frozenset({wanted}), server)
    last = int(entry.get("endPort") or 0)
    return unresolved or any(first <= number <= max(first, last) for first in numbers)


def _numbers(ports: Iterable[int | str], server: Mapping[str, Any] | None) -> tuple[frozenset[int], bool]:
    """Return the numbers of ports, and whether a name among them could not be resolved."""
    named = {str(each.get("name")): int(each.get("containerPort") or 0) for each in declared_ports(server or {})}
    found = {port if isinstance(port, int) else named.get(port, 0) for port in ports}
    return frozenset(found - {0}), 0 in found


def _rule_summary(rule: Mapping[str, Any], direction: Direction) -> str:
    peers = [_entry_summary(each) for each in rule.get(direction.peers) or ()]
    ports = [_port_summary(each) for each in rule.get("ports") or ()]
    who = " or ".join(peers) or ("anywhere" if direction is Direction.INGRESS else "everywhere")
    return f"{direction.peers} {who}" + (f" on {', '.join(ports)}" if ports else "")


def _entry_summary(entry: Mapping[str, Any]) -> str:
    if block := entry.get("ipBlock"):
        but = f" but {', '.join(map(str, block['except']))}" if block.get("except") else ""
        return f"{block.get('cidr')}{but}"
    pods = f"pods {_selector_summary(entry['podSelector'])}" if entry.get("podSelector") is not None else "pods"
    if entry.get("namespaceSelector") is None:
        return pods
    return f"{pods} of namespaces {_selector_summary(entry['namespaceSelector'])}"


def _selector_summary(selector: Mapping[str, Any]) -> str:
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = f" ({', '.join(map(str, each['values']))})" if each.get("values") else ""
        terms.append(f"{each.get('key')} {each.get('operator')}{values}")
    return ",".join(terms) or "(any)"


def _port_summary(entry: Mapping[str, Any]) -> str:
    port = str(entry.get("port") or "any")
    last = f"-{entry['endPort']}" if entry.get("endPort") else ""
    return f"{port}{last}/{entry.get('protocol') or 'TCP'}"
