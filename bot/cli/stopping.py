"""How a command that runs on is ended: Ctrl-C, or what an orchestrator sends."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def told_to_stop() -> asyncio.Event:
    """Set once the process is told to end; from now on that ends nothing by itself. Inside a running loop."""
    stop = asyncio.Event()
    for each in _STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop
