"""Let acknowledgements go first: long work of jobs begins while the event loop keeps up with what arrives.

Slack waits three seconds for an acknowledgement, a person much longer for an answer. Each pass of a loop that is behind
takes long, because it runs all that has arrived meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import Final

# One pass of a loop that keeps up takes less.
_KEEPS_UP_S: Final = 0.010
_LOOK_EVERY_S: Final = 0.020
# Work that waited so long begins, so that answers are given under any load.
_LONGEST_S: Final = 0.5


class CalmLoop:
    """Lets work begin one piece at a time, while the loop keeps up."""

    def __init__(self) -> None:
        self._next = asyncio.Lock()

    async def wait(self) -> None:
        """Wait until the caller may hold the loop for some milliseconds; it begins before it awaits anything else."""
        loop = asyncio.get_running_loop()
        async with self._next:
            until = loop.time() + _LONGEST_S
            while await _pass_s(loop) > _KEEPS_UP_S and loop.time() < until:  # noqa: ASYNC110 - it looks at the loop
                await asyncio.sleep(_LOOK_EVERY_S)


async def _pass_s(loop: asyncio.AbstractEventLoop) -> float:
    """Return how long the loop takes for one pass."""
    began = loop.time()
    await asyncio.sleep(0)
    return loop.time() - began
