"""Make metrics whose labels hold no credentials, document them, and render the page for Prometheus."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase

from bot.common.tracing import exemplar as current_exemplar
from responses.safety import redacted_text

# The `_created` series would double the page and nobody uses them.
disable_created_metrics()  # type: ignore[no-untyped-call]

_OTHER: Final = "other"
# Rendering the page takes at most one eleventh of the time, however often it is scraped.
_STANDS: Final = 10


class _Safe(MetricWrapperBase):
    """A metric whose labels hold no credentials."""

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        named = {name: _label(value) for name, value in labelkwargs.items()}
        return super().labels(*map(_label, labelvalues), **named)


class SafeCounter(_Safe, Counter):
    """A counter whose labels hold no credentials."""


class SafeGauge(_Safe, Gauge):
    """A gauge whose labels hold no credentials."""


class SafeHistogram(_Safe, Histogram):
    """A histogram whose labels hold no credentials."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Record the amount, with the trace in which it was measured."""
        super().observe(amount, exemplar or current_exemplar())


@lru_cache(maxsize=1024)
def _label(value: object) -> str:
    """Return the value of a label; one that looks like a credential is counted with all others of its kind."""
    text = str(value)
    return text if redacted_text(text) == text else _OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """A metric as documented: `kind` is counter, gauge, histogram or info; `name` is the one in a query."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


class Families:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._documented: list[Documented] = []
        self._pages: dict[str, tuple[bytes, float]] = {}

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """Return the page for Prometheus and its content type, in the format of the Accept header.

        If it is scraped too often, it is served from a cache that is some milliseconds old.
        """
        encode, content_type = choose_encoder(accept)
        began = time.monotonic()
        page, until = self._pages.get(content_type, (b"", -math.inf))
        if began >= until:
            page = encode(self.registry)
            now = time.monotonic()
            self._pages[content_type] = page, now + _STANDS * (now - began)
        return page, content_type

    def documented(self) -> Iterable[Documented]:
        """Return all metrics of ours in the order of declaration; `process_…` are the library's."""
        return tuple(self._documented)

    def counter(self, name: str, help: str, *labels: str, **known: Iterable[str]) -> SafeCounter:
        """Return a new counter; its name gets a prefix and `_total`.

        `known` are further labels with their values. Without `labels`, each series is on the page from the start:
        Prometheus sees no increase in a series that begins with 1.
        """
        name = f"casebook_{name}_total"
        self.document(name, "counter", help, (*labels, *known))
        made = SafeCounter(name, help, (*labels, *known), registry=self.registry)
        if known and not labels:
            for values in itertools.product(*known.values()):
                made.labels(*values)
        return made

    def counted(self, name: str, help: str, *label: str, **known: Iterable[str]) -> Callable[[str], None]:
        """Return a function that counts one more of a value of the only label of a new counter."""
        counter = self.counter(name, help, *label, **known)
        return lambda value: counter.labels(value).inc()

    def gauge(self, name: str, help: str, *labels: str) -> SafeGauge:
        """Return a new gauge; its name gets a prefix."""
        name = f"casebook_{name}"
        self.document(name, "gauge", help, labels)
        return SafeGauge(name, help, labels, registry=self.registry)

    def seconds(self, name: str, help: str, buckets: tuple[float, ...], *labels: str) -> SafeHistogram:
        """Return a new histogram of seconds."""
        name = f"casebook_{name}_seconds"
        self.document(name, "histogram", help, labels)
        return SafeHistogram(name, help, labels, registry=self.registry, buckets=buckets)

    def document(self, name: str, kind: str, help: str, labels: tuple[str, ...]) -> None:
        """Document a metric."""
        self._documented.append(Documented(name=name, kind=kind, labels=labels, help=help))
