"""Monitors of the Prometheus operator: which pods one selects, whether that makes targets, which Prometheus takes it.

Three selections must meet: the monitor's own over pods or Services, its ports over what these declare, and a
Prometheus object's over monitors. Where one fails the target is not down but absent, and nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import name_of, namespace_of
from bot.kube.placement import selects
from intents.domain import Json

GROUP: Final = "monitoring.coreos.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The pods of a component that a monitor selects; `targets` if some of its endpoints find a port there."""

    monitor: Json
    targets: bool

    @property
    def named(self) -> str:
        return f"{self.monitor.get('kind', '')} {namespace_of(self.monitor)}/{name_of(self.monitor)}"


def selections(
    monitors: Iterable[Json], *, pods: Sequence[Json], services: Sequence[Json], component: str
) -> list[Selection]:
    """What each of these monitors makes of a component's pods; those that do not mean it are left out."""
    found = []
    for monitor in sorted(monitors, key=lambda each: (str(each.get("kind")), namespace_of(each), name_of(each))):
        kind = monitor.get("kind")
        if kind == "PodMonitor":
            targets = _of_pod_monitor(monitor, pods)
        elif kind == "ServiceMonitor":
            targets = _of_service_monitor(monitor, services=services, pods=pods)
        else:
            # A ScrapeConfig finds its targets by rules of its own: all that can be told is whether it speaks of it.
            targets = True if component in str(monitor.get("spec")) else None
        if targets is not None:
            found.append(Selection(monitor=monitor, targets=targets))
    return found


def _of_pod_monitor(monitor: Json, pods: Sequence[Json]) -> bool | None:
    """Whether a target comes of a PodMonitor; None if it means none of the pods."""
    mine = [pod for pod in pods if _means(monitor, pod)]
    if not mine:
        return None
    endpoints = (monitor.get("spec") or {}).get("podMetricsEndpoints") or ()
    return any(_finds_port(endpoint, _container_ports(pod)) for endpoint in endpoints for pod in mine)


def _of_service_monitor(monitor: Json, *, services: Sequence[Json], pods: Sequence[Json]) -> bool | None:
    """The same of a ServiceMonitor, which finds pods through a Service."""
    mine = [service for service in services if _means(monitor, service) and _has_pods(service, pods)]
    if not mine:
        return None
    endpoints = (monitor.get("spec") or {}).get("endpoints") or ()
    return any(_finds_port(endpoint, _service_ports(service)) for endpoint in endpoints for service in mine)


def _means(monitor: Json, obj: Json) -> bool:
    spec = monitor.get("spec") or {}
    where = spec.get("namespaceSelector") or {}
    names = where.get("matchNames") or (namespace_of(monitor),)
    if not where.get("any") and namespace_of(obj) not in names:
        return False
    return selects(spec.get("selector") or {}, labels_of(obj))


def _has_pods(service: Json, pods: Iterable[Json]) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and any(
        namespace_of(pod) == namespace_of(service) and selector.items() <= labels_of(pod).items() for pod in pods
    )


_Ports = set[str | int]


def _finds_port(endpoint: Mapping[str, Any], declared: _Ports) -> bool:
    """A port that is named must be declared: the operator drops every target without it. None named: all are kept."""
    wanted = endpoint.get("port") or endpoint.get("portNumber") or endpoint.get("targetPort")
    return wanted is None or wanted in declared


def _container_ports(pod: Json) -> _Ports:
    found: _Ports = set()
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            found |= {value for value in (port.get("name"), port.get("containerPort")) if value}
    return found


def _service_ports(service: Json) -> _Ports:
    found: _Ports = set()
    for port in (service.get("spec") or {}).get("ports") or ():
        found |= {value for value in (port.get("name"), port.get("targetPort"), port.get("port")) if value}
    return found


def picks(prometheus: Json, monitor: Json, *, namespace_labels: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a Prometheus object takes this monitor."""
    spec = prometheus.get("spec") or {}
    kind = str(monitor.get("kind") or "")
    prefix = kind[:1].lower() + kind[1:]
    selector, where = spec.get(f"{prefix}Selector"), spec.get(f"{prefix}NamespaceSelector")
    # No selector at all selects nothing, an empty one everything; no namespace selector means its own namespace.
    if selector is None or not selects(selector, labels_of(monitor)):
        return False
    home = namespace_of(monitor)
    return home == namespace_of(prometheus) if where is None else selects(where, namespace_labels.get(home, {}))


def labels_of(obj: Json) -> dict[str, str]:
    return dict((obj.get("metadata") or {}).get("labels") or {})
