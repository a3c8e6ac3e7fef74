"""Open and close the exporters. Nothing of OpenTelemetry is imported without a collector.

Threads of their own encode and send, so that the event loop never waits for the collector. One that does not answer
costs spans, which are dropped once the queue is full, and at most `_ENDS_WITHIN_S` when the app stops.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from bot.common.tracing import exported_to
from bot.metrics import Metrics
from bot.settings import Settings
from bot.settings.telemetry import Collector

if TYPE_CHECKING:
    from bot.telemetry.opened import Opened

METRICS_EVERY_S: Final = 30.0
_ENDS_WITHIN_S: Final = 2.0
_WARNED_EVERY_S: Final = 60.0
_log: Final = structlog.get_logger(__name__)


# Receives the signal (traces, metrics) and whether the collector took it; called by other threads.
Exported = Callable[[str, bool], None]


@dataclass(slots=True)
class _Warnings:
    """Reports each export, and logs failures once in a while: a collector may be away for hours."""

    exported: Exported
    _last: float = field(default=float("-inf"))

    def __call__(self, signal: str, taken: bool) -> None:
        self.exported(signal, taken)
        now = time.monotonic()
        if not taken and now - self._last >= _WARNED_EVERY_S:
            self._last = now
            _log.warning("telemetry_not_exported", signal=signal)


@asynccontextmanager
async def exporting(settings: Settings, metrics: Metrics, *, every_s: float = METRICS_EVERY_S) -> AsyncIterator[None]:
    """Export traces and the metrics during the block; without a collector in the settings, do nothing."""
    collector = Collector.of(settings.otlp_endpoint, settings.otlp_headers)
    if collector is None:
        yield
        return
    # The library logs every attempt and every dropped span.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exported = _Warnings(metrics.telemetry_exported)
    opened = await asyncio.to_thread(_open, collector, metrics, settings.replica, exported, every_s)
    try:
        with exported_to(opened.backend):
            yield
    finally:
        await _within(_ENDS_WITHIN_S, opened.close)


def _open(collector: Collector, metrics: Metrics, replica: str, exported: Exported, every_s: float) -> Opened:
    from bot.telemetry.opened import open_exporters  # noqa: PLC0415 - it imports OpenTelemetry

    return open_exporters(collector, registry=metrics.registry, replica=replica, exported=exported, every_s=every_s)


async def _within(seconds: float, do: Callable[[float], None]) -> None:
    """Run `do` in a thread that does not keep the process alive, and wait so long at most."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def run() -> None:
        try:
            do(seconds)
        finally:
            # The loop may be closed by then.
            if not loop.is_closed():
                loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="telemetry-end", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await done.wait()
    except TimeoutError:
        _log.warning("telemetry_left_behind")
