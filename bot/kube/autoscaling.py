"""The metrics of a HorizontalPodAutoscaler, out of its spec and status, and why it cannot read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import spec_of, status_of
from bot.kube.quantities import thousandths

# The API that serves the metrics of a reason of the condition ScalingActive.
API_OF_REASON: Final[Mapping[str, str]] = {
    "FailedGetResourceMetric": "metrics.k8s.io",
    "FailedGetContainerResourceMetric": "metrics.k8s.io",
    "FailedGetPodsMetric": "custom.metrics.k8s.io",
    "FailedGetObjectMetric": "custom.metrics.k8s.io",
    "FailedGetExternalMetric": "external.metrics.k8s.io",
}
# Until 1.26: "missing request for cpu" alone.
_MISSING_REQUEST: Final = re.compile(r"missing request for (\S+)(?: (?:in|for) container (\S+) of Pod (\S+))?")
_BODIES: Final = ("resource", "containerResource", "pods", "object", "external")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of CPU or memory use, in percent of the request; -1 where a number is not known or not asked for."""

    resource: str = ""
    percent: int = -1
    target_percent: int = -1
    one_container: bool = False  # it measures single containers only, so that no proxy counts


def target_of(scaler: Mapping[str, Any]) -> tuple[str, str]:
    """Return kind and name of the workload that an autoscaler scales."""
    target = spec_of(scaler).get("scaleTargetRef") or {}
    return str(target.get("kind") or ""), str(target.get("name") or "")


def hottest(scaler: Mapping[str, Any]) -> Metric:
    """Return the metric that is highest against its target; one of whole pods comes before one of a container."""
    now = {_key(each): _percent(each, "current") for each in status_of(scaler).get("currentMetrics") or ()}
    found = [
        Metric(
            resource=resource,
            percent=now.get((kind, resource), -1),
            target_percent=_percent(each, "target"),
            one_container=kind == "ContainerResource",
        )
        for each in spec_of(scaler).get("metrics") or ()
        for kind, resource in (_key(each),)
        if resource
    ]
    return min(
        found,
        key=lambda each: (each.one_container, each.target_percent - each.percent, each.resource),
        default=Metric(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRequest:
    """A container without a request for the resource that an autoscaler measures; "" where the message has no name."""

    resource: str = ""
    container: str = ""
    pod: str = ""


def missing_request(message: str) -> MissingRequest | None:
    """Return the request that the controller's message misses, None for any other message."""
    found = _MISSING_REQUEST.search(message)
    if found is None:
        return None
    resource, container, pod = (part or "" for part in found.groups())
    return MissingRequest(resource=resource, container=container, pod=pod)


def above_target(scaler: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the metrics that are above their targets, as kubectl shows them: `cpu: 188%/60%`."""
    current = {_name(each): _value(each, "current") for each in status_of(scaler).get("currentMetrics") or ()}
    found = []
    for metric in spec_of(scaler).get("metrics") or ():
        name = _name(metric)
        for key, wanted in _value(metric, "target").items():
            now = current.get(name, {}).get(key, "")
            if now and thousandths(now.rstrip("%")) > thousandths(wanted.rstrip("%")):
                found.append(f"{name}: {now}/{wanted}")
    return tuple(found)


def _value(metric: Mapping[str, Any], side: str) -> Mapping[str, str]:
    """Return the values of one side of a metric by their field, percentages with a sign."""
    values = (_body(metric).get(side)) or {}
    signs = (("averageUtilization", "%"), ("averageValue", ""), ("value", ""))
    return {key: f"{values[key]}{sign}" for key, sign in signs if values.get(key) is not None}


def _name(metric: Mapping[str, Any]) -> str:
    body = _body(metric)
    return str(body.get("name") or (body.get("metric") or {}).get("name") or "")


def _body(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((metric[key] for key in _BODIES if metric.get(key)), {})


def _key(metric: Mapping[str, Any]) -> tuple[str, str]:
    return str(metric.get("type") or ""), str(_body(metric).get("name") or "")


def _percent(metric: Mapping[str, Any], side: str) -> int:
    percent = (_body(metric).get(side) or {}).get("averageUtilization")
    return -1 if percent is None else int(percent)
