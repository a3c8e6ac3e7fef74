"""Time the parts of an answer as spans of one trace. It costs nothing until a backend exports them.

A trace begins with `trace`: at an arrival, or in a job, which continues the trace that its record names. `span` adds a
part to the trace of the running task and does nothing outside of one. Only the attributes below exist, and each has a
type: texts, names of objects and messages of errors have no way into a trace.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol, TypedDict, Unpack

from intents.domain import Json
from responses.safety import redacted_text

Value = str | int | bool


class SpanName(StrEnum):
    """The parts of a trace."""

    REQUEST = "request"
    JOB = "job"
    STEP = "step"
    MATCH = "match"
    DIAGNOSE = "diagnose"
    READ = "read"
    JUDGE = "judge"
    PROBE = "probe"
    KUBERNETES = "kubernetes"
    PROMETHEUS = "prometheus"
    SLACK = "slack"


class Attributes(TypedDict, total=False):
    """All that a span may say, each by a word of ours, a name that an administrator chose, a number or a flag."""

    surface: str
    kind: str
    step: str
    recovered: bool
    cluster: str
    verb: str
    resource: str
    status: str
    status_code: int
    method: str
    result: str
    probe: str
    incident: str
    verdict: str
    hypotheses: int
    supported: int
    gaps: int
    api_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedAttribute:
    """An attribute as it is exported: its key, how its value is checked, and its meaning for the documentation."""

    key: str
    check: Callable[[Any], Value]
    means: str


_OTHER: Final = "other"
# Our words, ids of the catalog, kinds and names of clusters; no sentence and no line of a log.
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,99}")


@lru_cache(maxsize=2048)
def _word(value: object) -> str:
    text = "_".join(str(value).replace(":", " ").split()) if " " in str(value) else str(value)
    return text if _WORD.fullmatch(text) and redacted_text(text) == text else _OTHER


def _flag(value: object) -> bool:
    return value is True


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _allowed(key: str, check: Callable[[Any], Value], means: str) -> AllowedAttribute:
    return AllowedAttribute(key=key, check=check, means=means)


ALLOWED: Final[Mapping[str, AllowedAttribute]] = {
    "surface": _allowed("casebook.surface", _word, "what arrived: message, command, action, alerts, http, mcp, …"),
    "kind": _allowed("casebook.job", _word, "the kind of the job, or what a program asks for"),
    "step": _allowed("casebook.step", _word, "the step of the job"),
    "recovered": _allowed("casebook.recovered", _flag, "whether an earlier process began the job"),
    "cluster": _allowed("k8s.cluster.name", _word, "the configured name of the cluster"),
    "verb": _allowed("casebook.verb", _word, "get, list, patch, …"),
    "resource": _allowed("casebook.resource", _word, "the kind of what is read, as in RBAC: pods, pods/log; no name"),
    "status": _allowed("casebook.status", _word, "2xx, 4xx, 5xx, timeout, unreachable, cancelled"),
    "status_code": _allowed("http.response.status_code", _count, "the HTTP status"),
    "method": _allowed("casebook.slack_method", _word, "Slack's method, such as chat.postMessage"),
    "result": _allowed("casebook.result", _word, "ok, or the kind of the error"),
    "probe": _allowed("casebook.probe", _word, "the probe that reads"),
    "incident": _allowed("casebook.incident", _word, "the first entry of the catalog; `learned` for a saved incident"),
    "verdict": _allowed("casebook.verdict", _word, "the verdict on it"),
    "hypotheses": _allowed("casebook.hypotheses", _count, "how many entries are possible"),
    "supported": _allowed("casebook.supported", _count, "how many of them the evidence supports"),
    "gaps": _allowed("casebook.gaps", _count, "how many facts could not be read"),
    "api_calls": _allowed("casebook.api_calls", _count, "the calls to the API server of this diagnosis"),
}
ERROR_TYPE: Final = "error.type"


class Handle(Protocol):
    """A span of the backend. `trace_id` and `span_id` are "" if the trace is not sampled."""

    @property
    def trace_id(self) -> str: ...
    @property
    def span_id(self) -> str: ...
    @property
    def traceparent(self) -> str: ...

    def end(self, attributes: Mapping[str, Value], *, failed: bool, at: int) -> None:
        """Hand the span to the exporter. Neither raises nor blocks."""


class Backend(Protocol):
    """Creates spans and exports them."""

    def begin(self, name: str, *, parent: Handle | None, traceparent: str, calls: bool, at: int) -> Handle:
        """Begin a span below `parent`, else below a `traceparent` of another task or process, else as a root."""


class Span:
    """A part of a trace in progress; this base class records nothing."""

    __slots__ = ()

    def set(self, **attributes: Unpack[Attributes]) -> None:
        """Add what became known."""


NOTHING: Final = Span()


@dataclass(slots=True)
class _Trace:
    """The spans of one arrival or job. Until it is `kept` they wait; most messages of a channel start nothing."""

    kept: bool
    over: bool = False
    spans: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def keep(self) -> None:
        self.kept = True
        for end in self.waiting:
            end()
        self.waiting.clear()


class _Recorded(Span):
    __slots__ = ("attributes", "handle", "trace")

    def __init__(self, handle: Handle, trace: _Trace) -> None:
        self.handle = handle
        self.trace = trace
        self.attributes: dict[str, Value] = {}

    def set(self, **attributes: Unpack[Attributes]) -> None:
        for name, value in attributes.items():
            if (allowed := ALLOWED.get(name)) is not None:
                self.attributes[allowed.key] = allowed.check(value)

    def end(self, error: BaseException | None) -> None:
        if error is not None:
            # Its text may quote what a user wrote or what a cluster holds.
            self.attributes[ERROR_TYPE] = type(error).__name__
        at, failed = time.time_ns(), isinstance(error, Exception)

        def ended() -> None:
            self.handle.end(self.attributes, failed=failed, at=at)

        if self.trace.kept:
            ended()
        elif not self.trace.over:
            self.trace.waiting.append(ended)


_CURRENT: Final[ContextVar[_Recorded | None]] = ContextVar("casebook_span", default=None)
# A scan of a large cluster makes no larger trace than this.
_MOST_SPANS: Final = 1_000
_CALLS: Final = frozenset({SpanName.KUBERNETES, SpanName.PROMETHEUS, SpanName.SLACK})
# The field of a job's record that names the trace of what started it (W3C Trace Context).
TRACEPARENT: Final = "traceparent"


@dataclass(slots=True)
class _Installed:
    backend: Backend | None = None


_INSTALLED: Final = _Installed()


@contextmanager
def exported_to(backend: Backend) -> Iterator[None]:
    """Export the traces that begin during the block."""
    before, _INSTALLED.backend = _INSTALLED.backend, backend
    try:
        yield
    finally:
        _INSTALLED.backend = before


@contextmanager
def trace(name: SpanName, *, begun_by: str = "", kept: bool = True, **attributes: Unpack[Attributes]) -> Iterator[Span]:
    """Begin a trace, or continue the one that a job's record names. Unless `kept`, only one that starts a job counts.

    Its first span is yielded; what a task still does after the block is not recorded.
    """
    if (backend := _INSTALLED.backend) is None:
        yield NOTHING
        return
    handle = backend.begin(name, parent=None, traceparent=begun_by, calls=False, at=time.time_ns())
    began = _Trace(kept=kept)
    try:
        with _running(_Recorded(handle, began), attributes) as span:
            yield span
    finally:
        began.over = True
        began.waiting.clear()


@contextmanager
def span(name: SpanName, **attributes: Unpack[Attributes]) -> Iterator[Span]:
    """Time a part of the current trace; do nothing outside of one."""
    above, backend = _CURRENT.get(), _INSTALLED.backend
    if above is None or backend is None or above.trace.over or above.trace.spans >= _MOST_SPANS:
        yield NOTHING
        return
    above.trace.spans += 1
    at = time.time_ns()
    handle = backend.begin(name, parent=above.handle, traceparent="", calls=name in _CALLS, at=at)
    with _running(_Recorded(handle, above.trace), attributes) as part:
        yield part


@contextmanager
def _running(part: _Recorded, attributes: Attributes) -> Iterator[_Recorded]:
    part.set(**attributes)
    token = _CURRENT.set(part)
    error: BaseException | None = None
    try:
        yield part
    except BaseException as raised:
        error = raised
        raise
    finally:
        _CURRENT.reset(token)
        part.end(error)


def traced(payload: Json) -> Json:
    """Return a job's payload with the current trace, which the job then continues, even after a restart."""
    current = _CURRENT.get()
    if current is None or TRACEPARENT in payload:
        return payload
    if not current.trace.kept and not current.trace.over:
        current.trace.keep()
    return {**payload, TRACEPARENT: current.handle.traceparent}


def exemplar() -> dict[str, str] | None:
    """Return the labels that link an observation of a metric to the current trace; None outside of one."""
    current = _CURRENT.get()
    if current is None or not current.trace.kept or not current.handle.trace_id:
        return None
    return {"trace_id": current.handle.trace_id, "span_id": current.handle.span_id}


def trace_id() -> str:
    """Return the id of the current trace for log lines, "" outside of one."""
    return (exemplar() or {}).get("trace_id", "")
