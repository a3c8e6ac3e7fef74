"""A clock for tests that are about waiting: time all but stands still while anything runs, and leaps once nothing does.

A test with the mark `simulated_time` runs in a loop with this clock. What it waits for takes no time, and how long it
waited is exact, however busy the machine is.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Final

import pytest

# What another thread or the kernel still has to say is waited for so long, in real seconds, before time leaps.
_GRACE_S: Final = 0.05
# Nothing happens in no time: who looks at the clock again and again until it goes on would look for ever.
_STEP_S: Final = 1e-9
# No time is 0: code may take that for "never".
_BEGIN: Final = 1_000.0


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time goes on only when it waits for nothing but a timer, and then right up to that."""

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
    """Give each test its loop; a conftest.py imports this hook for the tests beside it."""
    if item.get_closest_marker("simulated_time"):
        return {"simulated time": SimulatedTimeLoop}
    return {"real time": asyncio.new_event_loop}


class Stopwatch:
    """Tells how many seconds of the running loop's time have passed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    @property
    def seconds(self) -> float:
        """The seconds since it was made."""
        return self._loop.time() - self._began
