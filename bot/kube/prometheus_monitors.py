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
from bot.kube.services import declared_ports, ports_of, selected_pods
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
            chosen = [_ports(declared_ports(pod)) for pod in pods if _selects(monitor, pod)]
            targets = _makes_target(spec_of(monitor).get("podMetricsEndpoints"), chosen)
        elif kind == "ServiceMonitor":
            # It finds pods through a Service.
            found_by = (each for each in services if _selects(monitor, each) and selected_pods(each, pods))
            targets = _makes_target(spec_of(monitor).get("endpoints"), [_ports(ports_of(each)) for each in found_by])
        else:
            # A ScrapeConfig finds its targets by rules of its own: it only shows whether it names the component.
            targets = True if component in str(monitor.get("spec")) else None
        if targets is not None:
            found.append(Selection(monitor=monitor, targets=targets))
    return found


def _makes_target(endpoints: Iterable[Mapping[str, Any]] | None, chosen: Sequence[_Ports]) -> bool | None:
    """Tell whether a monitor makes a target of what it chose, by the ports of each; None if it chose nothing."""
    if not chosen:
        return None
    return any(_finds_port(endpoint, declared) for endpoint in endpoints or () for declared in chosen)


def _selects(monitor: Json, obj: Json) -> bool:
    spec = spec_of(monitor)
    where = spec.get("namespaceSelector") or {}
    names = where.get("matchNames") or (namespace_of(monitor),)
    if not where.get("any") and namespace_of(obj) not in names:
        return False
    return selects(spec.get("selector") or {}, labels_of(obj))


_Ports = set[str | int]


def _finds_port(endpoint: Mapping[str, Any], declared: _Ports) -> bool:
    """Tell whether a named port is declared: the operator drops targets without it. Without a name all are kept."""
    wanted = endpoint.get("port") or endpoint.get("portNumber") or endpoint.get("targetPort")
    return wanted is None or wanted in declared


def _ports(declared: Iterable[Mapping[str, Any]]) -> _Ports:
    """Return the names and numbers of the ports of a container or a Service."""
    keys = ("name", "containerPort", "targetPort", "port")
    return {port[key] for port in declared for key in keys if port.get(key)}


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
