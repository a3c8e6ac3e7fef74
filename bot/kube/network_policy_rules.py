"""Compare a connection with one rule of a NetworkPolicy: its peers and its ports.

Only certain differences are returned. A part of the connection that is not known may be any, and a part of the rule
that the API does not define may admit anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.kube.network_policy_fields import (
    METADATA_NAME,
    PROTOCOLS,
    Aspect,
    Difference,
    Differences,
    block_text,
    has_only,
    items_of,
    may_contain,
    peer_text,
    port_text,
    protocol_of,
    range_of,
    selector_differences,
)
from bot.kube.objects import addresses_of_pod, labels_of, name_of, namespace_of
from bot.kube.services import declared_ports

_PEER: Final = frozenset({"ipBlock", "podSelector", "namespaceSelector"})


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


def rule_differences(rule: object, direction: Direction, connection: Connection, home: str) -> Differences:
    """Return how a connection certainly differs from a rule of a policy in the namespace `home`."""
    if not isinstance(rule, Mapping) or not has_only(rule, {direction.peers, "ports"}):
        return ()
    return (
        *_peers_differences(items_of(rule.get(direction.peers)), connection.peer(direction), home),
        *_ports_differences(items_of(rule.get("ports")), connection),
    )


def _peers_differences(entries: Sequence[object] | None, peer: End | None, home: str) -> Differences:
    if not entries or peer is None or not peer.is_known:
        return ()
    return min((_peer_differences(each, peer, home) for each in entries), key=len)


def _peer_differences(entry: object, peer: End, home: str) -> Differences:
    if not isinstance(entry, Mapping) or not has_only(entry, _PEER):
        return ()
    given = {key: value for key, value in entry.items() if value is not None}
    if "ipBlock" in given:
        # The API allows no selector beside it.
        return _block_differences(given["ipBlock"], peer) if len(given) == 1 else ()
    if not given:
        return ()
    if peer.pod is None:
        return (Difference(aspect=Aspect.ADDRESS, admitted=peer_text(entry), actual=peer.ip),)
    return (
        *_namespace_differences(given, peer, home),
        *selector_differences(given.get("podSelector", {}), labels_of(peer.pod), Aspect.LABEL),
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
    if not peer.addresses or any(may_contain(block, each) for each in peer.addresses):
        return ()
    return (Difference(aspect=Aspect.ADDRESS, admitted=block_text(block), actual=", ".join(peer.addresses)),)


def _ports_differences(entries: Sequence[object] | None, connection: Connection) -> Differences:
    if not entries or any(_may_fit(each, number, connection) for each in entries for number in _numbers(connection)):
        return ()
    used = ", ".join(sorted(map(str, connection.ports))) or "any port"
    actual = f"{used}/{connection.protocol}" if connection.protocol else used
    return (Difference(aspect=Aspect.PORT, admitted=", ".join(map(port_text, entries)), actual=actual),)


def _numbers(connection: Connection) -> frozenset[int | None]:
    """Return the numbers of a connection's ports; None among them stands for one that is not known."""
    found: set[int | None] = set()
    for port in connection.ports or (None,):
        if isinstance(port, str):
            protocols = (connection.protocol,) if connection.protocol else PROTOCOLS
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


def _may_fit(entry: object, number: int | None, connection: Connection) -> bool:
    """Tell whether an entry of a rule's ports admits a port, or may."""
    if not isinstance(entry, Mapping) or not has_only(entry, {"protocol", "port", "endPort"}):
        return True
    protocol, wanted = protocol_of(entry), range_of(entry)
    if protocol is None:
        return True
    if connection.protocol and protocol != connection.protocol:
        return False
    if isinstance(wanted, str):
        return _name_may_fit(wanted, protocol, number, connection.server)
    return wanted is None or number is None or number in wanted


def _name_may_fit(name: str, protocol: str, number: int | None, server: End | None) -> bool:
    if server is None or not server.is_known:
        return True
    declared = _declared(server, name, protocol)
    return bool(declared) if number is None else number in declared
