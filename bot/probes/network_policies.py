"""The NetworkPolicies between the pods in question, and whether they together let the connection pass.

A policy that selects a pod restricts it; it blocks only if no policy of that pod allows the connection asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.kube import network_policies as kube
from bot.kube import services
from bot.kube.network_policy_rules import Connection, Direction, End
from bot.kube.objects import label_selector, labels_of, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.owners import workload_of
from bot.kube.services import ip_in, port_in
from bot.probes.contract import Look, RowValues, beside_the_verdict, manifest_of, may, probe
from bot.probes.shared.questioned import questioned_services
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Json, ProbeResult, Row

# One pod of each workload: they have the same labels.
MOST_PODS: Final = 12
_ORDER: Final = ("namespace", "pod", "direction", "policy", "peer")


class _Restriction(RowValues):
    of_subject = ("namespace", "policy")

    pod: str
    direction: str  # ingress or egress
    certain: bool  # the request shows that the failing connection has this direction
    peer: str  # the other end; "" where the request does not name it
    port: str
    allows: str
    blocks: bool  # no policy of the pod allows what is asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """The clients and servers of a connection, as far as the request names them; `outside` is an external address."""

    clients: tuple[Json, ...] = ()
    servers: tuple[Json, ...] = ()
    outside: str = ""
    ports: frozenset[int | str] = frozenset()
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One end of a connection, in one direction."""

    pod: Mapping[str, Any]
    direction: Direction
    connection: Connection
    certain: bool


@probe(
    says="a row per pod in question, direction and NetworkPolicy that restricts it there: what it lets pass",
    row=_Restriction,
    permissions=(
        *READS_PODS,
        *may("list", "networkpolicies.networking.k8s.io", "services"),
        *may("get", "namespaces"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the pods at both ends of the connection in question, and the policies that restrict them."""
    if not look.focus.name and not look.named.get("service") and not look.named.get("address"):
        # In some namespaces every pod is restricted: without an end of the connection no row helps.
        return ProbeResult()
    ends = await _ends(look)
    ways = await _ways(look, ends)
    homes = {namespace_of(way.pod) for way in ways}
    policies = sorted((each for each in await look.list("NetworkPolicy") if namespace_of(each) in homes), key=place_of)
    rows = [row for way in ways for row in _rows(way, policies)]
    rows.sort(key=lambda row: (not row.values["blocks"], *(str(row.values[key]) for key in _ORDER)))
    return ProbeResult(rows=tuple(rows), missing=ends.missing)


async def _ends(look: Look) -> _Ends:
    """Return both ends: the pods in question call the Service or address that the text names, if it names one."""
    called = await questioned_services(look)
    clients, missing = await _clients(look, called.missing if called.called else "")
    servers = _servers(look, called.services if called.called else ())
    known = await look.unless_refused(servers, _Ends(), what="the pods that are called")
    own = set(map(place_of, known.servers))
    return replace(known, clients=tuple(pod for pod in clients if place_of(pod) not in own), missing=missing)


async def _clients(look: Look, missing: str) -> tuple[tuple[Json, ...], str]:
    if not look.focus.name or look.focus.kind in ("Service", "Node"):
        return (), missing
    suspects = await pods_of(look)
    return _one_of_each(suspects.pods), suspects.missing or missing


async def _servers(look: Look, called: Sequence[Json]) -> _Ends:
    """Return the pods that are called, or the address outside, and on which of their ports. Raise ClusterError."""
    port = _named_port(look)
    known: frozenset[int | str] = frozenset({port} if port else ())
    if called:
        pods = [pod for service in called for pod in await _behind(look, service)]
        ports = (services.target_ports(service, port) for service in called if port)
        return _Ends(servers=_one_of_each(pods), ports=frozenset[int | str]().union(*ports))
    ip = ip_in(look.named.get("address", "")) or ip_in(look.named.get("host", ""))
    if not ip:
        return _Ends(ports=known)
    found = (await look.snapshot.list("Pod", fields=f"status.podIP={ip}")).items
    return _Ends(servers=found, outside="" if found else ip, ports=known)


def _named_port(look: Look) -> int:
    """Return the port that the text names, 0 if it names none."""
    given = look.named.get("port", "")
    return port_in(look.named.get("address", "")) or (int(given) if given.isdecimal() else 0)


async def _behind(look: Look, service: Json) -> tuple[Json, ...]:
    selector = spec_of(service).get("selector")
    if not selector:
        return ()
    return (await look.snapshot.list("Pod", namespace=namespace_of(service), labels=label_selector(selector))).items


def _one_of_each(pods: Sequence[Json]) -> tuple[Json, ...]:
    by_workload = {workload_of(pod): pod for pod in reversed(pods)}
    return tuple(by_workload[each] for each in sorted(by_workload))[:MOST_PODS]


async def _ways(look: Look, ends: _Ends) -> list[_Way]:
    """Return the directions to judge: out of the clients and into the servers, or both where only one end is known."""
    labels = await _labels(look, (*ends.clients, *ends.servers))
    clients, servers = (
        [End(pod=pod, namespace_labels=labels.get(namespace_of(pod))) for pod in pods]
        for pods in (ends.clients, ends.servers)
    )
    called = [*servers, *([End(ip=ends.outside)] if ends.outside else [])]
    if not called:
        # The request names one end: it may be the client of the failing connection, or its server.
        return [
            _Way(
                pod=pod,
                direction=direction,
                connection=Connection(client=end) if direction is Direction.EGRESS else Connection(server=end),
                certain=False,
            )
            for pod, end in zip(ends.clients, clients, strict=True)
            for direction in Direction
        ]
    pairs = [(client, server) for client in clients or (None,) for server in called]
    connections = [Connection(client=client, server=server, ports=ends.ports) for client, server in pairs]
    return [
        _Way(pod=pod, direction=direction, connection=connection, certain=True)
        for connection in connections
        for direction in (Direction.EGRESS, Direction.INGRESS)
        if (pod := connection.pod(direction))
    ]


async def _labels(look: Look, pods: Sequence[Json]) -> dict[str, Mapping[str, str] | None]:
    """Return the labels of the pods' namespaces; None where they may not be read: a selector may match them."""
    names = sorted({namespace_of(pod) for pod in pods})
    with beside_the_verdict():
        found = await asyncio.gather(*(look.find("Namespace", name) for name in names))
    return {name: labels_of(each) if each else None for name, each in zip(names, found, strict=True)}


def _rows(way: _Way, policies: Sequence[Json]) -> list[Row]:
    blocks = any(each.direction is way.direction for each in kube.blocks(way.connection, policies))
    return [_row(way, policy, blocks=blocks) for policy in kube.restricting(way.pod, policies, way.direction)]


def _row(way: _Way, policy: Json, *, blocks: bool) -> Row:
    summary = kube.summary(policy, way.direction)
    about = ref(policy, "NetworkPolicy")
    return _Restriction(
        pod=name_of(way.pod),
        direction=str(way.direction),
        certain=way.certain,
        peer=str(way.connection.peer(way.direction) or ""),
        port=", ".join(sorted(map(str, way.connection.ports))),
        allows=summary,
        blocks=blocks,
    ).row(
        about,
        quote=f"{way.direction} of {name_of(way.pod)}: {summary}",
        reproduce=manifest_of(about),
    )
