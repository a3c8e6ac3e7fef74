"""The metrics of a HorizontalPodAutoscaler, out of its spec and status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.kube.objects import spec_of, status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of CPU or memory use, in percent of the request; -1 where a number is not known or not asked for."""

    resource: str = ""
    current: int = -1
    target: int = -1
    one_container: bool = False


def hottest(scaler: Mapping[str, Any]) -> Metric:
    """Return the metric that is highest against its target; one of whole pods comes before one of a container."""
    now = {_key(each): _percent(each, "current") for each in status_of(scaler).get("currentMetrics") or ()}
    found = [
        Metric(
            resource=resource,
            current=now.get((kind, resource), -1),
            target=_percent(each, "target"),
            one_container=kind == "ContainerResource",
        )
        for each in spec_of(scaler).get("metrics") or ()
        for kind, resource in (_key(each),)
        if resource
    ]
    return min(
        found, key=lambda each: (each.one_container, each.target - each.current, each.resource), default=Metric()
    )


def _body(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    return metric.get("resource") or metric.get("containerResource") or {}


def _key(metric: Mapping[str, Any]) -> tuple[str, str]:
    return str(metric.get("type") or ""), str(_body(metric).get("name") or "")


def _percent(metric: Mapping[str, Any], side: str) -> int:
    percent = (_body(metric).get(side) or {}).get("averageUtilization")
    return -1 if percent is None else int(percent)
