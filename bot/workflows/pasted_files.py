"""Read pasted files into the text of their request: long pastes arrive as snippets, logs as attachments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import Json
from bot.slack.errors import SlackError
from bot.store import LONGEST_TEXT, StoredRequest
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import FILE, Exchange, Services
from intents.domain import Text
from responses.safety import safe
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_SAID_ONCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedFiles:
    """Reads pasted files into the text of their request."""

    services: Services
    poster: MessagePoster

    async def read(self, request: StoredRequest) -> tuple[Text, ...]:
        """Add the files' texts to the request; return why others could not be read. Idempotent."""
        return await self.add(request, request.original.files, behind=request.original.source_ts)

    async def add(self, request: StoredRequest, files: Iterable[Json], *, behind: str) -> tuple[Text, ...]:
        """Add the files of one message, as parts after the part `behind`."""
        unread: list[Text] = []
        for number, file in enumerate(files):
            try:
                read = await self.services.slack.read_file(file)
            except SlackError as error:
                _log.warning("file_download_failed", request=request.id, error=str(error))
                unread.append(error.says)
                continue
            if read.refusal is not None:
                unread.append(read.refusal)
                continue
            # A file's text follows the text of its message.
            text = safe(read.text, limit=LONGEST_TEXT)
            await self.services.store.requests.amend(request.id, f"{behind}.{number}", text, self.services.clock())
        return tuple(unread)

    async def mention_unread(self, exchange: Exchange, unread: tuple[Text, ...]) -> None:
        """Report an unread file that nobody asked about, once a day per channel: it may contain a known error."""
        if not unread:
            return
        once = f"file/{exchange.request.original.channel}/{unread[0].en[:40]}"
        if await self.services.once(once, within=_SAID_ONCE):
            await self.poster.post(exchange.request, notice(unread[0], language=exchange.language), step=FILE)
