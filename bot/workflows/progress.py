"""Show the progress of a slow answer: a placeholder lists what was read and found so far.

Quick answers, the usual case, get no placeholder, because Slack limits updates more than posts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.common.background import in_background
from bot.diagnosing.reads import Progress
from bot.slack.client import Slack
from bot.slack.errors import SlackError
from bot.slack.posts import PostedMessage
from bot.store import StoreUnavailable
from intents.domain import Language
from responses.safety import safe_value
from responses.slack.diagnosis import placeholder_message

_log: Final = structlog.get_logger(__name__)

# An answer that is ready by then is posted itself.
PLACEHOLDER_AFTER_S: Final = 1.5
_LEAST_S: Final = 0.3
_EVERY_S: Final = 2.5


async def _always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class ProgressReporter:
    """Shows progress: `async with reporter.reporting(): diagnose(..., progress=reporter.progress)`.

    `sent` is the message that shows it; else `begin` posts one if the block takes longer, or returns None. `waited` is
    how many seconds the requester has waited already. `wanted` tells whether the answer is still current.
    """

    slack: Slack
    sent: PostedMessage | None
    language: Language
    begin: Callable[[], Coroutine[Any, Any, PostedMessage | None]]
    waited: float = 0.0
    wanted: Callable[[], Awaitable[bool]] = _always
    _latest: Progress | None = None
    _posting: asyncio.Task[PostedMessage | None] | None = None

    def progress(self, progress: Progress) -> None:
        self._latest = progress

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        try:
            async with in_background(self._tell()):
                yield
        except asyncio.CancelledError:
            if self._posting is not None:
                self._posting.cancel()
            raise
        finally:
            # A post in flight is not cut off: nobody would know whether it arrived.
            if self._posting is not None:
                await asyncio.wait({self._posting})

    async def _begin(self) -> PostedMessage | None:
        try:
            return await self.begin()
        except (SlackError, StoreUnavailable) as error:
            # The answer's own post meets the same failure, and reports it.
            _log.info("placeholder_failed", error=str(error))
            return None

    async def _tell(self) -> None:
        await asyncio.sleep(max(_LEAST_S, PLACEHOLDER_AFTER_S - self.waited))
        sent = self.sent
        if sent is None:
            self._posting = asyncio.create_task(self._begin())
            sent = await asyncio.shield(self._posting)
        if sent is None:
            return
        shown: Progress | None = None
        while True:
            now = self._latest
            # Progress never delays an answer.
            if now is not None and now != shown and not self.slack.edits.delay:
                if not await self.wanted():
                    return
                message = placeholder_message(
                    language=self.language,
                    done=now.done,
                    total=now.total,
                    scanned=now.scanned,
                    found=safe_value(now.found),
                )
                try:
                    await self.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=False)
                except SlackError as error:
                    _log.info("progress_update_failed", error=str(error))
                    return
                shown = now
            await asyncio.sleep(_EVERY_S)
