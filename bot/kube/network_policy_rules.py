"""Compare a connection with one rule of a NetworkPolicy: its peers and its ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.kube.network_policy_fields import (
    METADATA_NAME,
    PROTOCOLS,
    Aspect,
    Difference,
    Differences,
    block_text,
    both,
    contains,
    either,
    has_only,
    items_of,
    peer_text,
    port_text,
    protocol_of,
    range_of,
    selector_differences,
)
from bot.kube.objects import labels_of, name_of, namespace_of, status_of
from bot.kube.services import declared_ports


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
        status = status_of(self.pod or {})
        listed = (each.get("ip") for each in status.get("podIPs") or ())
        return tuple(dict.fromkeys(str(each) for each in (self.ip, status.get("podIP"), *listed) if each))

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


def rule_differences(rule: object, direction: Direction, connection: Connection, home: str) -> Differences:
    """Return how a connection differs from a rule of a policy in the namespace `home`."""
    if rule is None:
        return ()
    if not isinstance(rule, Mapping) or not has_only(rule, {direction.peers, "ports"}):
        return None
    peers, ports = items_of(rule.get(direction.peers)), items_of(rule.get("ports"))
    return both(
        None if peers is None else _peers_differences(peers, connection.peer(direction), home),
        None if ports is None else _ports_differences(ports, connection),
    )


def _peers_differences(entries: tuple[object, ...], peer: End | None, home: str) -> Differences:
    if not entries:
        return ()
    if peer is None or not peer.is_known:
        return None
    return either(_peer_differences(each, peer, home) for each in entries)


def _peer_differences(entry: object, peer: End, home: str) -> Differences:
    if not isinstance(entry, Mapping) or not has_only(entry, {"ipBlock", "podSelector", "namespaceSelector"}):
        return None
    given = {key: value for key, value in entry.items() if value is not None}
    if "ipBlock" in given:
        return _block_differences(given["ipBlock"], peer) if len(given) == 1 else None
    if not given:
        return None
    if peer.pod is None:
        # Malformed selectors are no matter: whatever they are, they select pods.
        return (Difference(aspect=Aspect.ADDRESS, admitted=peer_text(entry), actual=peer.ip),)
    return both(
        _namespace_differences(given, peer, home),
        selector_differences(given.get("podSelector", {}), labels_of(peer.pod), Aspect.LABEL),
    )


def _namespace_differences(entry: Mapping[str, Any], peer: End, home: str) -> Differences:
    if "namespaceSelector" not in entry:
        same = peer.namespace == home
        return () if same else (Difference(aspect=Aspect.NAMESPACE, admitted=home, actual=peer.namespace),)
    known = peer.namespace_labels
    # The API server sets this label on every namespace and refuses to change it.
    labels = {METADATA_NAME: peer.namespace} if known is None else known
    return selector_differences(
        entry["namespaceSelector"], labels, Aspect.NAMESPACE_LABEL, is_complete=known is not None
    )


def _block_differences(block: object, peer: End) -> Differences:
    if not peer.addresses:
        return None
    found = [contains(block, each) for each in peer.addresses]
    if any(found):
        return ()
    difference = Difference(aspect=Aspect.ADDRESS, admitted=block_text(block), actual=", ".join(peer.addresses))
    return None if None in found else (difference,)


def _ports_differences(entries: tuple[object, ...], connection: Connection) -> Differences:
    if not entries:
        return ()
    numbers = _numbers(connection)
    found = [_port_fits(each, number, connection) for each in entries for number in numbers]
    if any(found):
        return ()
    used = ", ".join(sorted(map(str, connection.ports))) or "any port"
    difference = Difference(
        aspect=Aspect.PORT,
        admitted=", ".join(map(port_text, entries)),
        actual=f"{used}/{connection.protocol}" if connection.protocol else used,
    )
    return None if None in found else (difference,)


def _numbers(connection: Connection) -> frozenset[int | None]:
    """Return the numbers of a connection's ports; None among them stands for one that is not known."""
    found: set[int | None] = set()
    for port in connection.ports or (None,):
        if isinstance(port, str):
            protocols = (connection.protocol,) if connection.protocol else PROTOCOLS
            declared = {each for protocol in protocols for each in _declared(connection.server, port, protocol)}
            found |= declared or {None}
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


def _port_fits(entry: object, number: int | None, connection: Connection) -> bool | None:
    """Tell whether an entry of a rule's ports admits a port; None if that cannot be told."""
    if entry is None:
        entry = {}
    if not isinstance(entry, Mapping) or not has_only(entry, {"protocol", "port", "endPort"}):
        return None
    protocol = protocol_of(entry)
    if protocol is None:
        return None
    if connection.protocol and protocol != connection.protocol:
        return False
    wanted = range_of(entry)
    if wanted is None:
        return None
    fits = _name_fits(wanted, protocol, number, connection) if isinstance(wanted, str) else _is_in(wanted, number)
    return fits if connection.protocol or not fits else None


def _name_fits(name: str, protocol: str, number: int | None, connection: Connection) -> bool | None:
    if connection.server is None or not connection.server.is_known:
        return None
    declared = _declared(connection.server, name, protocol)
    return (None if declared else False) if number is None else number in declared


def _is_in(wanted: range, number: int | None) -> bool | None:
    if number is not None:
        return number in wanted
    return True if len(wanted) == 65535 else None
