"""The Services in question: where their traffic goes, what is behind them, and on which nodes nothing is."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube import services as kube
from bot.kube.addresses import ip_in
from bot.kube.endpoints import addresses_in, is_ready_endpoint, node_of_endpoint, service_of, slices_of_service
from bot.kube.objects import label_selector, labels_of, name_of, namespace_of, ref, spec_of, status_of
from bot.kube.owners import controller_reference
from bot.kube.pod_readiness import is_ready
from bot.probes.contract import Look
from bot.probes.shared.questioned_services import questioned_services
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

KEYS: Final[Mapping[str, RowType]] = {
    # The text names it, an address or port of it, or pods behind it; false where all are looked at.
    "matched": RowType.BOOLEAN,
    "type": RowType.STRING,
    "headless": RowType.BOOLEAN,
    "external_policy": RowType.STRING,  # Cluster or Local; "" where it has no meaning
    "internal_policy": RowType.STRING,
    "ports": RowType.STRINGS,
    "node_ports": RowType.STRINGS,
    "selector": RowType.STRING,
    "unanswered_ports": RowType.STRINGS,
    "unusual_ports": RowType.STRINGS,
    "nodes_with": RowType.STRINGS,  # a ready endpoint
    "nodes_without": RowType.STRINGS,  # ready nodes that clients may come in through; control planes if named
    "named_node": RowType.STRING,  # the node that the text names, or whose address it has
    "owner_kind": RowType.STRING,  # what makes the Service, as the TidbCluster of TiDB Operator
    "owner": RowType.STRING,
}
_PLURALS: Final = {"EndpointSlice": "EndpointSlices", "Pod": "the pods behind Services", "Node": "nodes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Items:
    """A list to join with, and what of it could not be read."""

    items: tuple[Json, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The endpoints and pods by place, and the nodes, to join the Services with."""

    endpoints: Mapping[tuple[str, str], Sequence[Json]]
    pods: Mapping[str, Sequence[Json]]
    nodes: Sequence[Json]
    named_node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backend:
    """The pods that a Service selects and its endpoints."""

    pods: Sequence[Json]
    endpoints: Sequence[Json]

    @property
    def ready_pods(self) -> list[Json]:
        return [pod for pod in self.pods if is_ready(pod)]

    @property
    def unready_pods(self) -> tuple[str, ...]:
        return tuple(sorted(name_of(pod) for pod in self.pods if not is_ready(pod)))

    @property
    def answering(self) -> list[Json]:
        return [each for each in self.endpoints if is_ready_endpoint(each)]


async def read(look: Look) -> ProbeResult:
    """Read the Services in question, and the endpoints, pods and nodes around them."""
    found = await questioned_services(look)
    if not found.services:
        return ProbeResult(gaps=found.gaps, missing=found.missing)
    namespaces = {namespace_of(service) for service in found.services}
    namespace = namespaces.pop() if len(namespaces) == 1 else ""
    names = [name_of(service) for service in found.services]
    labels = slices_of_service(names[0]) if len(names) == 1 else ""
    slices, pods, nodes = await asyncio.gather(
        _items(look, "EndpointSlice", namespace=namespace, labels=labels),
        _items(look, "Pod", namespace=namespace),
        _items(look, "Node"),
    )
    around = _Around(
        endpoints=_endpoints(slices.items),
        pods=_by_namespace(pods.items),
        nodes=nodes.items,
        named_node=_named_node(look, nodes.items),
    )
    rows = tuple(_row(service, found.matched, around) for service in found.services)
    gaps = (*found.gaps, *slices.gaps, *pods.gaps, *nodes.gaps)
    return ProbeResult(rows=rows, gaps=tuple(dict.fromkeys(gaps)), missing=found.missing)


async def _items(look: Look, kind: str, *, namespace: str = "", labels: str = "") -> _Items:
    """Return objects to join with. A part of the endpoints or pods would count too few: that is a gap as well."""
    try:
        listing = await look.snapshot.list(kind, namespace=namespace, labels=labels)
    except ClusterError as error:
        return _Items(gaps=(error.gap(_PLURALS[kind]),))
    gap = listing.gap(_PLURALS[kind])
    return _Items(items=listing.items, gaps=(gap,) if gap else ())


def _endpoints(slices: Sequence[Json]) -> Mapping[tuple[str, str], Sequence[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for each in slices:
        found[namespace_of(each), service_of(each)] += each.get("endpoints") or ()
    return found


def _by_namespace(pods: Sequence[Json]) -> Mapping[str, Sequence[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for pod in pods:
        found[namespace_of(pod)].append(pod)
    return found


def _named_node(look: Look, nodes: Sequence[Json]) -> str:
    name = look.focus.node or (look.focus.name if look.focus.kind == "Node" else look.named.get("node", ""))
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    for node in nodes:
        addresses = {str(each.get("address")) for each in status_of(node).get("addresses") or ()}
        if name_of(node) == name or ips & addresses:
            return name_of(node)
    return name


def _row(service: Json, matched: bool, around: _Around) -> Row:
    namespace, name, spec = namespace_of(service), name_of(service), spec_of(service)
    behind = _backend(service, around)
    external = str(spec.get("externalTrafficPolicy") or "")
    answering = len(addresses_in(behind.answering))
    values: dict[str, Value] = {
        "namespace": namespace,
        "name": name,
        "matched": matched,
        "type": str(spec.get("type") or "ClusterIP"),
        "external_policy": external,
        "internal_policy": str(spec.get("internalTrafficPolicy") or ""),
        "cluster_ip": str(spec.get("clusterIP") or ""),
        "headless": spec.get("clusterIP") == "None",
        **_ports(service, behind.pods),
        **_pods(service, behind),
        "ready_endpoints": answering,
        **_nodes(service, behind.answering, around),
        **_owner(service),
    }
    return Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"externalTrafficPolicy: {external}" if external else f"{answering} ready endpoints",
        reproduce=f"kubectl -n {namespace} get endpointslices -l {slices_of_service(name)} -o yaml",
    )


def _backend(service: Json, around: _Around) -> _Backend:
    namespace, selector = namespace_of(service), spec_of(service).get("selector") or {}
    pods = [pod for pod in around.pods.get(namespace, ()) if selector and selector.items() <= labels_of(pod).items()]
    return _Backend(pods=pods, endpoints=around.endpoints.get((namespace, name_of(service)), ()))


def _ports(service: Json, pods: Sequence[Json]) -> dict[str, Value]:
    return {
        "ports": kube.shown_ports(service),
        "node_ports": tuple(map(str, kube.node_ports(service))),
        "unanswered_ports": kube.unanswered_ports(service, pods) if pods else (),
        "unusual_ports": kube.unusual_ports(pods),
    }


def _pods(service: Json, behind: _Backend) -> dict[str, Value]:
    selector = spec_of(service).get("selector") or {}
    return {
        "selector": label_selector(selector),
        "pods": len(behind.pods) if selector else -1,
        "ready_pods": len(behind.ready_pods),
        "unready_pods": behind.unready_pods,
    }


def _owner(service: Json) -> dict[str, Value]:
    owner = controller_reference(service)
    return {"owner_kind": str(owner.get("kind") or ""), "owner": str(owner.get("name") or "")}


def _nodes(service: Json, answering: Sequence[Json], around: _Around) -> dict[str, Value]:
    """Return the nodes with and without a ready endpoint; where an endpoint does not say its node, none is without."""
    on = [node_of_endpoint(each) for each in answering]
    with_endpoint = {node for node in on if node}
    without = _entrances(service, around) - with_endpoint if all(on) else ()
    return {
        "nodes_with": tuple(sorted(with_endpoint)),
        "nodes_without": tuple(sorted(without)),
        "named_node": around.named_node,
    }


def _entrances(service: Json, around: _Around) -> set[str]:
    """Return the nodes through which clients come in; a control plane only where the text names it."""
    balanced = spec_of(service).get("type") == "LoadBalancer"
    return {
        name_of(node)
        for node in around.nodes
        if kube.takes_traffic(node, balanced=balanced)
        and (not kube.is_control_plane(node) or name_of(node) == around.named_node)
    }
