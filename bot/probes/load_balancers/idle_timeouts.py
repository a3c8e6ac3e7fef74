"""Read the idle timeouts of load balancers before databases, and when the servers behind them send keepalives.

A load balancer closes a connection on which nothing is sent for longer than its idle timeout, unless keepalive probes
come first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube.load_balancers import idle_timeout_s, kind_of
from bot.kube.objects import annotations_of, label_selector, name_of, namespace_of, place_of, ref, spec_of
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN
from intents.domain import Gap, Json, ProbeResult, Row, RowType, Value

MOST_SERVICES: Final = 20
# Linux sends its first probe after two hours of silence.
_KERNEL_KEEPALIVE_S: Final = 7200
_SYSCTL: Final = "net.ipv4.tcp_keepalive_time"
_MYSQL_PORTS: Final = frozenset({3306, 4000, 6000})
_TIDB: Final = frozenset({"tidb", "tiproxy"})

KEYS: Final[Mapping[str, RowType]] = {
    "port": RowType.INTEGER,
    "tidb": RowType.BOOLEAN,  # its pods are TiDB itself
    "idle_s": RowType.INTEGER,  # 0 where it is not known
    "explicit": RowType.BOOLEAN,  # the Service says so; else it is the default
    "counts_probes": RowType.BOOLEAN,  # a keepalive probe keeps the connection open
    "pod": RowType.STRING,
    "keepalive_s": RowType.INTEGER,  # the longest among the pods behind, else the kernel's default; -1 not readable
    "covered": RowType.BOOLEAN,  # probes come before the timeout, and count
    "top_kind": RowType.STRING,  # who writes the Service: its topmost owner, or itself
    "top_name": RowType.STRING,
}


async def read(look: Look) -> ProbeResult:
    """Read the Services that MySQL clients connect to, with the pods behind them."""
    try:
        listing = await look.snapshot.list("Service", namespace=look.focus.namespace)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the Services"),))
    gap = listing.gap("the Services")
    service_name = look.focus.name if look.focus.kind == "Service" else ""
    named = [each for each in listing.items if service_name in ("", name_of(each))]
    if service_name and not named:
        return ProbeResult(gaps=(gap,) if gap else (), missing=str(look.focus))
    services = sorted(filter(_is_meant, named), key=place_of)[:MOST_SERVICES]
    found = await asyncio.gather(*(_row(look, each) for each in services))
    gaps = [*((gap,) if gap else ()), *(gap for _, own in found for gap in own)]
    return ProbeResult(rows=tuple(row for row, _ in found), gaps=tuple(dict.fromkeys(gaps)))


def _is_meant(service: Json) -> bool:
    return spec_of(service).get("type") == "LoadBalancer" and bool(_port(service) or _is_tidb(service))


def _is_tidb(service: Json) -> bool:
    return (spec_of(service).get("selector") or {}).get("app.kubernetes.io/component") in _TIDB


def _port(service: Json) -> int:
    """Return the port that MySQL clients connect to, 0 if there is none."""
    for port in spec_of(service).get("ports") or ():
        number = port.get("port")
        if number in _MYSQL_PORTS or str(port.get("name") or "").startswith(("mysql", "tidb")):
            return int(number or 0)
    return 0


async def _row(look: Look, service: Json) -> tuple[Row, tuple[Gap, ...]]:
    (pods, no_pods), (provider, no_nodes), top = await asyncio.gather(
        _pods(look, service), _provider(look, service), owners.topmost(look.snapshot, service)
    )
    kind = kind_of(service, provider_id=provider)
    idle_s, explicit = idle_timeout_s(service, kind)
    settings = [_keepalive(pod) for pod in pods]
    keepalive_s = UNKNOWN if no_pods else _longest(settings)
    namespace, name = namespace_of(service), name_of(service)
    values: dict[str, Value] = {
        "namespace": namespace,
        "service": name,
        "kind": kind.name,
        "port": _port(service),
        "tidb": _is_tidb(service),
        "idle_s": idle_s,
        "explicit": explicit,
        "counts_probes": kind.counts_probes,
        "pod": name_of(pods[0]) if pods else "",
        "keepalive_s": keepalive_s,
        "covered": kind.counts_probes and idle_s > 0 and bool(settings) and keepalive_s < idle_s,
        "top_kind": top.ref.kind or "Service",
        "top_name": top.ref.name or name,
    }
    value = annotations_of(service).get(kind.annotation)
    row = Row(
        values=values,
        subject=ref(service, "Service"),
        quote=f"{name}: type LoadBalancer" + (f", {kind.annotation}: {value}" if value else ""),
        reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
    )
    return row, tuple(gap for gap in (no_pods, no_nodes, top.gap) if gap)


async def _pods(look: Look, service: Json) -> tuple[tuple[Json, ...], Gap | None]:
    selector = spec_of(service).get("selector") or {}
    if not selector:
        return (), None
    namespace = namespace_of(service)
    try:
        listing = await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(selector))
    except ClusterError as error:
        return (), error.gap(f"pods in {namespace}")
    return tuple(sorted(listing.items, key=name_of)), None


async def _provider(look: Look, service: Json) -> tuple[str, Gap | None]:
    """Return the providerID of some node, where the Service itself does not tell the cloud."""
    if kind_of(service).name:
        return "", None
    try:
        nodes = (await look.snapshot.list("Node", fresh=False)).items
    except ClusterError as error:
        return "", error.gap("nodes")
    ids = (str(spec_of(node).get("providerID") or "") for node in sorted(nodes, key=name_of))
    return next(filter(None, ids), ""), None


def _keepalive(pod: Json) -> int:
    """Return after how many seconds a pod's connections are probed, 0 where it does not set it."""
    for sysctl in (spec_of(pod).get("securityContext") or {}).get("sysctls") or ():
        value = str(sysctl.get("value") or "")
        if sysctl.get("name") == _SYSCTL and value.isdecimal():
            return int(value)
    return 0


def _longest(settings: Sequence[int]) -> int:
    return max((each or _KERNEL_KEEPALIVE_S for each in settings), default=_KERNEL_KEEPALIVE_S)
