"""Connections that fail or are asked about: from the object in question to what the text names, hop by hop.

Where the text names no client, the walk begins at the Service.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from bot.cluster.access import record_gap
from bot.kube import cluster_names, connections
from bot.kube.address_texts import PORTS
from bot.kube.addresses import config_maps_used, given_addresses, unknown_services, wrong_ports
from bot.kube.cluster_names import Known, Meaning, Meant
from bot.kube.connection_hops import Destination, Facts, Hop, Objects, Step
from bot.kube.connections import Walk
from bot.kube.log_causes import CONNECTING, Peer, is_own
from bot.kube.objects import full_name, label_selector, labels_of, name_of, namespace_of, phase_of, place_of
from bot.kube.pod_states import is_ready
from bot.kube.services import (
    DNS_PODS,
    ip_in,
    is_cluster_dns,
    may_be_host,
    port_in,
    selected_pods,
    selector_of,
    slices_of_service,
)
from bot.probes.contract import Look, RowValues, beside_the_verdict, kubectl, manifest_of, may, probe
from bot.probes.shared.listeners import loopback_targets
from bot.probes.shared.logged_causes import READS_CAUSES, logged_causes
from bot.probes.shared.other_policies import READS_OTHER_POLICIES, other_policies
from bot.probes.shared.questioned import KINDS, workloads_selected_by
from bot.probes.shared.scope import PodValues, pod_values, pods_of
from intents.domain import Focus, Gap, GapReason, Json, ProbeResult, Row

_MOST_WALKS: Final = 3
_MOST_MAPS: Final = 2
_PORTS: Final = {**PORTS, "grpc": 443}
_HOST_AND_PORT: Final = re.compile(r"\[?(?P<host>[^\[\]\s/]+?)\]?:(?P<port>\d{1,5})")
# Their pods may be asked for as a source.
_CALLED: Final = frozenset({"Service", "Node", "Ingress", ""})


class _Connection(RowValues):
    """A connection and the hop that decides it: the broken one, else the first unknown one, else the last."""

    of: PodValues  # the source; empty without one, but for the namespace
    source: str  # Deployment shop/frontend; "" without one
    destination: str  # as it was written
    origin: str  # where it is known from: text, log or spec
    given_by: str  # where the source has the address from: env DB_URL; "" if that is not known
    port: int
    service: str  # that is meant; "" for an address of a pod or outside
    service_namespace: str
    alias: str  # the ExternalName Service that was called, namespace/name, and the name that it stands for
    leads_to: str
    pod_called: str  # by an address, or by its name below a Service
    hop: str
    state: str  # ok, broken or unknown
    checked: str  # the hops that are in order: name → port → selector
    found: Facts  # of the deciding hop


class _Origin(StrEnum):
    """The sources from which a connection is known."""

    TEXT = "text"
    LOG = "log"  # of a program that cannot make it
    SPEC = "spec"  # of the object in question, with an address that cannot be right


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The pod that calls, None if nobody says which, and the namespace in which it looks up names."""

    pod: Json | None = None
    home: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A connection to walk; `given_by` is where its source has the address from, "" if that is not known."""

    source: _Source
    to: Destination
    origin: _Origin
    given_by: str = ""


@probe(
    says="a row per connection in question: the Service that is meant, and the first hop that is broken or not known",
    row=_Connection,
    permissions=(
        *READS_CAUSES,
        *READS_OTHER_POLICIES,
        *may("get", "configmaps"),
        *may("list", "namespaces", "networkpolicies.networking.k8s.io"),
        *may("list", "deployments.apps", "statefulsets.apps", "daemonsets.apps"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Walk to what the text names, else to what the logs of the object in question or its spec name."""
    source = await _source(look)
    calls = [_Call(source=source, to=each, origin=_Origin.TEXT) for each in destinations(look)]
    calls = calls or await _of_logs(look) or await _of_spec(look, source)
    if not calls:
        return ProbeResult(missing=source.missing)
    services, policies, namespaces = await asyncio.gather(
        look.whole("Service"), look.whole("NetworkPolicy"), _namespaces(look)
    )
    known = Known(services=services, namespaces=tuple(namespaces))
    base = Objects(names=known, policies=policies, labels=namespaces)
    rows = await asyncio.gather(*(_row(look, each, base) for each in calls[:_MOST_WALKS]))
    return ProbeResult(rows=tuple(filter(_is_told, rows)), missing=source.missing)


def _is_told(row: Row) -> bool:
    """Tell whether a row is about what was asked: of an address that nothing has called yet only the address itself."""
    values = row.values
    return values["origin"] != _Origin.SPEC or (values["hop"] in (Hop.NAME, Hop.PORT) and values["state"] == "broken")


async def _of_logs(look: Look) -> list[_Call]:
    """Return the connections that the logs of the object in question say cannot be made, each once."""
    if not _is_caller(look):
        return []
    causes = (await logged_causes(look)).causes
    found: dict[Destination, Json] = {}
    for each in causes:
        peer, pod = each.failure.peer, each.log.container.pod
        if each.failure.kind in CONNECTING and not peer.host:
            # The message does not say to whom: the only one whose address its pod is given. Any name that does not
            # resolve leads to the same name server.
            known = {Peer(host=one.host, port=one.port): None for one in given_addresses(pod) if one.certain}
            if len(known) == 1 or each.failure.kind == "unresolved":
                peer = next(iter(known), peer)
        if each.failure.kind in CONNECTING and peer.host and not is_own(peer):
            found.setdefault(Destination(host=peer.host, port=peer.port), pod)
    pods = {place_of(pod): pod for pod in found.values()}
    given = {place: given_addresses(pod, await _config_maps(look, pod)) for place, pod in pods.items()}
    return [
        _Call(
            source=_Source(pod=pod, home=namespace_of(pod)),
            to=to,
            origin=_Origin.LOG,
            given_by=next((one.source for one in given[place_of(pod)] if one.host == to.host), ""),
        )
        for to, pod in found.items()
    ]


async def _config_maps(look: Look, pod: Json) -> list[Json]:
    names = config_maps_used(pod)[:_MOST_MAPS]
    with beside_the_verdict():
        read_maps = (look.find("ConfigMap", each, namespace=namespace_of(pod)) for each in names)
        return [each for each in await asyncio.gather(*read_maps) if each]


async def _of_spec(look: Look, source: _Source) -> list[_Call]:
    """Return the connections that the spec of the object in question asks for, whose Service or port does not exist."""
    if not _is_caller(look) or source.pod is None or not (given := given_addresses(source.pod)):
        return []
    services = await look.whole("Service", namespace=source.home)
    if services is None:
        return []
    wrong = (
        *(each.address for each in wrong_ports(given, services, home=source.home)),
        *(each.address for each in unknown_services(given, services, home=source.home)),
    )
    return [
        _Call(source=source, to=Destination(host=one.host, port=one.port), origin=_Origin.SPEC, given_by=one.source)
        for one in dict.fromkeys(wrong)
    ]


def _is_caller(look: Look) -> bool:
    return bool(look.focus.name) and look.focus.kind not in _CALLED


def destinations(look: Look) -> tuple[Destination, ...]:
    """Return what the text says is called by the object in question, each once."""
    named, port = look.named, _number(look.named.get("port", ""))
    # The address beside a host is that of the name server which did not know it.
    found = (
        _of_url(named.get("url", "")) or _of_host(named.get("host", ""), port) or _of_host(named.get("address", ""), 0)
    )
    service = look.focus.name if look.focus.kind == "Service" else named.get("service", "")
    if found is None and service:
        # The text names the Service as an object: its namespace is that of the text, not that of the client.
        namespace = look.focus.namespace
        found = Destination(host=f"{service}.{namespace}.svc" if namespace else service, port=port)
    return (found,) if found else ()


def _of_url(url: str) -> Destination | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return Destination(host=parts.hostname, port=port) if parts.hostname else None


def _of_host(written: str, port: int) -> Destination | None:
    """Return a host with the port behind it, or the one named apart from it; None without a host."""
    written = written.strip("'\"`")
    found = _HOST_AND_PORT.fullmatch(written)
    host = ip_in(written) or (found["host"] if found else written)
    port = port_in(written) or (_number(found["port"]) if found else port)
    return Destination(host=host, port=port) if host and may_be_host(host) else None


def _number(port: str) -> int:
    return int(port) if port.isdecimal() and int(port) < 65536 else 0


async def _source(look: Look) -> _Source:
    """Return a pod of the object in question: a running one, the same one each time."""
    focus = look.focus
    if not focus.name or focus.kind in _CALLED:
        found = await _named_client(look)
        if found is None:
            return _Source(home=focus.namespace)
        look = replace(look, focus=found)
    suspects = await pods_of(look)
    pods = sorted(suspects.pods, key=lambda pod: (not is_ready(pod), phase_of(pod) != "Running", *place_of(pod)))
    if not pods:
        return _Source(home=look.focus.namespace, missing=suspects.missing)
    return _Source(pod=pods[0], home=namespace_of(pods[0]), missing=suspects.missing)


async def _named_client(look: Look) -> Focus | None:
    """Return the workload or pod that a question names without its kind; None, and a gap, unless it is the only one."""
    namespace, _, name = look.named.get("name", "").rpartition(" ")[2].rpartition("/")
    if not name:
        return None
    home = namespace or look.focus.namespace
    kinds, query = (*KINDS, "Pod"), f"metadata.name={name}"
    lists = await asyncio.gather(*(look.readable(kind, namespace=home, fields=query) for kind in kinds))
    found = [
        Focus(kind=kind, namespace=namespace_of(one), name=name)
        for kind, listed in zip(kinds, lists, strict=True)
        for one in listed or ()
    ]
    if len(found) == 1:
        return found[0]
    if None not in lists:
        where = ", ".join(sorted({each.namespace for each in found}))
        detail = f"it exists in the namespaces {where}" if found else "no workload or pod has that name"
        record_gap(Gap(what=f"the client {name}", reason=GapReason.NOT_FOUND, detail=detail))
    return None


async def _namespaces(look: Look) -> Mapping[str, Mapping[str, str]]:
    """Return the labels of the namespaces that may be read: only selectors of NetworkPolicies need them."""
    with beside_the_verdict():
        return {name_of(each): labels_of(each) for each in await look.list("Namespace")}


async def _row(look: Look, call: _Call, base: Objects) -> Row:
    source, destination, names = call.source, call.to, base.names
    meaning = cluster_names.meaning_of(destination.host, pod=source.pod, home=source.home, known=names)
    if ip_in(destination.host) and meaning.what is not Meant.SERVICE:
        names = replace(names, pods=await look.readable("Pod", fields=f"status.podIP={meaning.host}"))
        meaning = cluster_names.meaning_of(destination.host, pod=source.pod, home=source.home, known=names)
    (pods, slices, workload), (dns, dns_slices, dns_pods) = await asyncio.gather(
        _behind(look, meaning), _dns(look, source, destination, names)
    )
    if source.pod and meaning.service and selected_pods(meaning.service, (source.pod,)):
        # The text names one end alone, by the name of its Service.
        source = replace(source, pod=None)
    behind = selected_pods(meaning.service, pods or ()) if meaning.service else []
    objects = replace(
        base,
        loopback=await loopback_targets(look, meaning.service, behind) if meaning.service and behind else {},
        names=names,
        pods=pods,
        slices=slices,
        workload=workload,
        dns=dns,
        dns_slices=dns_slices,
        dns_pods=dns_pods,
    )
    found = connections.walk(source.pod, destination, objects, home=source.home)
    if connections.is_decided_by_policies(found):
        others = await other_policies(look, {each for each in (source.home, found.meaning.namespace) if each})
        found = connections.beside(found, others.shown, may_admit=others.may_admit)
    return _shown(call, found)


_Pods = Sequence[Json] | None


async def _behind(look: Look, meaning: Meaning) -> tuple[_Pods, _Pods, Json | None]:
    """Return the pods and EndpointSlices of the Service called, and without pods the workload that would have them."""
    service = meaning.service
    if service is None:
        return (), (), None
    namespace, name = place_of(service)
    labels = label_selector(dict(selector_of(service)))
    pods, slices = await asyncio.gather(
        # Endpoints that somebody wrote may lead to a pod of any namespace.
        look.whole("Pod", namespace=namespace if labels else "", labels=labels),
        look.whole("EndpointSlice", namespace=namespace, labels=slices_of_service(name)),
    )
    if not labels or pods is None or selected_pods(service, pods):
        return pods, slices, None
    meant = await look.unless_refused(workloads_selected_by(look, service, scope=namespace), ())
    if meant:
        return pods, slices, meant[0]
    return await look.whole("Pod", namespace=namespace), slices, None


async def _dns(look: Look, source: _Source, destination: Destination, names: Known) -> tuple[Json | None, _Pods, _Pods]:
    """Return the Service of the cluster's DNS with its EndpointSlices, and all pods that answer names."""
    dns = min(filter(is_cluster_dns, names.services or ()), key=place_of, default=None)
    if dns is None or source.pod is None or ip_in(destination.host):
        return dns, (), ()
    namespace, name = place_of(dns)
    slices, pods = await asyncio.gather(
        look.whole("EndpointSlice", namespace=namespace, labels=slices_of_service(name)),
        look.whole("Pod", namespace=namespace, labels=DNS_PODS),
    )
    return dns, slices, pods


def _shown(call: _Call, found: Walk) -> Row:
    source, destination = call.source, call.to
    step, meaning, pod = found.deciding, found.meaning, source.pod
    values = pod_values(pod) if pod else PodValues(namespace=source.home or meaning.namespace)
    service = meaning.service
    return _Connection(
        of=values,
        source=f"{values.owner_kind} {values.namespace}/{values.owner}" if pod else "",
        destination=str(destination),
        origin=str(call.origin),
        given_by=call.given_by,
        port=destination.port,
        service=meaning.name if service or meaning.namespace else "",
        service_namespace=meaning.namespace,
        alias=full_name(meaning.alias) if meaning.alias else "",
        leads_to=meaning.host.rstrip(".") if meaning.alias else "",
        pod_called=name_of(meaning.pod or {}) or meaning.pod_name,
        hop=str(step.hop),
        state=str(step.state),
        checked=" → ".join(found.passed),
        found=step.facts,
    ).row(step.at, quote=f"{step.hop}: {step.state}", reproduce=_command(step, values))


def _command(step: Step, source: PodValues) -> str:
    """Return the kubectl line that shows the deciding hop again."""
    at, selector = step.at, step.facts.selector
    match step.hop:
        case Hop.NAME:
            return kubectl(at.namespace, "get services")
        case Hop.SELECTOR | Hop.TARGET_PORT:
            return kubectl(at.namespace, f"get pods -l {selector} --show-labels") if selector else ""
        case Hop.ENDPOINTS | Hop.DNS_SERVICE | Hop.TRAFFIC_POLICY if at.kind == "Service":
            return kubectl(at.namespace, f"get endpointslices -l {slices_of_service(at.name)} -o yaml")
        case _:
            return manifest_of(at)
