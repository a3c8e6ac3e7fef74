"""Wait for conditions without a notification."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(so: Callable[[], Any], *, within: float = 20) -> None:
    """Poll until a condition holds; for Slack use its `wait_for`, which needs no polling."""
    async with asyncio.timeout(within):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
