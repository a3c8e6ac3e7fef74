"""Stop a running command on Ctrl-C or the signal of an orchestrator; reload its files on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from bot.common.background import in_background

_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def stop_event() -> asyncio.Event:
    """Return an event that is set by SIGINT and SIGTERM, which no longer end the process. Needs a running loop."""
    stop = asyncio.Event()
    for each in _STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


@asynccontextmanager
async def cancelled_by(stop: asyncio.Event) -> AsyncIterator[None]:
    """Cancel the block's task once `stop` is set. After its last await the block must check for itself."""
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"

    async def watch() -> None:
        await stop.wait()
        task.cancel()

    async with in_background(watch()):
        yield


@dataclass(slots=True)
class ReloadSignal:
    """SIGHUP, whose default is to end the process, from the first file that is read to the end of the process."""

    _pending: bool = False

    @classmethod
    def received(cls) -> ReloadSignal:
        """Remember a SIGHUP from now on. Only the main thread can set signal handlers."""
        received = cls()
        signal.signal(signal.SIGHUP, received._remember)
        return received

    def forward(self, reload: Callable[[], None]) -> None:
        """Call `reload` on each SIGHUP, and now if one has arrived. Needs a running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        if self._pending:
            reload()

    def _remember(self, _signal: int, _frame: FrameType | None) -> None:
        self._pending = True
