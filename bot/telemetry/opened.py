"""Make the exporters of OpenTelemetry with limits on queues and time, and close them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from bot.common.release import running_version
from bot.settings.telemetry import Collector
from bot.telemetry.exporting import Exported
from bot.telemetry.metric_export import MetricExport
from bot.telemetry.span_export import SCOPE, OtelBackend

# An answer has fifty to three hundred spans, each of less than a kilobyte.
_MOST_WAITING: Final = 4_096
_BATCH: Final = 512
_SENT_EVERY_MS: Final = 2_000
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The exporters. `close` blocks for about `within` seconds at most."""

    backend: OtelBackend
    spans: BatchSpanProcessor
    metrics: MetricExport

    def close(self, within: float) -> None:
        """Send what waits, and end the threads."""
        self.metrics.close(within / 2)
        self.spans.shutdown()  # type: ignore[no-untyped-call]


def open_exporters(
    collector: Collector, *, registry: CollectorRegistry, replica: str, exported: Exported, every_s: float
) -> Opened:
    """Start the threads that export spans, and every `every_s` seconds the metrics."""
    resource = Resource.create(
        {"service.name": "casebook", "service.version": running_version(), "service.instance.id": replica}
    )
    spans = BatchSpanProcessor(
        _ReportedSpans(
            OTLPSpanExporter(
                endpoint=collector.url("traces"),
                headers=collector.headers,
                timeout=_TIMEOUT_S,
                compression=Compression.Gzip,
                session=_session(),
            ),
            exported,
        ),
        max_queue_size=_MOST_WAITING,
        max_export_batch_size=_BATCH,
        schedule_delay_millis=_SENT_EVERY_MS,
    )
    # Not the global provider: libraries of this process that trace too would quote payloads in attributes.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(spans)
    metrics = MetricExport(
        OTLPMetricExporter(
            endpoint=collector.url("metrics"),
            headers=dict(collector.headers),
            timeout=_TIMEOUT_S,
            compression=Compression.Gzip,
            session=_session(),
        ),
        registry=registry,
        resource=resource,
        exported=exported,
        every_s=every_s,
    )
    return Opened(backend=OtelBackend(provider.get_tracer(SCOPE)), spans=spans, metrics=metrics)


def _session() -> requests.Session:
    """Return connections that send only what is configured: no proxy, no credentials and no cookies of others."""
    session = requests.Session()
    session.trust_env = False
    session.hooks["response"] = [_refuse_redirect]
    return session


def _refuse_redirect(response: requests.Response, **_options: object) -> None:
    """Raise for a redirect: the exporter does not follow it, and would take it for success."""
    if response.is_redirect:
        response.close()
        raise requests.TooManyRedirects("a redirect, which is refused")


class _ReportedSpans(SpanExporter):
    """An exporter that reports whether the collector took a batch."""

    def __init__(self, exporter: OTLPSpanExporter, exported: Exported) -> None:
        self._exporter = exporter
        self._exported = exported

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        self._exported("traces", result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
