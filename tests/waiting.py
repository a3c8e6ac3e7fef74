"""Waiting for what nobody tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(so: Callable[[], Any], *, within: float = 20) -> None:
    """The simulated Slack tells of its changes, a cluster or a process does not."""
    async with asyncio.timeout(within):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
