"""Simulate time for tests about waiting: it almost stops while code runs and leaps to the next timer when idle.

A test with the mark `simulated_time` runs in a loop with this clock. Waits take no real time and have an exact
duration, however busy the machine is.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Final

import pytest

# Real seconds to wait for other threads and the kernel before time leaps.
_GRACE_S: Final = 0.05
# Time must advance a little: code that polls the clock would otherwise loop for ever.
_STEP_S: Final = 1e-9
# Not 0, which code may take for "never".
_BEGIN: Final = 1_000.0


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time advances only when it waits for nothing but a timer, up to that timer."""

    def __init__(self) -> None:
        self._now = _BEGIN
        super().__init__(_LeapingSelector(self._leap))

    def time(self) -> float:
        return self._now

    def _leap(self, seconds: float) -> None:
        self._now += seconds


class _LeapingSelector(selectors.DefaultSelector):
    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._leap(_STEP_S)
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(min(timeout, _GRACE_S))
        if not ready:
            self._leap(timeout)
        return ready


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give each test its loop."""
    if item.get_closest_marker("simulated_time"):
        return {"simulated time": SimulatedTimeLoop}
    return {"real time": asyncio.new_event_loop}


class Stopwatch:
    """A stopwatch in the running loop's time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    @property
    def seconds(self) -> float:
        """The seconds since its creation."""
        return self._loop.time() - self._began
