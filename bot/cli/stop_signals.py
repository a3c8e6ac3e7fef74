"""Stop a running command on Ctrl-C or the signal of an orchestrator."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
