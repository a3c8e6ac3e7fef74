"""The Services in question: where their traffic goes, what stands behind them, and on which nodes nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube import services as kube
from bot.kube.addresses import ip_in
from bot.kube.conditions import condition
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.questioned_services import questioned_services
from bot.probes.shared.scope import READS_PODS
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType

DECLARATION: Final = ProbeDeclaration(
    name="services",
    says="A row per Service in question: its policies and ports, what stands behind it, the nodes without an endpoint",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        # The text names it, an address or port of it, or pods behind it; false where all are looked at.
        "matched": RowType.BOOLEAN,
        "type": RowType.STRING,
        "cluster_ip": RowType.STRING,
        "headless": RowType.BOOLEAN,
        "external_policy": RowType.STRING,  # Cluster or Local; "" where it has no meaning
        "internal_policy": RowType.STRING,
        "ports": RowType.STRINGS,
        "node_ports": RowType.STRINGS,
        "selector": RowType.STRING,
        "pods": RowType.INTEGER,  # that the selector means; -1 without a selector
        "ready_pods": RowType.INTEGER,
        "unready_pods": RowType.STRINGS,
        "ready_endpoints": RowType.INTEGER,
        "unready_endpoints": RowType.INTEGER,
        "unanswered_ports": RowType.STRINGS,
        "unusual_ports": RowType.STRINGS,
        "nodes_with": RowType.STRINGS,  # a ready endpoint
        "nodes_without": RowType.STRINGS,  # ready nodes that clients may come in through; control planes if named
        "named_node": RowType.STRING,  # the node that the text names, or whose address it has
        "owner_kind": RowType.STRING,  # what makes the Service, as the TidbCluster of TiDB Operator
        "owner": RowType.STRING,
    },
    permissions=(
        *READS_PODS,
        Permission(verb="list", resource="services"),
        Permission(verb="list", group="discovery.k8s.io", resource="endpointslices"),
        Permission(verb="list", resource="nodes"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What stands around the Services: lists to join them with."""

    slices: Mapping[tuple[str, str], Sequence[Json]]
    pods: Mapping[str, Sequence[Json]]
    nodes: Sequence[Json]
    named_node: str


async def read(look: Look) -> Reading:
    found = await questioned_services(look)
    if not found.services:
        return Reading(gaps=found.gaps, missing=found.missing)
    namespaces = {namespace_of(service) for service in found.services}
    namespace = namespaces.pop() if len(namespaces) == 1 else ""
    names = [name_of(service) for service in found.services]
    labels = f"kubernetes.io/service-name={names[0]}" if len(names) == 1 else ""
    slices, pods, nodes = await asyncio.gather(
        _items(look, "EndpointSlice", namespace=namespace, labels=labels),
        _items(look, "Pod", namespace=namespace),
        _items(look, "Node"),
    )
    around = _Around(
        slices=_by(slices.items, lambda each: (namespace_of(each), _service_of(each))),
        pods=_by(pods.items, namespace_of),
        nodes=nodes.items,
        named_node=_named_node(look, nodes.items),
    )
    rows = tuple(_row(service, found.matched, around) for service in found.services)
    gaps = (*found.gaps, *slices.gaps, *pods.gaps, *nodes.gaps)
    return Reading(rows=rows, gaps=tuple(dict.fromkeys(gaps)), missing=found.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Items:
    items: tuple[Json, ...] = ()
    gaps: tuple[Gap, ...] = ()


_PLURALS: Final = {"EndpointSlice": "EndpointSlices", "Pod": "the pods behind Services", "Node": "nodes"}


async def _items(look: Look, kind: str, *, namespace: str = "", labels: str = "") -> _Items:
    """Objects to join with. A part of the endpoints or pods would count too few: that is a gap as well."""
    try:
        listing = await look.snapshot.list(kind, namespace=namespace, labels=labels)
    except ClusterError as error:
        return _Items(gaps=(error.gap(_PLURALS[kind]),))
    gap = listing.gap(_PLURALS[kind])
    return _Items(items=listing.items, gaps=(gap,) if gap else ())


def _by(items: Iterable[Json], key: Any) -> dict[Any, list[Json]]:
    found: dict[Any, list[Json]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _service_of(item: Json) -> str:
    return str(((item.get("metadata") or {}).get("labels") or {}).get("kubernetes.io/service-name") or "")


def _named_node(look: Look, nodes: Sequence[Json]) -> str:
    name = look.focus.node or (look.focus.name if look.focus.kind == "Node" else look.named.get("node", ""))
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    for node in nodes:
        addresses = {str(each.get("address")) for each in (node.get("status") or {}).get("addresses") or ()}
        if name_of(node) == name or ips & addresses:
            return name_of(node)
    return name


def _row(service: Json, matched: bool, around: _Around) -> Row:
    spec = service.get("spec") or {}
    namespace, name = namespace_of(service), name_of(service)
    selector = spec.get("selector") or {}
    pods = [pod for pod in around.pods.get(namespace, ()) if selector and _selects(selector, pod)]
    ready = [pod for pod in pods if condition(pod, "Ready").get("status") == "True"]
    endpoints = [each for one in around.slices.get((namespace, name), ()) for each in one.get("endpoints") or ()]
    answering = [each for each in endpoints if (each.get("conditions") or {}).get("ready") is not False]
    with_endpoint, without = _nodes(service, answering, around)
    owners = (service.get("metadata") or {}).get("ownerReferences") or ()
    owner: Mapping[str, Any] = next((each for each in owners if each.get("controller")), {})
    external = str(spec.get("externalTrafficPolicy") or "")
    values = {
        "namespace": namespace,
        "name": name,
        "matched": matched,
        "type": str(spec.get("type") or "ClusterIP"),
        "cluster_ip": str(spec.get("clusterIP") or ""),
        "headless": spec.get("clusterIP") == "None",
        "external_policy": external,
        "internal_policy": str(spec.get("internalTrafficPolicy") or ""),
        "ports": kube.shown_ports(service),
        "node_ports": tuple(map(str, kube.node_ports(service))),
        "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
        "pods": len(pods) if selector else -1,
        "ready_pods": len(ready),
        "unready_pods": tuple(sorted(name_of(pod) for pod in pods if pod not in ready)),
        "ready_endpoints": _count(answering),
        "unready_endpoints": _count([each for each in endpoints if each not in answering]),
        "unanswered_ports": kube.unanswered_ports(service, pods) if pods else (),
        "unusual_ports": kube.unusual_ports(pods),
        "nodes_with": with_endpoint,
        "nodes_without": without,
        "named_node": around.named_node,
        "owner_kind": str(owner.get("kind") or ""),
        "owner": str(owner.get("name") or ""),
    }
    return Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"externalTrafficPolicy: {external}" if external else f"{_count(answering)} ready endpoints",
        reproduce=f"kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name} -o yaml",
    )


def _selects(selector: Mapping[str, Any], pod: Json) -> bool:
    return selector.items() <= ((pod.get("metadata") or {}).get("labels") or {}).items()


def _count(endpoints: Iterable[Json]) -> int:
    return len({address for each in endpoints for address in each.get("addresses") or ()})


def _nodes(service: Json, answering: Sequence[Json], around: _Around) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nodes with and without a ready endpoint; where an endpoint does not say its node, none is without."""
    on = [
        str(each.get("nodeName") or (each.get("topology") or {}).get("kubernetes.io/hostname") or "")
        for each in answering
    ]
    with_endpoint = tuple(sorted({node for node in on if node}))
    if not all(on):
        return with_endpoint, ()
    balanced = (service.get("spec") or {}).get("type") == "LoadBalancer"
    entrances = (
        name_of(node)
        for node in around.nodes
        if kube.takes_traffic(node, balanced=balanced)
        and (not kube.is_control_plane(node) or name_of(node) == around.named_node)
    )
    return with_endpoint, tuple(sorted(set(entrances) - set(with_endpoint)))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
