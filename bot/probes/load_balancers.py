"""Services of type LoadBalancer: their addresses, their idle timeouts, and who ends TLS with which protocols.

A load balancer closes a connection on which nothing is sent for longer than its idle timeout, unless keepalive probes
come first.

An NLB with a certificate ends TLS itself, and by default negotiates no protocol (ALPN policy None): every client then
speaks HTTP/1. Not every controller reads the annotation that changes it, nor carries a change over to an existing NLB.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from bot.cluster import owners
from bot.kube.load_balancers import NLB, idle_timeout_s, ingress_of, kind_of
from bot.kube.objects import (
    annotations_of,
    created_at,
    full_name,
    label_selector,
    labels_of,
    name_of,
    namespace_of,
    place_of,
    ref,
    spec_of,
)
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, manifest_of, may, probe, probe_of
from bot.probes.shared.questioned import controller_workloads
from intents.domain import Json, ProbeResult, Row

# Workloads that give addresses to Services, as namespace/name: MetalLB, kube-vip, cloud controllers, Cilium and others.
_CONTROLLERS: Final = re.compile(
    r"[^/]*metallb[^/]*/.*controller|[^/]+/(kube-vip.*|aws-load-balancer-controller|.*cloud-controller-manager.*"
    r"|openelb-manager|cilium-operator|.*loxilb.*)|purelb/allocator"
)


class _Service(RowValues):
    """A Service of type LoadBalancer."""

    of_subject = ("namespace", "service")

    kind: str = ""  # aws-elb, aws-nlb, azure, alibaba, huawei, google, openstack; "" if it cannot be told


class _Address(_Service):
    """A Service of type LoadBalancer and its address."""

    pending: bool  # without an address
    address: str
    since_s: int  # since the Service was created
    class_: str  # its loadBalancerClass, "" for the cluster's default
    failure: str  # what the newest warning of a controller says
    failed_s: int  # since then
    controller: str  # a workload of the cluster that usually gives addresses, "" where none is seen
    controller_ready: int  # its ready pods


async def _in_question(look: Look) -> list[Json]:
    """Return those among the Services in question. Raise Missing if the one named does not exist, and ClusterError."""
    focus = look.focus
    if focus.kind == "Service" and focus.name:
        services = await look.of_name("Service", focus.name, namespace=focus.namespace)
    else:
        services = (await look.snapshot.list("Service", namespace=focus.namespace)).items
    return [each for each in services if spec_of(each).get("type") == "LoadBalancer"]


@probe(says="those that wait, and what says why", row=_Address)
async def _addresses(look: Look) -> ProbeResult:
    """Read the Services in question; events and controllers only of those that wait."""
    balanced = await _in_question(look)
    controller = await _controller(look) if any(not ingress_of(each) for each in balanced) else None
    rows = await asyncio.gather(*(_address_row(look, each, controller) for each in balanced))
    return ProbeResult(rows=tuple(sorted(rows, key=lambda row: (not row.values["pending"], row.subject))))


async def _address_row(look: Look, service: Json, controller: Json | None) -> Row:
    ingress = ingress_of(service)
    failure, failed_s = ("", UNKNOWN) if ingress else await look.newest_warning(ref(service, "Service"))
    first: Mapping[str, object] = next(iter(ingress), {})
    return _Address(
        pending=not ingress,
        address=str(first.get("hostname") or first.get("ip") or ""),
        since_s=look.age_s(created_at(service)),
        class_=str(spec_of(service).get("loadBalancerClass") or ""),
        failure=failure,
        failed_s=failed_s,
        controller=full_name(controller) if controller else "",
        controller_ready=replicas_of(controller).ready if controller else UNKNOWN,
    ).row(
        ref(service, "Service"),
        quote=failure or f"status.loadBalancer: {list(ingress) or '{}'}",
        lasts=not ingress,
    )


async def _controller(look: Look) -> Json | None:
    """Return the workload that usually gives addresses here, if one is in the cluster."""
    found = await controller_workloads(look)
    likely = (each for each in found if _CONTROLLERS.fullmatch(full_name(each)))
    return min(likely, key=place_of, default=None)


MOST_SERVICES: Final = 20
# Linux sends its first probe after two hours of silence.
_KERNEL_KEEPALIVE_S: Final = 7200
_SYSCTL: Final = "net.ipv4.tcp_keepalive_time"
_MYSQL_PORTS: Final = frozenset({3306, 4000, 6000})
_TIDB: Final = frozenset({"tidb", "tiproxy"})


class _IdleTimeout(_Service):
    """A load balancer that MySQL clients connect to, and the pods behind it."""

    port: int
    tidb: bool  # its pods are TiDB itself
    idle_s: int  # 0 where it is not known
    explicit: bool  # the Service says so; else it is the default
    counts_probes: bool  # a keepalive probe keeps the connection open
    pod: str
    keepalive_s: int  # the longest among the pods behind, else the kernel's default; -1 not readable
    covered: bool  # probes come before the timeout, and count
    top_kind: str  # who writes the Service: its topmost owner, or itself
    top_name: str


@probe(says="those that MySQL clients connect to, with the keepalive of the pods behind them", row=_IdleTimeout)
async def _idle_timeouts(look: Look) -> ProbeResult:
    """Read the Services that MySQL clients connect to, with the pods behind them."""
    meant = sorted((each for each in await _in_question(look) if _port(each) or _is_tidb(each)), key=place_of)
    rows = await asyncio.gather(*(_idle_timeout_row(look, each) for each in meant[:MOST_SERVICES]))
    return ProbeResult(rows=tuple(rows))


def _is_tidb(service: Json) -> bool:
    return (spec_of(service).get("selector") or {}).get("app.kubernetes.io/component") in _TIDB


def _port(service: Json) -> int:
    """Return the Service's port for MySQL clients, 0 without one."""
    for port in spec_of(service).get("ports") or ():
        number = port.get("port")
        if number in _MYSQL_PORTS or str(port.get("name") or "").startswith(("mysql", "tidb")):
            return int(number or 0)
    return 0


async def _idle_timeout_row(look: Look, service: Json) -> Row:
    pods, provider, top = await asyncio.gather(_pods(look, service), _provider(look, service), look.topmost(service))
    kind = kind_of(service, provider_id=provider)
    idle_s, explicit = idle_timeout_s(service, kind)
    settings = [_keepalive(pod) or _KERNEL_KEEPALIVE_S for pod in pods or ()]
    keepalive_s = UNKNOWN if pods is None else max(settings, default=_KERNEL_KEEPALIVE_S)
    value = annotations_of(service).get(kind.annotation)
    about = ref(service, "Service")
    return _IdleTimeout(
        kind=kind.name,
        port=_port(service),
        tidb=_is_tidb(service),
        idle_s=idle_s,
        explicit=explicit,
        counts_probes=kind.counts_probes,
        pod=name_of(pods[0]) if pods else "",
        keepalive_s=keepalive_s,
        covered=kind.counts_probes and idle_s > 0 and bool(settings) and keepalive_s < idle_s,
        top_kind=top.ref.kind or "Service",
        top_name=top.ref.name or about.name,
    ).row(
        about,
        quote=f"{about.name}: type LoadBalancer" + (f", {kind.annotation}: {value}" if value else ""),
        reproduce=manifest_of(about),
    )


async def _pods(look: Look, service: Json) -> list[Json] | None:
    """Return the pods that a Service selects, by name; None if they are not readable."""
    selector = spec_of(service).get("selector") or {}
    if not selector:
        return []
    pods = await look.readable("Pod", namespace=namespace_of(service), labels=label_selector(selector))
    return None if pods is None else sorted(pods, key=name_of)


async def _provider(look: Look, service: Json) -> str:
    """Return the providerID of some node, where the Service itself does not tell the cloud."""
    if kind_of(service).name:
        return ""
    nodes = await look.unless_refused(look.snapshot.list("Node", fresh=False), None)
    ids = (str(spec_of(node).get("providerID") or "") for node in sorted(nodes.items if nodes else (), key=name_of))
    return next(filter(None, ids), "")


def _keepalive(pod: Json) -> int:
    """Return after how many seconds a pod's connections are probed, 0 where it does not set it."""
    for sysctl in (spec_of(pod).get("securityContext") or {}).get("sysctls") or ():
        value = str(sysctl.get("value") or "")
        if sysctl.get("name") == _SYSCTL and value.isdecimal():
            return int(value)
    return 0


_PREFIX: Final = "service.beta.kubernetes.io/aws-load-balancer-"
ALPN: Final = f"{_PREFIX}alpn-policy"
_CERTIFICATE: Final = f"{_PREFIX}ssl-cert"
# With these values the AWS Load Balancer Controller manages a Service instead of the cloud provider's own controller.
_TAKEN_OVER: Final = frozenset({"external", "nlb-ip"})


class _Tls(_Service):
    """A Network Load Balancer and what it negotiates."""

    host: str  # of the load balancer, "" before it has one
    ends_tls: bool  # it has a certificate, so that it and not the pod negotiates
    tls_ports: str  # the ports on which it does; "" means all
    backend_protocol: str  # to the pods: tcp, ssl …; "" not given
    alpn: str  # as annotated: HTTP2Preferred, HTTP2Optional, HTTP2Only, HTTP1Only, None; "" not given
    http2: bool  # that policy lets clients have HTTP/2
    manager: str  # aws-load-balancer-controller or cloud-provider


@probe(says="AWS Network Load Balancers, with what they negotiate", row=_Tls)
async def _negotiations(look: Look) -> ProbeResult:
    """Read the Network Load Balancers; those that end TLS for Istio come first."""
    meant = [each for each in await _in_question(look) if kind_of(each) is NLB]
    meant.sort(key=lambda each: (not _ends_tls(each), not _leads_to_istio(each), str(ref(each, "Service"))))
    return ProbeResult(rows=tuple(map(_tls_row, meant)))


def _ends_tls(service: Json) -> bool:
    return bool(annotations_of(service).get(_CERTIFICATE))


def _tls_row(service: Json) -> Row:
    annotations = annotations_of(service)
    alpn = str(annotations.get(ALPN) or "")
    about = ref(service, "Service")
    return _Tls(
        kind=NLB.name,
        host=next((str(each["hostname"]) for each in ingress_of(service) if each.get("hostname")), ""),
        ends_tls=_ends_tls(service),
        tls_ports=str(annotations.get(f"{_PREFIX}ssl-ports") or ""),
        backend_protocol=str(annotations.get(f"{_PREFIX}backend-protocol") or ""),
        alpn=alpn,
        http2=alpn.startswith("HTTP2"),
        manager=_manager(service),
    ).row(
        about,
        quote=f"{ALPN}: {alpn or 'not set'}; {_CERTIFICATE}: {'set' if _ends_tls(service) else 'not set'}",
        reproduce=manifest_of(about),
    )


def _manager(service: Json) -> str:
    lb_type = annotations_of(service).get(f"{_PREFIX}type")
    taken_over = spec_of(service).get("loadBalancerClass") or lb_type in _TAKEN_OVER
    return "aws-load-balancer-controller" if taken_over else "cloud-provider"


def _leads_to_istio(service: Json) -> bool:
    """Tell whether the Service is an Istio gateway's, by the labels of Istio's charts."""
    selector = spec_of(service).get("selector") or {}
    return "istio" in selector or "istio" in labels_of(service) or "istio" in str(selector.get("app") or "")


read: Final = probe_of(
    {"idle-timeout": _idle_timeouts, "tls": _negotiations, "addresses": _addresses},
    says="a row per Service of type LoadBalancer: its idle timeout beside the keepalive of its pods, its TLS, or"
    " its address",
    row=_Service,
    permissions=(
        *owners.PERMISSIONS,
        *may("get list", "services"),
        *may("list", "pods", "nodes", "events", "daemonsets.apps", "deployments.apps"),
    ),
)
