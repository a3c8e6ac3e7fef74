"""Stand in for an OpenTelemetry collector on loopback: keep every byte that arrives, and decode it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Recorded


@dataclass(frozen=True, slots=True)
class Span:
    """A span that arrived, with its attributes by key."""

    recorded: Recorded

    @property
    def name(self) -> str:
        return self.recorded.name

    @property
    def trace(self) -> str:
        return self.recorded.trace_id.hex()

    @property
    def id(self) -> str:
        return self.recorded.span_id.hex()

    @property
    def parent(self) -> str:
        return self.recorded.parent_span_id.hex()

    @property
    def attributes(self) -> dict[str, Any]:
        return {each.key: _value(each) for each in self.recorded.attributes}

    @property
    def failed(self) -> bool:
        return self.recorded.status.code == 2


def _value(attribute: KeyValue) -> Any:
    return getattr(attribute.value, attribute.value.WhichOneof("value") or "string_value")


@dataclass(slots=True)
class Collector:
    """What arrived. `status` is the answer to the next requests; a `hanging` one never answers."""

    url: str = ""
    status: int = 200
    hanging: bool = False
    requests: int = 0
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def spans(self, trace: str = "") -> list[Span]:
        """Return all spans, or those of a trace, in the order of their beginnings."""
        found = (
            Span(one)
            for path, body in self.bodies
            if path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        )
        return sorted(
            (one for one in found if trace in ("", one.trace)), key=lambda one: one.recorded.start_time_unix_nano
        )

    def metrics(self) -> dict[str, Metric]:
        """Return the metrics of the newest export by name."""
        newest = [body for path, body in self.bodies if path == "/v1/metrics"][-1]
        return {
            metric.name: metric
            for resource in ExportMetricsServiceRequest.FromString(newest).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def everything(self) -> dict[str, str | bytes]:
        """Return all that arrived: the bodies as bytes and decoded, and the headers."""
        kinds: dict[str, Any] = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
        raw = {f"collector {number} {path}": body for number, (path, body) in enumerate(self.bodies)}
        decoded = {f"{at}, decoded": str(kinds[at.split()[-1]].FromString(body)) for at, body in raw.items()}
        return {**raw, **decoded, "headers for the collector": str(self.headers)}

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        if self.hanging:
            await asyncio.sleep(3600)
        if self.status == 200:
            # The server has undone the compression.
            self.bodies.append((request.path, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
            self.headers.append(dict(request.headers))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"} if self.status == 307 else None)


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Serve on loopback until the block ends."""
    here = Collector()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/traces", here._take)
    app.router.add_post("/v1/metrics", here._take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield here
    finally:
        await runner.cleanup()
