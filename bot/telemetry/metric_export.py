"""Export the metrics of a Prometheus registry by OTLP: each metric is defined once, in `bot.metrics`.

Names, labels and buckets are those of `/metrics`, so that one dashboard fits both ways.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Exemplar as PrometheusExemplar
from prometheus_client.samples import Sample

from bot.telemetry.exporting import Exported
from bot.telemetry.span_export import SCOPE

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_Labels = tuple[tuple[str, str], ...]


class MetricExport:
    """A thread that exports a registry regularly, and once more when it is closed."""

    def __init__(
        self,
        exporter: OTLPMetricExporter,
        *,
        registry: CollectorRegistry,
        resource: Resource,
        exported: Exported,
        every_s: float,
    ) -> None:
        """Start the thread."""
        self._exporter = exporter
        self._registry = registry
        self._resource = resource
        self._exported = exported
        self._every_s = every_s
        self._began = time.time_ns()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry-metrics", daemon=True)
        self._thread.start()

    def close(self, within: float) -> None:
        """Export once more and end; give up after `within` seconds."""
        self._ending.set()
        self._thread.join(within)
        self._exporter.shutdown()

    def _run(self) -> None:
        while True:
            ending = self._ending.wait(self._every_s)
            data = metrics_data(self._registry, self._resource, since=self._began, now=time.time_ns())
            result = self._exporter.export(data)
            self._exported("metrics", result is MetricExportResult.SUCCESS)
            if ending:
                return


def metrics_data(registry: CollectorRegistry, resource: Resource, *, since: int, now: int) -> MetricsData:
    """Return all metrics of a registry as OpenTelemetry's; times are nanoseconds since 1970."""
    metrics = [metric for family in registry.collect() if (metric := _metric(family, since, now)) is not None]
    scope = ScopeMetrics(scope=InstrumentationScope(SCOPE), metrics=metrics, schema_url="")
    return MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


def _metric(family: Family, since: int, now: int) -> Metric | None:
    if not family.samples:
        return None
    first = family.samples[0].name
    data: Histogram | Sum | Gauge
    match family.type:
        case "histogram":
            name, data = family.name, Histogram([*_distributions(family.samples, since, now)], _CUMULATIVE)
        case "counter":
            name, data = first, Sum([*_numbers(family.samples, since, now)], _CUMULATIVE, is_monotonic=True)
        case _:
            name, data = first, Gauge([*_numbers(family.samples, since, now)])
    return Metric(name=name, description=family.documentation, unit=_unit(family.name), data=data)


def _unit(name: str) -> str:
    if name.endswith("_seconds"):
        return "s"
    return "By" if name.endswith("_bytes") else ""


def _numbers(samples: Iterable[Sample], since: int, now: int) -> Iterator[NumberDataPoint]:
    for sample in samples:
        yield NumberDataPoint(dict(sample.labels), since, now, sample.value)


def _distributions(samples: Iterable[Sample], since: int, now: int) -> Iterator[HistogramDataPoint]:
    """Yield a distribution for each set of labels; samples of one set are adjacent, buckets first."""
    by_labels: dict[_Labels, list[Sample]] = {}
    for sample in samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        by_labels.setdefault(labels, []).append(sample)
    for labels, of in by_labels.items():
        buckets = [(float(each.labels["le"]), each) for each in of if each.name.endswith("_bucket")]
        counts = [int(each.value) for _, each in buckets]
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=since,
            time_unix_nano=now,
            # Prometheus counts cumulatively; the last bucket has no bound.
            count=counts[-1],
            sum=next((each.value for each in of if each.name.endswith("_sum")), 0.0),
            bucket_counts=[count - before for count, before in zip(counts, [0, *counts], strict=False)],
            explicit_bounds=[bound for bound, _ in buckets[:-1]],
            min=None,  # type: ignore[arg-type] # not known, and optional in the protocol
            max=None,  # type: ignore[arg-type]
            exemplars=[_exemplar(each.exemplar) for _, each in buckets if each.exemplar is not None],
        )


def _exemplar(found: PrometheusExemplar) -> Exemplar:
    return Exemplar(
        filtered_attributes={},
        value=found.value,
        time_unix_nano=int(float(found.timestamp or 0) * 1e9),
        span_id=int(found.labels["span_id"], 16),
        trace_id=int(found.labels["trace_id"], 16),
    )
