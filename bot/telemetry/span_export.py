"""Turn the spans of `bot.common.tracing` into spans of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bot.common.tracing import TRACEPARENT, Handle, Value

SCOPE: Final = "casebook"
_CARRIER: Final = TraceContextTextMapPropagator()
# Neither what runs in this task belongs to the parent nor what another library made current.
_NO_CONTEXT: Final = Context()


@dataclass(frozen=True, slots=True)
class _OtelSpan:
    span: trace.Span

    @property
    def trace_id(self) -> str:
        context = self.span.get_span_context()
        return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else ""

    @property
    def span_id(self) -> str:
        return trace.format_span_id(self.span.get_span_context().span_id)

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _CARRIER.inject(carrier, trace.set_span_in_context(self.span, _NO_CONTEXT))
        return carrier.get(TRACEPARENT, "")

    def end(self, attributes: Mapping[str, Value], *, failed: bool, at: int) -> None:
        self.span.set_attributes(attributes)
        if failed:
            self.span.set_status(Status(StatusCode.ERROR))
        self.span.end(at)


@dataclass(frozen=True, slots=True)
class OtelBackend:
    """A `Backend` of spans that a provider's processor exports."""

    tracer: trace.Tracer

    def begin(self, name: str, *, parent: Handle | None, traceparent: str, calls: bool, at: int) -> Handle:
        context = _NO_CONTEXT
        if isinstance(parent, _OtelSpan):
            context = trace.set_span_in_context(parent.span, _NO_CONTEXT)
        elif traceparent:
            # A malformed one begins a new trace.
            context = _CARRIER.extract({TRACEPARENT: traceparent}, _NO_CONTEXT)
        kind = SpanKind.CLIENT if calls else SpanKind.INTERNAL
        return _OtelSpan(self.tracer.start_span(name, context, kind=kind, start_time=at))
