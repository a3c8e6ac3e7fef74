"""What anybody may ask is not looked up for each who asks: who comes while it is looked up shares the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """`look`, one at a time however many ask; to be called as it is, with what it raises."""

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._looking: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        # Who leaves takes it from nobody else.
        return await asyncio.shield(self._looking)
