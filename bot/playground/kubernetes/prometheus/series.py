"""Parse the series that a world declares: the 99th percentile of a histogram, the growth of a counter, a gauge.

metrics:
  - name: etcd_disk_backend_commit_duration_seconds    # its buckets are derived
    labels: {job: kube-etcd, instance: "10.0.0.11:2379"}
    p99: [0.03, 0.9, 1.1]        # evenly over the `span` (1h) up to now, straight lines between
  - name: kube_pod_container_status_restarts_total
    labels: {namespace: policies, pod: kyverno-0, container: kyverno}
    per_hour: 25
    until: -20m                  # not scraped since
  - name: etcd_server_quota_backend_bytes
    labels: {job: kube-etcd, instance: "10.0.0.11:2379"}
    value: 2147483648
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from bot.playground.kubernetes.world_checks import (
    Path,
    WorldError,
    check_keys,
    check_strings,
    check_time,
    list_of_mappings,
)

NAME: Final = "__name__"
_KEYS: Final = ("name", "labels", "p99", "per_hour", "value", "span", "until")
_SPAN: Final = re.compile(r"\d+[mhd]")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
# A gauge counts for so long after it was scraped last.
_LOOKBACK: Final = 300.0
# etcd's buckets: a millisecond doubled, and everything else.
BOUNDS: Final = (*(0.001 * 2**power for power in range(14)), math.inf)
# Observations per second; any number works, because only the shares matter.
_RATE: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A series family. Times are in seconds since 1970; `p99` is empty for a counter, `value` is only for a gauge."""

    name: str
    labels: Mapping[str, str]
    p99: tuple[float, ...] = ()
    per_hour: float = 0.0
    value: float | None = None
    end: float
    span: float
    until: float

    def raw(self) -> Iterator[Raw]:
        """Yield the scraped series of the family."""
        if not self.p99:
            yield Raw(labels={NAME: self.name, **self.labels}, declared=self)
            return
        for bound in BOUNDS:
            shown = "+Inf" if math.isinf(bound) else f"{bound:g}"
            yield Raw(labels={NAME: f"{self.name}_bucket", **self.labels, "le": shown}, declared=self)

    def rate(self, le: str, at: float) -> float:
        """Return its growth per second at a time."""
        if not self.p99:
            return self.per_hour / 3600
        return _RATE * _share(float(le), self._p99_at(at))

    def _p99_at(self, at: float) -> float:
        if len(self.p99) == 1:
            return self.p99[0]
        place = (at - (self.end - self.span)) / self.span * (len(self.p99) - 1)
        place = min(max(place, 0.0), len(self.p99) - 1.0)
        low = min(int(place), len(self.p99) - 2)
        return self.p99[low] + (place - low) * (self.p99[low + 1] - self.p99[low])


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One scraped series."""

    labels: Mapping[str, str]
    declared: Declared

    @cached_property
    def without_name(self) -> tuple[tuple[str, str], ...]:
        """Return the labels in order, without the name of the metric."""
        return tuple(sorted((name, value) for name, value in self.labels.items() if name != NAME))

    def rate(self, at: float, window: float) -> float | None:
        """Return its growth per second over the window before `at`; None if nothing was scraped in the window."""
        if at - window >= self.declared.until or self.declared.value is not None:
            return None
        return self.declared.rate(self.labels.get("le", ""), min(at, self.declared.until))

    def gauge(self, at: float) -> float | None:
        """Return its value at a time; None if it is no gauge or was not scraped of late."""
        return self.declared.value if at - _LOOKBACK < self.declared.until else None


def parse_metrics(written: Any, *, now: datetime) -> tuple[Declared, ...]:
    """Parse the series of a world's `metrics`. WorldError if they are wrong."""
    items = list_of_mappings(written, path=("metrics",))
    return tuple(_declared(item, path=("metrics", at), now=now) for at, item in enumerate(items))


def _declared(item: dict[str, Any], *, path: Path, now: datetime) -> Declared:
    check_keys(item, path=path, known=_KEYS)
    name = item.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z_:][\w:]*", name):
        raise WorldError(f"expected the name of a metric, got {name!r}", path=(*path, "name"))
    check_strings(item.get("labels"), path=(*path, "labels"))
    if len({"p99", "per_hour", "value"} & set(item)) != 1:
        raise WorldError("give one of p99 (a histogram), per_hour (a counter), value (a gauge)", path=path)
    until = check_time(item, "until", now=now, path=path)
    found = _SPAN.fullmatch(str(item.get("span", "1h")))
    if found is None:
        raise WorldError(f"expected such as 30m or 6h, got {item['span']!r}", path=(*path, "span"))
    p99 = item.get("p99", ())
    return Declared(
        name=name,
        labels=dict(item.get("labels") or {}),
        p99=tuple(_number(each, path=(*path, "p99")) for each in (p99 if isinstance(p99, list | tuple) else [p99])),
        per_hour=_number(item.get("per_hour", 0), path=(*path, "per_hour")),
        value=_number(item["value"], path=(*path, "value")) if "value" in item else None,
        end=now.timestamp(),
        span=seconds(found[0]),
        until=until.timestamp() if until else math.inf,
    )


def seconds(duration: str) -> float:
    """Return the seconds of a duration as PromQL writes it, such as 1h30m."""
    return float(sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdwy])", duration)))


def _number(value: Any, *, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WorldError(f"expected a number, got {value!r}", path=path)
    return float(value)


def _share(bound: float, p99: float) -> float:
    """Return the share of observations up to a bound, so that PromQL's linear interpolation gives this p99."""
    at = bisect_left(BOUNDS, p99)
    upper, lower = BOUNDS[at], BOUNDS[at - 1] if at else 0.0
    if bound >= upper:
        return 1.0
    part = min((p99 - lower) / (upper - lower), 0.98) if math.isfinite(upper) else 0.0
    below = (0.99 - part) / (1 - part)
    return below if bound >= lower else below * bound / lower
