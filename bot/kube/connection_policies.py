"""Walk the hops of a connection at which NetworkPolicies decide: to the DNS, out of the source, into the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.kube.cluster_names import Meant
from bot.kube.connection_hops import MOST_SHOWN, Facts, Hop, State, Step, Way, place_shown
from bot.kube.network_policies import Connection, Direction, Peer, may_pass, policies_of, summary
from bot.kube.objects import name_of, namespace_of, place_of, ref, status_of
from bot.kube.pod_states import is_ready
from bot.kube.services import ip_in
from intents.domain import Json

_DNS_PORT: Final = 53
UNREAD: Final = Facts(why="NetworkPolicies")


def to_dns(way: Way, source: Json) -> Step | None:
    """Tell whether the source may ask the cluster's DNS; None where its pods are not known."""
    if way.objects.policies is None:
        return way.step(Hop.DNS_EGRESS, State.UNKNOWN, UNREAD, at=ref(source, "Pod"))
    ports: frozenset[int | str] = frozenset({_DNS_PORT})
    found = [
        _blocking(way, source, Direction.EGRESS, Connection(peer=_peer(way, pod), ports=ports, server=pod))
        for pod in way.objects.dns_pods or ()
    ]
    if not found:
        return None
    if all(found):
        return _blocked(way, Hop.DNS_EGRESS, found[0], pods=(), ports=ports)
    return way.step(Hop.DNS_EGRESS, State.OK, at=ref(source, "Pod"))


def egress(way: Way) -> Step | None:
    """Tell whether the source may call the target."""
    source, targets = way.source, way.targets
    if source is None or way.meaning.what in (Meant.UNKNOWN, Meant.NOTHING):
        return None
    if way.objects.policies is None:
        return way.step(Hop.EGRESS, State.UNKNOWN, UNREAD)
    if way.meaning.what is Meant.OUTSIDE:
        outside = Connection(peer=Peer(ip=ip_in(way.destination.host)), ports=targets)
        blocking = _blocking(way, source, Direction.EGRESS, outside)
        return _blocked(way, Hop.EGRESS, blocking, pods=()) if blocking else way.step(Hop.EGRESS, State.OK)
    called = _called(way)
    found = [
        (pod, blocking)
        for pod in called
        if (
            blocking := _blocking(
                way, source, Direction.EGRESS, Connection(peer=_peer(way, pod), ports=targets, server=pod)
            )
        )
    ]
    if found:
        return _blocked(way, Hop.EGRESS, found[0][1], pods=(pod for pod, _ in found))
    return way.step(Hop.EGRESS, State.OK) if called else None


def ingress(way: Way) -> Step | None:
    """Tell whether the target admits the source; without a source, whether it admits anyone."""
    called = _called(way)
    if not called:
        return None
    if way.objects.policies is None:
        return way.step(Hop.INGRESS, State.UNKNOWN, UNREAD)
    peer = _peer(way, way.source) if way.source else None
    found = [
        (pod, blocking)
        for pod in called
        if (blocking := _blocking(way, pod, Direction.INGRESS, Connection(peer=peer, ports=way.targets, server=pod)))
    ]
    if found:
        return _blocked(way, Hop.INGRESS, found[0][1], pods=(pod for pod, _ in found))
    isolating = [each for pod in called for each in policies_of(pod, way.objects.policies, Direction.INGRESS)]
    return way.step(Hop.INGRESS, State.OK, _facts(isolating, Direction.INGRESS))


def _called(way: Way) -> list[Json]:
    """Return the pods that get the connection, the ready ones if there are any."""
    return [pod for pod in way.behind if is_ready(pod)] or way.behind


def _peer(way: Way, pod: Json) -> Peer:
    labels = way.objects.labels.get(namespace_of(pod))
    return Peer(ip=str(status_of(pod).get("podIP") or ""), pod=pod, namespace_labels=labels)


def _blocking(way: Way, pod: Json, direction: Direction, connection: Connection) -> list[Json]:
    """Return the policies that together block a connection at one end; none if it may pass."""
    restricting = policies_of(pod, way.objects.policies or (), direction)
    return [] if any(may_pass(each, direction, connection) for each in restricting) else restricting


def _facts(policies: Iterable[Json], direction: Direction) -> Facts:
    """Return the policies, each with what it lets pass."""
    by_place = {place_of(each): each for each in policies}
    ordered: Sequence[Json] = [by_place[place] for place in sorted(by_place)][:MOST_SHOWN]
    return Facts(
        policies=tuple(map(name_of, ordered)),
        admits=tuple(f"{name_of(each)}: {summary(each, direction)}" for each in ordered),
    )


def _blocked(
    way: Way,
    hop: Hop,
    policies: Sequence[Json],
    *,
    pods: Iterable[Json],
    ports: frozenset[int | str] | None = None,
) -> Step:
    direction = Direction.INGRESS if hop is Hop.INGRESS else Direction.EGRESS
    shown = tuple(sorted(map(place_shown, pods)))[:MOST_SHOWN]
    target = ", ".join(sorted(map(str, way.targets if ports is None else ports)))
    facts = replace(_facts(policies, direction), pods=shown, target=target)
    return way.step(hop, State.BROKEN, facts, at=ref(min(policies, key=name_of), "NetworkPolicy"))
