"""Services: where their traffic goes, what is behind them, and which of them answers names for the cluster.

Installations name the Service of the DNS differently (kube-dns, coredns, rke2-coredns), but label it
`k8s-app=kube-dns`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube import services as kube
from bot.kube.addresses import services_called
from bot.kube.containers import containers_in
from bot.kube.objects import (
    full_name,
    grouped,
    has_ended,
    label_selector,
    labels_of,
    name_of,
    namespace_of,
    node_addresses,
    node_name_of,
    place_of,
    ref,
    spec_of,
)
from bot.kube.owners import controller_reference
from bot.kube.pod_states import is_ready, unready_reason
from bot.kube.services import addresses_in, ip_in, is_ready_endpoint, node_of_endpoint, service_of, slices_of_service
from bot.probes.contract import Look, RowValues, may, probe, probe_of
from bot.probes.shared import backends
from bot.probes.shared.questioned import questioned_services
from bot.probes.shared.scope import READS_PODS
from intents.domain import Json, ProbeResult, Row


class _Service(RowValues):
    """A Service: what every row has."""

    of_subject = ("namespace", "name")

    cluster_ip: str
    pods: int  # that the selector means; -1 without a selector
    ready_pods: int
    unready_pods: tuple[str, ...]
    ready_endpoints: int


class _OnNodes(RowValues):
    """The nodes with and without a ready endpoint of a Service."""

    nodes_with: tuple[str, ...]
    nodes_without: tuple[str, ...]  # ready nodes that clients may come in through; control planes if named
    named_node: str  # the node that the text names, or whose address it has


class _Requested(RowValues):
    """Where the traffic of a Service goes."""

    # The text names it, an address or port of it, or pods behind it; false where all are looked at.
    matched: bool
    type: str
    headless: bool
    external_policy: str  # Cluster or Local; "" where it has no meaning
    internal_policy: str
    ports: tuple[str, ...]
    node_ports: tuple[str, ...]
    selector: str
    unanswered_ports: tuple[str, ...]
    unusual_ports: tuple[str, ...]
    on_nodes: _OnNodes
    owner_kind: str  # what makes the Service, as the TidbCluster of TiDB Operator
    owner: str


class _Local(RowValues):
    """Which callers a Service with internalTrafficPolicy Local does not serve."""

    nodes_with: tuple[str, ...]  # that have a ready endpoint
    callers: tuple[str, ...]  # pods on other nodes whose spec names the Service, as namespace/name
    nodes_without: tuple[str, ...]  # those of these callers


class _ClusterDns(RowValues):
    """What answers behind a Service of the cluster's DNS."""

    backend_kind: str  # the workload whose pods the Service selects; "" where unknown
    backend: str
    unready: str  # the pods that are not ready with the reasons
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The endpoints and pods by place, and the nodes, to join the Services with."""

    endpoints: Mapping[tuple[str, str], Sequence[Json]]
    pods: Mapping[str, Sequence[Json]]
    nodes: Sequence[Json]
    named_node: str


@probe(
    says="the Service that the request names, those at an address or port of it, those in front of its pods, else all",
    row=_Requested,
)
async def _requested(look: Look) -> ProbeResult:
    """Read the Services in question, and the endpoints, pods and nodes around them."""
    found = await questioned_services(look)
    if not found.services:
        return ProbeResult(missing=found.missing)
    namespaces = {namespace_of(service) for service in found.services}
    namespace = namespaces.pop() if len(namespaces) == 1 else ""
    names = [name_of(service) for service in found.services]
    labels = slices_of_service(names[0]) if len(names) == 1 else ""
    slices, pods, nodes = await asyncio.gather(
        look.list("EndpointSlice", namespace=namespace, labels=labels),
        look.list("Pod", namespace=namespace),
        look.list("Node"),
    )
    around = _Around(
        endpoints=_endpoints(slices),
        pods=grouped(pods, namespace_of),
        nodes=nodes,
        named_node=_named_node(look, nodes),
    )
    rows = tuple(_row(service, found.matched, around) for service in found.services)
    return ProbeResult(rows=rows, missing=found.missing)


def _endpoints(slices: Sequence[Json]) -> Mapping[tuple[str, str], Sequence[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for each in slices:
        found[namespace_of(each), service_of(each)] += each.get("endpoints") or ()
    return found


def _named_node(look: Look, nodes: Sequence[Json]) -> str:
    name = look.focus.named_node or look.named.get("node", "")
    ips = {ip for word in ("address", "host") if (ip := ip_in(look.named.get(word, "")))}
    meant = (name_of(node) for node in nodes if name_of(node) == name or not ips.isdisjoint(node_addresses(node)))
    return next(meant, name)


def _row(service: Json, matched: bool, around: _Around) -> Row:
    namespace, name, spec = namespace_of(service), name_of(service), spec_of(service)
    selector, external = spec.get("selector") or {}, str(spec.get("externalTrafficPolicy") or "")
    pods = [pod for pod in around.pods.get(namespace, ()) if selector and selector.items() <= labels_of(pod).items()]
    answering = [each for each in around.endpoints.get((namespace, name), ()) if is_ready_endpoint(each)]
    ready_endpoints = len(addresses_in(answering))
    owner = controller_reference(service)
    requested = _Requested(
        matched=matched,
        type=str(spec.get("type") or "ClusterIP"),
        headless=kube.is_headless(service),
        external_policy=external,
        internal_policy=str(spec.get("internalTrafficPolicy") or ""),
        ports=kube.shown_ports(service),
        node_ports=tuple(map(str, kube.node_ports(service))),
        selector=label_selector(selector),
        unanswered_ports=kube.unanswered_ports(service, pods) if pods else (),
        unusual_ports=kube.unusual_ports(pods),
        on_nodes=_on_nodes(service, answering, around),
        owner_kind=str(owner.get("kind") or ""),
        owner=str(owner.get("name") or ""),
    )
    return _service(service, pods, ready_endpoints=ready_endpoints).row(
        ref(service, "Service"),
        quote=f"externalTrafficPolicy: {external}" if external else f"{ready_endpoints} ready endpoints",
        reproduce=f"kubectl -n {namespace} get endpointslices -l {slices_of_service(name)} -o yaml",
        more=requested.values(),
    )


def _service(service: Json, pods: Sequence[Json], *, ready_endpoints: int) -> _Service:
    spec, unready = spec_of(service), [name_of(pod) for pod in pods if not is_ready(pod)]
    return _Service(
        cluster_ip=str(spec.get("clusterIP") or ""),
        pods=len(pods) if spec.get("selector") else -1,
        ready_pods=len(pods) - len(unready),
        unready_pods=tuple(sorted(unready)),
        ready_endpoints=ready_endpoints,
    )


def _on_nodes(service: Json, answering: Sequence[Json], around: _Around) -> _OnNodes:
    """Return the nodes with and without a ready endpoint; where an endpoint does not say its node, none is without."""
    on = [node_of_endpoint(each) for each in answering]
    with_endpoint = {node for node in on if node}
    without = _entrances(service, around) - with_endpoint if all(on) else ()
    return _OnNodes(
        nodes_with=tuple(sorted(with_endpoint)),
        nodes_without=tuple(sorted(without)),
        named_node=around.named_node,
    )


def _entrances(service: Json, around: _Around) -> set[str]:
    """Return the nodes through which clients come in; a control plane only where the text names it."""
    balanced = spec_of(service).get("type") == "LoadBalancer"
    return {
        name_of(node)
        for node in around.nodes
        if kube.takes_traffic(node, balanced=balanced)
        and (not kube.is_control_plane(node) or name_of(node) == around.named_node)
    }


@probe(
    says="those among them with internalTrafficPolicy Local, with the callers on nodes without an endpoint",
    row=_Local,
)
async def _local(look: Look) -> ProbeResult:
    """Read which callers are on nodes without an endpoint, of a Service in question that serves its own nodes alone."""
    found = await questioned_services(look)
    local = [each for each in found.services if spec_of(each).get("internalTrafficPolicy") == "Local"]
    if not found.called or not local:
        return ProbeResult(missing=found.missing, looked_at=len(found.services))
    pods = await look.list("Pod")
    rows = await asyncio.gather(*(_local_row(look, each, pods) for each in local))
    return ProbeResult(rows=tuple(rows), missing=found.missing)


async def _local_row(look: Look, service: Json, pods: Sequence[Json]) -> Row:
    namespace, name = place_of(service)
    slices = await look.list("EndpointSlice", namespace=namespace, labels=slices_of_service(name))
    answering = [each for each in _endpoints(slices).get((namespace, name), ()) if is_ready_endpoint(each)]
    on, behind = {node_of_endpoint(each) for each in answering}, kube.selected_pods(service, pods)
    callers = [
        pod
        for pod in pods
        # An endpoint that does not say its node may be on any.
        if not {node_name_of(pod), ""} & on and node_name_of(pod) and not has_ended(pod) and pod not in behind
        if (namespace, name) in services_called(spec_of(pod), namespace_of(pod))
    ]
    local = _Local(
        nodes_with=tuple(sorted(on)),
        callers=tuple(sorted(map(full_name, callers))),
        nodes_without=tuple(sorted({node_name_of(pod) for pod in callers})),
    )
    return _service(service, behind, ready_endpoints=len(addresses_in(answering))).row(
        ref(service, "Service"), quote="internalTrafficPolicy: Local", more=local.values()
    )


@probe(says="those that answer names for the cluster, with the workload behind", row=_ClusterDns)
async def _cluster_dns(look: Look) -> ProbeResult:
    """Read the Services that answer names for the cluster, with their endpoints and pods."""
    labelled = await look.snapshot.list("Service", labels=kube.DNS_LABEL)
    services = sorted(filter(kube.is_cluster_dns, labelled.items), key=place_of)
    if not services:
        return ProbeResult(
            not_applicable=f"no Service is labelled {kube.DNS_LABEL}: names are answered by something else here"
        )
    return ProbeResult(rows=tuple(await asyncio.gather(*(_dns_row(look, each) for each in services))))


async def _dns_row(look: Look, service: Json) -> Row:
    namespace, name = place_of(service)
    behind = await backends.backend(look, namespace=namespace, service=name)
    pods = await backends.pods_selected_by(look, service)
    unready = sorted((pod for pod in pods if not is_ready(pod)), key=name_of)
    dns = _ClusterDns(
        backend_kind=behind.workload.backend_kind,
        backend=behind.workload.backend,
        unready=", ".join(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready),
        restarts=sum(each.restarts for pod in pods for each in containers_in(pod)),
    )
    return _service(service, pods, ready_endpoints=behind.ready_endpoints).row(
        ref(service, "Service"),
        quote=f"{name}: {behind.ready_endpoints} ready endpoints{f', {dns.unready}' if dns.unready else ''}",
        reproduce=f"kubectl -n {namespace} get endpointslices,pods -l {kube.DNS_LABEL} -o wide",
        more=dns.values(),
    )


read: Final = probe_of(
    {"requested": _requested, "local": _local, "cluster-dns": _cluster_dns},
    says="a row per Service in question: its policies and ports, what is behind it, the nodes without an endpoint",
    row=_Service,
    by="which",
    permissions=(*READS_PODS, *backends.PERMISSIONS, *may("list", "services", "nodes")),
)
