"""Monitors of the Prometheus operator: the pods one selects, whether these become targets, and who takes the monitor.

Three selections must match: the monitor's over pods or Services, its ports over the declared ones, and that of a
Prometheus object over monitors. Where one fails, the target is not down but absent, and no status shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import full_name, labels_of, namespace_of, place_of, spec_of
from bot.kube.placement import selects
from bot.kube.services import declared_ports
from intents.domain import Json

GROUP: Final = "monitoring.coreos.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The pods of a component that a monitor selects; `targets` if some of its endpoints find a port there."""

    monitor: Json
    targets: bool

    @property
    def named(self) -> str:
        """Return the monitor as an answer names it: kind, namespace and name."""
        return f"{self.monitor.get('kind', '')} {full_name(self.monitor)}"


def selections(
    monitors: Iterable[Json], *, pods: Sequence[Json], services: Sequence[Json], component: str
) -> list[Selection]:
    """Return what each of these monitors selects of a component's pods; those that select none are left out."""
    found = []
    for monitor in sorted(monitors, key=lambda each: (str(each.get("kind")), *place_of(each))):
        kind = monitor.get("kind")
        if kind == "PodMonitor":
            targets = _of_pod_monitor(monitor, pods)
        elif kind == "ServiceMonitor":
            targets = _of_service_monitor(monitor, services=services, pods=pods)
        else:
            # A ScrapeConfig finds its targets by rules of its own: it only shows whether it names the component.
            targets = True if component in str(monitor.get("spec")) else None
        if targets is not None:
            found.append(Selection(monitor=monitor, targets=targets))
    return found


def _of_pod_monitor(monitor: Json, pods: Sequence[Json]) -> bool | None:
    """Tell whether a PodMonitor makes a target; None if it selects none of the pods."""
    mine = [pod for pod in pods if _selects(monitor, pod)]
    if not mine:
        return None
    endpoints = spec_of(monitor).get("podMetricsEndpoints") or ()
    return any(_finds_port(endpoint, _container_ports(pod)) for endpoint in endpoints for pod in mine)


def _of_service_monitor(monitor: Json, *, services: Sequence[Json], pods: Sequence[Json]) -> bool | None:
    """Tell the same of a ServiceMonitor, which finds pods through a Service."""
    mine = [service for service in services if _selects(monitor, service) and _has_pods(service, pods)]
    if not mine:
        return None
    endpoints = spec_of(monitor).get("endpoints") or ()
    return any(_finds_port(endpoint, _service_ports(service)) for endpoint in endpoints for service in mine)


def _selects(monitor: Json, obj: Json) -> bool:
    spec = spec_of(monitor)
    where = spec.get("namespaceSelector") or {}
    names = where.get("matchNames") or (namespace_of(monitor),)
    if not where.get("any") and namespace_of(obj) not in names:
        return False
    return selects(spec.get("selector") or {}, labels_of(obj))


def _has_pods(service: Json, pods: Iterable[Json]) -> bool:
    selector = spec_of(service).get("selector") or {}
    return bool(selector) and any(
        namespace_of(pod) == namespace_of(service) and selector.items() <= labels_of(pod).items() for pod in pods
    )


_Ports = set[str | int]


def _finds_port(endpoint: Mapping[str, Any], declared: _Ports) -> bool:
    """Tell whether a named port is declared: the operator drops targets without it. Without a name all are kept."""
    wanted = endpoint.get("port") or endpoint.get("portNumber") or endpoint.get("targetPort")
    return wanted is None or wanted in declared


def _container_ports(pod: Json) -> _Ports:
    found: _Ports = set()
    for port in declared_ports(pod):
        found |= {value for value in (port.get("name"), port.get("containerPort")) if value}
    return found


def _service_ports(service: Json) -> _Ports:
    found: _Ports = set()
    for port in spec_of(service).get("ports") or ():
        found |= {value for value in (port.get("name"), port.get("targetPort"), port.get("port")) if value}
    return found


def picks(prometheus: Json, monitor: Json, *, namespace_labels: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell whether a Prometheus object takes this monitor."""
    spec = spec_of(prometheus)
    kind = str(monitor.get("kind") or "")
    prefix = kind[:1].lower() + kind[1:]
    selector, where = spec.get(f"{prefix}Selector"), spec.get(f"{prefix}NamespaceSelector")
    # No selector selects nothing, an empty one everything; without a namespace selector only its own namespace counts.
    if selector is None or not selects(selector, labels_of(monitor)):
        return False
    home = namespace_of(monitor)
    return home == namespace_of(prometheus) if where is None else selects(where, namespace_labels.get(home, {}))
