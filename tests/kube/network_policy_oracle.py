"""Decide one connection by brute force, as the reference of networking.k8s.io/v1 NetworkPolicy words it.

This is the oracle for `bot/kube/network_policies.py`. It shares no code with it, takes only complete worlds and valid
policies, and prefers the plainest loop to a fast one. Where the reference leaves the behaviour to the network plugin:

- a pod with hostNetwork: undefined, so the answer is "allowed";
- an ipBlock and the address of a pod: a block that contains one of the pod's addresses admits it.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
Policy = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class NamedPort:
    """Describe a port that a container declares by name."""

    name: str
    protocol: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Pod:
    """Describe what the rules can see of a pod."""

    namespace: str
    name: str
    labels: Labels
    ips: tuple[str, ...]
    node_ip: str
    ports: tuple[NamedPort, ...] = ()
    host_network: bool = False


@dataclass(frozen=True, kw_only=True)
class World:
    """Hold the labels of every namespace and every policy of a cluster."""

    namespaces: Mapping[str, Labels]
    policies: Sequence[Policy]


# A pod, or the address of something outside the cluster.
End = Pod | str


def allowed(world: World, client: End, server: End, port: int, protocol: str) -> bool:
    """Return whether the client's egress and the server's ingress both allow the connection."""
    return egress_allowed(world, client, server, port, protocol) and ingress_allowed(
        world, client, server, port, protocol
    )


def egress_allowed(world: World, client: End, server: End, port: int, protocol: str) -> bool:
    """Return whether the policies that select the client let it open the connection."""
    return _direction_allowed(world, "Egress", client, server, server, port, protocol)


def ingress_allowed(world: World, client: End, server: End, port: int, protocol: str) -> bool:
    """Return whether the policies that select the server let it accept the connection."""
    return _direction_allowed(world, "Ingress", server, client, server, port, protocol)


def _direction_allowed(
    world: World, direction: str, target: End, peer: End, server: End, port: int, protocol: str
) -> bool:
    if isinstance(target, str):
        return True  # No policy selects something outside the cluster.
    if target.host_network or (isinstance(peer, Pod) and peer.host_network):
        return True
    if isinstance(peer, Pod) and (peer.namespace, peer.name) == (target.namespace, target.name):
        return True  # A pod cannot block access to itself.
    if peer == target.node_ip:
        return True  # Traffic from and to the pod's own node is always allowed.
    isolated = False
    for policy in world.policies:
        if policy["metadata"]["namespace"] != target.namespace:
            continue
        if direction not in _policy_types(policy["spec"]):
            continue
        if not _selector_matches(policy["spec"]["podSelector"], target.labels):
            continue
        isolated = True
        for rule in policy["spec"].get(direction.lower()) or []:
            if _peers_match(world, target.namespace, rule, direction, peer) and _ports_match(
                rule, server, port, protocol
            ):
                return True
    return not isolated


def _policy_types(spec: Mapping[str, Any]) -> list[str]:
    if spec.get("policyTypes"):
        return list(spec["policyTypes"])
    if spec.get("egress"):
        return ["Ingress", "Egress"]
    return ["Ingress"]


def _selector_matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in labels or labels[key] != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key = expression["key"]
        operator = expression["operator"]
        if operator == "In":
            matches = key in labels and labels[key] in expression["values"]
        elif operator == "NotIn":
            matches = key not in labels or labels[key] not in expression["values"]
        elif operator == "Exists":
            matches = key in labels
        elif operator == "DoesNotExist":
            matches = key not in labels
        else:
            raise ValueError(operator)
        if not matches:
            return False
    return True


def _peers_match(world: World, namespace: str, rule: Mapping[str, Any], direction: str, peer: End) -> bool:
    peers = rule.get("from" if direction == "Ingress" else "to")
    if not peers:
        return True
    return any(_peer_matches(world, namespace, one, peer) for one in peers)


def _peer_matches(world: World, namespace: str, wanted: Mapping[str, Any], peer: End) -> bool:
    if wanted.get("ipBlock") is not None:
        addresses = peer.ips if isinstance(peer, Pod) else (peer,)
        return any(_block_contains(wanted["ipBlock"], address) for address in addresses)
    if isinstance(peer, str):
        return False
    by_namespace = wanted.get("namespaceSelector")
    by_pod = wanted.get("podSelector")
    if by_namespace is None:
        in_namespace = peer.namespace == namespace
    else:
        in_namespace = _selector_matches(by_namespace, world.namespaces[peer.namespace])
    return in_namespace and (by_pod is None or _selector_matches(by_pod, peer.labels))


def _block_contains(block: Mapping[str, Any], address: str) -> bool:
    if not _in_range(block["cidr"], address):
        return False
    return not any(_in_range(hole, address) for hole in block.get("except") or [])


def _in_range(cidr: str, address: str) -> bool:
    network, length = cidr.split("/")
    one, other = ipaddress.ip_address(network), ipaddress.ip_address(address)
    if one.version != other.version:
        return False
    return _bits(one)[: int(length)] == _bits(other)[: int(length)]


def _bits(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return "".join(f"{byte:08b}" for byte in address.packed)


def _ports_match(rule: Mapping[str, Any], server: End, port: int, protocol: str) -> bool:
    wanted_ports = rule.get("ports")
    if not wanted_ports:
        return True
    for wanted in wanted_ports:
        if wanted.get("protocol", "TCP") != protocol:
            continue
        number = wanted.get("port")
        if number is None:
            return True
        if isinstance(number, str):
            if isinstance(server, Pod):
                for declared in server.ports:
                    if (declared.name, declared.protocol, declared.number) == (number, protocol, port):
                        return True
        elif port in range(number, wanted.get("endPort", number) + 1):
            return True
    return False
