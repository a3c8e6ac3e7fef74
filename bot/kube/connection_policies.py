"""Walk the hops of a connection at which NetworkPolicies decide: to the DNS, out of the source, into the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from bot.kube.cluster_names import Known, Meaning, Meant
from bot.kube.connection_hops import MOST_SHOWN, Destination, Facts, Hop, Objects, State, Step, Way
from bot.kube.network_policies import Block, blocks, restricting, summary
from bot.kube.network_policy_rules import METADATA_NAME, Connection, Direction, End
from bot.kube.objects import full_name, labels_of, name_of, namespace_of, place_of, ref, status_of
from bot.kube.owners import owner_of
from bot.kube.pod_states import is_ready
from bot.kube.services import ip_in, ready_addresses, selector_of
from intents.domain import Json

_DNS_PORTS: Final[frozenset[int | str]] = frozenset({53})
UNREAD: Final = Facts(why="NetworkPolicies")
# Labels that controllers and package managers write anew for each pod, revision or release.
_CHANGING: Final = frozenset({
    "pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index", "controller-uid", "batch.kubernetes.io/controller-uid", "job-name",
    "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index", "helm.sh/chart", "version",
    "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
})  # fmt: skip


def to_dns(way: Way, source: Json) -> Step | None:
    """Tell whether the source may ask the cluster's DNS, and is let in there; None where its pods are not known."""
    at, policies = ref(source, "Pod"), way.objects.policies
    if policies is None:
        return way.step(Hop.DNS_ACCESS, State.UNKNOWN, UNREAD, at=at)
    client = _end(way, source)
    # A look-up begins with UDP.
    asked = [
        Connection(client=client, server=_end(way, pod), ports=_DNS_PORTS, protocol="UDP")
        for pod in way.objects.dns_pods or ()
    ]
    found = [blocks(each, policies) for each in asked]
    if not found:
        return None
    if all(found):
        return _blocked(way, Hop.DNS_ACCESS, found[0][0], asked[0])
    return way.step(Hop.DNS_ACCESS, State.OK, at=at)


def egress(way: Way) -> Step | None:
    """Tell whether the source may call the target."""
    if way.source is None or way.meaning.what in (Meant.UNKNOWN, Meant.NOTHING):
        return None
    return _step(way, Hop.EGRESS, Direction.EGRESS)


def ingress(way: Way) -> Step | None:
    """Tell whether the target admits the source; without a source, whether it admits anyone."""
    return _step(way, Hop.INGRESS, Direction.INGRESS) if _called(way) else None


def closed(service: Json, pods: Sequence[Json], policies: Sequence[Json]) -> Facts | None:
    """Return the NetworkPolicies by which the pods behind a Service admit nobody on its ports; None if they admit."""
    way = Way(
        source=None,
        destination=Destination(host=name_of(service)),
        objects=Objects(names=Known(services=(service,)), pods=pods, policies=policies),
        meaning=Meaning(what=Meant.SERVICE, host=name_of(service), service=service),
    )
    step, called = ingress(way), len(_called(way))
    if step is None or step.state is not State.BROKEN or len(step.facts.pods) < min(called, MOST_SHOWN):
        return None
    return step.facts


def _step(way: Way, hop: Hop, direction: Direction) -> Step | None:
    policies = way.objects.policies
    if policies is None:
        return way.step(hop, State.UNKNOWN, UNREAD)
    called = _called(way)
    servers = _servers(way, called)
    found = [
        (asked, block)
        for asked in (_connection(way, server) for server in servers)
        for block in blocks(asked, policies)
        if block.direction is direction
    ]
    if found:
        pods = [asked.server.pod for asked, _ in found if asked.server and asked.server.pod]
        return _blocked(way, hop, found[0][1], found[0][0], pods=pods)
    if direction is Direction.EGRESS:
        return way.step(hop, State.OK) if servers else None
    isolating = [each for pod in called for each in restricting(pod, policies, direction)]
    return way.step(hop, State.OK, _facts(isolating, direction))


def _called(way: Way) -> list[Json]:
    """Return the pods that get the connection, the ready ones if there are any."""
    return [pod for pod in way.behind if is_ready(pod)] or way.behind


def _servers(way: Way, called: Iterable[Json]) -> list[End | None]:
    """Return the ends that get the connection; None is an address outside that is not known.

    The endpoints of a Service without a selector are written by hand. An address of the source's own network may be
    that of a pod, of which the labels are not known.
    """
    if way.meaning.what is Meant.OUTSIDE:
        ip = ip_in(way.destination.host)
        return [End(ip=ip) if ip else None]
    service = way.service
    if service is not None and not selector_of(service):
        written = ready_addresses(way.objects.slices or ()).get(name_of(service), ())
        own = _network(str(status_of(way.source or {}).get("podIP") or ""))
        return [End(ip=ip) for ip in sorted(written) if _network(ip) != own]
    return [_end(way, pod) for pod in called]


def _network(ip: str) -> tuple[str, ...]:
    return tuple(ip.split(".")[:2])


def _connection(way: Way, server: End | None) -> Connection:
    """Return the connection to a pod, or to an address outside."""
    client = _end(way, way.source) if way.source else None
    return Connection(client=client, server=server, ports=way.targets, protocol=way.protocol)


def _end(way: Way, pod: Json) -> End:
    return End(pod=pod, namespace_labels=way.objects.labels.get(namespace_of(pod)))


def _facts(policies: Iterable[Json], direction: Direction) -> Facts:
    """Return the policies, each with what it admits."""
    by_place = {place_of(each): each for each in policies}
    ordered: Sequence[Json] = [by_place[place] for place in sorted(by_place)][:MOST_SHOWN]
    return Facts(
        direction=str(direction),
        policies=tuple(map(name_of, ordered)),
        admits=tuple(f"{name_of(each)}: {summary(each, direction)}" for each in ordered),
    )


def _blocked(way: Way, hop: Hop, block: Block, asked: Connection, *, pods: Sequence[Mapping[str, Any]] = ()) -> Step:
    facts = Facts(
        direction=str(block.direction),
        policies=tuple(name_of(each.policy) for each in block.misses[:MOST_SHOWN]),
        admits=tuple(map(str, block.misses[:MOST_SHOWN])),
        admitting=admitting(asked, block.direction),
        pods=tuple(sorted(map(full_name, pods)))[:MOST_SHOWN],
        target=", ".join(sorted(map(str, asked.ports))),
    )
    return way.step(hop, State.BROKEN, facts, at=ref(block.misses[0].policy, "NetworkPolicy"))


def admitting(connection: Connection, direction: Direction) -> str:
    """Return the NetworkPolicy that would admit a blocked connection, for people to copy: policies add up.

    It is one line of YAML, "" where an end, its labels or the port are not known. It selects only pods that policies
    restrict in that direction already, so it takes nothing from them.
    """
    pod, peer = connection.pod(direction), connection.peer(direction)
    other = _peer(peer, home=namespace_of(pod or {}))
    if pod is None or not connection.ports or not (mine := _labels(pod)) or not other:
        return ""
    ports = [{"port": port, "protocol": connection.protocol or "TCP"} for port in sorted(connection.ports, key=str)]
    rule = {direction.peers: [other], "ports": ports}
    name = "-".join((owner_of(pod).name, direction.peers, owner_of(peer.pod).name if peer and peer.pod else "outside"))
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace_of(pod)},
        "spec": {
            "podSelector": {"matchLabels": mine},
            "policyTypes": [direction.capitalize()],
            direction.value: [rule],
        },
    }
    return yaml.safe_dump(policy, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _peer(end: End | None, *, home: str) -> Json:
    if end is None or end.pod is None:
        bits = 128 if end and ":" in end.ip else 32
        return {"ipBlock": {"cidr": f"{end.ip}/{bits}"}} if end and end.ip else {}
    if not (labels := _labels(end.pod)):
        return {}
    elsewhere = {"namespaceSelector": {"matchLabels": {METADATA_NAME: end.namespace}}} if end.namespace != home else {}
    return {**elsewhere, "podSelector": {"matchLabels": labels}}


def _labels(pod: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in sorted(labels_of(pod).items()) if key not in _CHANGING}
