"""Decide which NetworkPolicies block a connection, as networking.k8s.io/v1 defines them.

`blocks` judges the way out of the client and the way into the server, and reports only what is certain: a part of the
connection that is not known may be any, and a part of a policy that the API does not define may admit anything.

Policies of network plugins and meshes are not evaluated here. Where the API leaves the behaviour to the plugin:

- a pod on the host's network is never reported as blocked, nor is a connection with one;
- an ipBlock that contains an address of a pod admits the pod;
- an address outside is compared as it is given, although a Service or load balancer on the way may replace it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from bot.kube.network_policy_rules import (
    UNKNOWN,
    Aspect,
    Connection,
    Difference,
    Differences,
    Direction,
    End,
    is_selector,
    rule_differences,
    rule_text,
    selector_differences,
)
from bot.kube.objects import is_on_host_network, labels_of, name_of, namespace_of, place_of, status_of
from bot.kube.services import ip_in
from intents.domain import Json

_TYPES: Final = ("Ingress", "Egress")
_SPEC: Final = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_NOTHING: Final = (Difference(aspect=Aspect.RULES),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A policy that does not admit the connection: how the connection differs from the rule that comes nearest."""

    policy: Json
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        return f"{name_of(self.policy)} {' and '.join(map(str, self.differences))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A direction in which no policy admits the connection; `misses` has each policy that restricts `pod`."""

    direction: Direction
    pod: Mapping[str, Any]
    misses: tuple[Miss, ...]  # the nearest first: its differences are the fewest


def blocks(connection: Connection, policies: Iterable[Json]) -> tuple[Block, ...]:
    """Return where policies certainly block a connection: on the way out of its client, then into its server.

    The answer is exact for a connection of which everything is known. Give all policies of both namespaces; those of
    others are ignored. An end that is not known is taken to be neither the pod itself nor its node, so that a policy
    without rules blocks it. The look-up of a name is a connection of its own, to port 53 of a DNS pod (UDP and TCP):

        dns = End(pod=coredns, namespace_labels=labels_of(kube_system))
        blocks(Connection(client=client, server=dns, ports=frozenset({53}), protocol="UDP"), policies)
    """
    policies = tuple(policies)
    found = (_block(direction, connection, policies) for direction in (Direction.EGRESS, Direction.INGRESS))
    return tuple(each for each in found if each)


def restricting(pod: Mapping[str, Any], policies: Iterable[Json], direction: Direction) -> tuple[Json, ...]:
    """Return the policies that certainly restrict a pod in a direction; none restricts a pod on the host's network."""
    return tuple(each for each in policies if _selects(each, pod, direction))


def summary(policy: Json, direction: Direction) -> str:
    """Return in a line what a policy admits: `from pods app=web on 8080/TCP; from 10.0.0.0/8`; "nothing"."""
    rules = _rules(_spec(policy), direction)
    if rules is None:
        return UNKNOWN
    return "; ".join(rule_text(each, direction.peers) for each in rules) or "nothing"


def _block(direction: Direction, connection: Connection, policies: Iterable[Json]) -> Block | None:
    pod, peer = connection.pod(direction), connection.peer(direction)
    if pod is None or _always_passes(pod, peer):
        return None
    misses = []
    for policy in policies:
        selected = _selects(policy, pod, direction)
        if selected is False:
            continue
        differences = _differences(policy, direction, connection)
        if not differences:
            return None
        if selected:
            misses.append(Miss(policy=policy, differences=differences))
    return Block(direction=direction, pod=pod, misses=tuple(sorted(misses, key=_distance))) if misses else None


def _distance(miss: Miss) -> tuple[bool, int, str]:
    return miss.differences == _NOTHING, len(miss.differences), name_of(miss.policy)


def _always_passes(pod: Mapping[str, Any], peer: End | None) -> bool:
    """Tell whether no policy can be said to block: a pod's own traffic, that of its node, and the host's network."""
    if peer is None:
        return is_on_host_network(pod)
    if peer.pod is not None:
        return is_on_host_network(pod) or is_on_host_network(peer.pod) or _is_same(pod, peer.pod)
    status = status_of(pod)
    nodes = (status.get("hostIP"), *(each.get("ip") for each in status.get("hostIPs") or ()))
    return is_on_host_network(pod) or peer.ip in (*End(pod=pod).addresses, *nodes) or _is_loopback(peer.ip)


def _is_same(pod: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return pod is other or (bool(name_of(pod)) and place_of(pod) == place_of(other))


def _is_loopback(address: str) -> bool:
    return bool(ip := ip_in(address)) and ip_address(ip).is_loopback


def _selects(policy: Json, pod: Mapping[str, Any], direction: Direction) -> bool | None:
    """Tell whether the policy restricts the pod in the direction; None if that cannot be told."""
    if is_on_host_network(pod) or namespace_of(policy) != namespace_of(pod):
        return False
    if (spec := _spec(policy)) is None:
        return None
    has_direction, selector = _has_direction(spec, direction), spec.get("podSelector") or {}
    if has_direction is False:
        return False
    if not is_selector(selector):
        return None
    return False if selector_differences(selector, labels_of(pod), Aspect.LABEL) else has_direction


def _spec(policy: Json) -> Mapping[str, Any] | None:
    """Return the spec of a policy, None for one that the API does not define."""
    spec = policy.get("spec") or {}
    return spec if isinstance(spec, Mapping) and spec.keys() <= _SPEC else None


def _rules(spec: Mapping[str, Any] | None, direction: Direction) -> Sequence[Any] | None:
    """Return the rules of a direction, None where the API does not define them."""
    rules = None if spec is None else spec.get(direction.value) or []
    return rules if isinstance(rules, list) else None


def _has_direction(spec: Mapping[str, Any], direction: Direction) -> bool | None:
    types = spec.get("policyTypes") or []
    if not isinstance(types, list):
        return None
    if types:
        return direction.capitalize() in types or (False if all(each in _TYPES for each in types) else None)
    if direction is Direction.INGRESS:
        return True
    rules = _rules(spec, direction)
    return None if rules is None else bool(rules)


def _differences(policy: Json, direction: Direction, connection: Connection) -> Differences:
    """Return how the connection certainly differs from the nearest rule: nothing if one admits it, or may."""
    rules, home = _rules(_spec(policy), direction), namespace_of(policy)
    if rules is None:
        return ()
    return min((rule_differences(each, direction, connection, home) for each in rules), key=len, default=_NOTHING)
