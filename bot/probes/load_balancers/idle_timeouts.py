"""Read the idle timeouts of load balancers before databases, and when the servers behind them send keepalives.

A load balancer closes a connection on which nothing is sent for longer than its idle timeout, unless keepalive probes
come first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.load_balancers import idle_timeout_s, kind_of
from bot.kube.objects import annotations_of, label_selector, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look
from bot.probes.load_balancers.addresses import ServiceRow
from bot.probes.rows import RowValues
from intents.domain import Json, Row

MOST_SERVICES: Final = 20
# Linux sends its first probe after two hours of silence.
_KERNEL_KEEPALIVE_S: Final = 7200
_SYSCTL: Final = "net.ipv4.tcp_keepalive_time"
_MYSQL_PORTS: Final = frozenset({3306, 4000, 6000})
_TIDB: Final = frozenset({"tidb", "tiproxy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTimeoutShown(RowValues):
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


async def rows_of(look: Look, services: Sequence[Json]) -> list[Row]:
    """Return the rows of the Services that MySQL clients connect to, with the pods behind them."""
    meant = sorted(filter(_is_meant, services), key=place_of)[:MOST_SERVICES]
    return await asyncio.gather(*(_row(look, each) for each in meant))


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


async def _row(look: Look, service: Json) -> Row:
    pods, provider, top = await asyncio.gather(_pods(look, service), _provider(look, service), look.topmost(service))
    kind = kind_of(service, provider_id=provider)
    idle_s, explicit = idle_timeout_s(service, kind)
    settings = [_keepalive(pod) for pod in pods or ()]
    keepalive_s = UNKNOWN if pods is None else _longest(settings)
    namespace, name = namespace_of(service), name_of(service)
    shown = IdleTimeoutShown(
        port=_port(service),
        tidb=_is_tidb(service),
        idle_s=idle_s,
        explicit=explicit,
        counts_probes=kind.counts_probes,
        pod=name_of(pods[0]) if pods else "",
        keepalive_s=keepalive_s,
        covered=kind.counts_probes and idle_s > 0 and bool(settings) and keepalive_s < idle_s,
        top_kind=top.ref.kind or "Service",
        top_name=top.ref.name or name,
    )
    value = annotations_of(service).get(kind.annotation)
    return ServiceRow(namespace=namespace, service=name, kind=kind.name).row(
        ref(service, "Service"),
        quote=f"{name}: type LoadBalancer" + (f", {kind.annotation}: {value}" if value else ""),
        reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
        more=shown.values(),
    )


async def _pods(look: Look, service: Json) -> list[Json] | None:
    """Return the pods that a Service selects, by name; None if they are not readable."""
    selector = spec_of(service).get("selector") or {}
    if not selector:
        return []
    pods = look.snapshot.list("Pod", namespace=namespace_of(service), labels=label_selector(selector))
    listing = await look.unless_refused(pods, None)
    return None if listing is None else sorted(listing.items, key=name_of)


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


def _longest(settings: Sequence[int]) -> int:
    return max((each or _KERNEL_KEEPALIVE_S for each in settings), default=_KERNEL_KEEPALIVE_S)
