"""Reload the files of `casebook serve` on SIGHUP, whose default is to end the process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class ReloadSignal:
    """SIGHUP from the first file that is read to the end of the process."""

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
