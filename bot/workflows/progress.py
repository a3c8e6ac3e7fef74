"""Show the progress of a slow answer: the placeholder lists what was read and found so far.

Quick answers, the usual case, get no progress update, because Slack limits updates.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from bot.common.background import in_background
from bot.diagnosing.reads import Progress
from bot.slack.client import Slack
from bot.slack.errors import SlackError
from bot.slack.posts import PostedMessage
from intents.domain import Language
from responses.safety import safe_value
from responses.slack.diagnosis import placeholder_message

_log: Final = structlog.get_logger(__name__)

_FIRST_AFTER_S: Final = 1.2
_EVERY_S: Final = 2.5


async def _always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class ProgressReporter:
    """Shows progress: `async with reporter.reporting(): diagnose(..., progress=reporter.progress)`.

    `wanted` tells whether the answer is still current.
    """

    slack: Slack
    sent: PostedMessage | None
    language: Language
    wanted: Callable[[], Awaitable[bool]] = _always
    _latest: Progress | None = None

    def progress(self, progress: Progress) -> None:
        self._latest = progress

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        if self.sent is None:
            yield
            return
        async with in_background(self._post_updates(self.sent)):
            yield

    async def _post_updates(self, sent: PostedMessage) -> None:
        await asyncio.sleep(_FIRST_AFTER_S)
        shown: Progress | None = None
        while True:
            now = self._latest
            if now is not None and now != shown:
                if not await self.wanted():
                    return
                message = placeholder_message(
                    language=self.language, done=now.done, total=now.total, found=safe_value(now.found)
                )
                try:
                    await self.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=False)
                except SlackError as error:
                    _log.info("progress_update_failed", error=str(error))
                    return
                shown = now
            await asyncio.sleep(_EVERY_S)
