"""How a command that runs on is ended: Ctrl-C, or what an orchestrator sends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bot.common.background import in_background

_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def told_to_stop() -> asyncio.Event:
    """Set once the process is told to end; from now on that ends nothing by itself. Inside a running loop."""
    stop = asyncio.Event()
    for each in _STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


@asynccontextmanager
async def ended_by(stop: asyncio.Event) -> AsyncIterator[None]:
    """Within the block the task that runs it is cancelled by `stop`. Past its last await it is left to look itself."""
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"

    async def watch() -> None:
        await stop.wait()
        task.cancel()

    async with in_background(watch()):
        yield
