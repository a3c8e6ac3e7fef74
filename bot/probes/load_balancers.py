"""Load balancers before databases: how long they bear silence, and how soon the servers behind them break it.

A connection on which nothing is sent for longer than the load balancer bears is closed, unless keepalive probes come
first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube import load_balancers
from bot.kube.objects import label_selector, name_of, namespace_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

MOST_SERVICES: Final = 20
# Linux sends its first probe after two hours of silence.
_KERNEL_KEEPALIVE_S: Final = 7200
_SYSCTL: Final = "net.ipv4.tcp_keepalive_time"
_SYSCTL_INIT: Final = "tidb.pingcap.com/sysctl-init"
_MYSQL_PORTS: Final = frozenset({3306, 4000, 6000})
_TIDB: Final = frozenset({"tidb", "tiproxy"})

DECLARATION: Final = ProbeDeclaration(
    name="load-balancers",
    says="a row per Service of type LoadBalancer that MySQL clients connect to, with the keepalive of the pods behind",
    rows={
        "namespace": RowType.STRING,
        "service": RowType.STRING,
        "port": RowType.INTEGER,
        "tidb": RowType.BOOLEAN,  # TiDB itself stands behind it
        "kind": RowType.STRING,  # aws-elb, aws-nlb, azure, alibaba, huawei, google, openstack; "" if it cannot be told
        "annotation": RowType.STRING,  # which one sets the timeout; "" if none does
        "idle_s": RowType.INTEGER,  # 0 where it is not known
        "explicit": RowType.BOOLEAN,  # the Service says so; else it is the default
        "most_s": RowType.INTEGER,  # what can be set at most; 0 where it is not known
        "counts_probes": RowType.BOOLEAN,  # a keepalive probe keeps the connection open
        "pods": RowType.INTEGER,
        "pod": RowType.STRING,
        "keepalive_s": RowType.INTEGER,  # the longest among the pods behind, else the kernel's default; -1 not readable
        "keepalive_set": RowType.BOOLEAN,  # by all pods behind
        "sysctl_init": RowType.BOOLEAN,  # by an init container of the operator
        "covered": RowType.BOOLEAN,  # probes come before the timeout, and count
        "top_kind": RowType.STRING,  # who writes the Service: its topmost owner, or itself
        "top_name": RowType.STRING,
    },
    permissions=(
        Permission(verb="list", resource="services"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", resource="nodes"),
        *owners.PERMISSIONS,
    ),
)


async def read(look: Look) -> Reading:
    try:
        listing = await look.snapshot.list("Service", namespace=look.focus.namespace)
    except ClusterError as error:
        return Reading(gaps=(error.gap("the Services"),))
    gaps = [gap] if (gap := listing.gap("the Services")) else []
    asked = look.focus.name if look.focus.kind == "Service" else ""
    services = [each for each in listing.items if _is_meant(each) and (not asked or name_of(each) == asked)]
    if asked and not any(name_of(each) == asked for each in listing.items):
        return Reading(gaps=tuple(gaps), missing=str(look.focus))
    services.sort(key=lambda each: (namespace_of(each), name_of(each)))
    found = await asyncio.gather(*(_row(look, each) for each in services[:MOST_SERVICES]))
    gaps += [gap for _, own in found for gap in own]
    return Reading(rows=tuple(row for row, _ in found), gaps=tuple(dict.fromkeys(gaps)))


def _is_meant(service: Json) -> bool:
    return (service.get("spec") or {}).get("type") == "LoadBalancer" and bool(_port(service) or _is_tidb(service))


def _is_tidb(service: Json) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return selector.get("app.kubernetes.io/component") in _TIDB


def _port(service: Json) -> int:
    """The port that MySQL clients connect to, 0 if there is none."""
    ports = (service.get("spec") or {}).get("ports") or ()
    for port in ports:
        number = port.get("port")
        if number in _MYSQL_PORTS or str(port.get("name") or "").startswith(("mysql", "tidb")):
            return int(number or 0)
    return 0


async def _row(look: Look, service: Json) -> tuple[Row, tuple[Gap, ...]]:
    (pods, no_pods), (provider, no_nodes), top = await asyncio.gather(
        _pods(look, service), _provider(look, service), owners.topmost(look.snapshot, service)
    )
    kind = load_balancers.kind_of(service, provider_id=provider)
    idle_s, explicit = load_balancers.idle_timeout_s(service, kind)
    settings = [_keepalive(pod) for pod in pods]
    keepalive_s = max((each or _KERNEL_KEEPALIVE_S for each in settings), default=_KERNEL_KEEPALIVE_S)
    keepalive_s = UNKNOWN if no_pods else keepalive_s
    namespace, name = namespace_of(service), name_of(service)
    values: dict[str, Value] = {
        "namespace": namespace,
        "service": name,
        "port": _port(service),
        "tidb": _is_tidb(service),
        "kind": kind.name,
        "annotation": kind.annotation,
        "idle_s": idle_s,
        "explicit": explicit,
        "most_s": kind.most_s,
        "counts_probes": kind.counts_probes,
        "pods": len(pods),
        "pod": name_of(pods[0]) if pods else "",
        "keepalive_s": keepalive_s,
        "keepalive_set": bool(settings) and all(settings),
        "sysctl_init": any(_annotations(pod).get(_SYSCTL_INIT) == "true" for pod in pods),
        "covered": kind.counts_probes and idle_s > 0 and bool(settings) and keepalive_s < idle_s,
        "top_kind": top.ref.kind or "Service",
        "top_name": top.ref.name or name,
    }
    told = _annotations(service).get(kind.annotation)
    row = Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"{name}: type LoadBalancer" + (f", {kind.annotation}: {told}" if told else ""),
        reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
    )
    return row, tuple(gap for gap in (no_pods, no_nodes, top.gap) if gap)


async def _pods(look: Look, service: Json) -> tuple[tuple[Json, ...], Gap | None]:
    selector = (service.get("spec") or {}).get("selector") or {}
    if not selector:
        return (), None
    namespace = namespace_of(service)
    try:
        listing = await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(selector))
    except ClusterError as error:
        return (), error.gap(f"pods in {namespace}")
    return tuple(sorted(listing.items, key=name_of)), None


async def _provider(look: Look, service: Json) -> tuple[str, Gap | None]:
    """The providerID of some node, where the Service itself does not tell the cloud."""
    if load_balancers.kind_of(service).name:
        return "", None
    try:
        nodes = (await look.snapshot.list("Node", fresh=False)).items
    except ClusterError as error:
        return "", error.gap("nodes")
    ids: Iterable[str] = (str((node.get("spec") or {}).get("providerID") or "") for node in sorted(nodes, key=name_of))
    return next(filter(None, ids), ""), None


def _keepalive(pod: Json) -> int:
    """After how many seconds a pod's connections are probed, 0 where it does not set it."""
    sysctls = ((pod.get("spec") or {}).get("securityContext") or {}).get("sysctls") or ()
    for sysctl in sysctls:
        value = str(sysctl.get("value") or "")
        if sysctl.get("name") == _SYSCTL and value.isdecimal():
            return int(value)
    return 0


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return (obj.get("metadata") or {}).get("annotations") or {}


PROBE: Final = Probe(declaration=DECLARATION, read=read)
