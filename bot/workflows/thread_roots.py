"""Who mentions us below a message and says nothing themselves asks about that message: it is read along.

Its text and files become parts of the request, ahead of what was said in the mention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.diagnosing import match_text
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.message_events import files_of, text_of
from bot.store import LONGEST_TEXT, StoredRequest, Surface
from bot.workflows.pasted_files import PastedFiles
from bot.workflows.services import Services
from intents.domain import Text
from intents.slash import AskHelp, AskText, parse_message
from responses.safety import safe

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRoots:
    """Reads the message above a mention that says nothing itself."""

    services: Services
    files: PastedFiles

    async def read(self, request: StoredRequest) -> tuple[Text, ...]:
        """Add what heads the thread, if the mention leaves it at that; why it could not be read. Twice is once."""
        asked = request.asked
        if asked.origin is not Surface.MENTION or asked.thread_ts in ("", asked.source_ts) or asked.name:
            return ()
        if not await self._leaves_it_open(request.parts.get(asked.source_ts, "")):
            return ()
        try:
            root = await self.services.slack.message(channel=asked.channel, ts=asked.thread_ts)
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("thread_root_read_failed", request=request.id, error=str(error))
            return (error.says,)
        # What we said ourselves is no question.
        ours = (await self.services.slack.identify()).bot_id
        return await self._add(request, root) if root and root.get("bot_id") != ours else ()

    async def _leaves_it_open(self, said: str) -> bool:
        """Whether nothing was said, or nothing that can be answered by itself: "@casebook what is this?"."""
        match parse_message(said):
            case AskHelp():
                return not said.strip()
            case AskText(text=text):
                return not (await match_text(text, engine=self.services.engine())).hypotheses
            case _:
                return False

    async def _add(self, request: StoredRequest, root: Mapping[str, Any]) -> tuple[Text, ...]:
        # No ts of a message: an edit of the root concerns the request that the root itself has made.
        part = f"{request.asked.thread_ts}.root"
        text = safe(text_of(root), limit=LONGEST_TEXT)
        await self.services.store.requests.amend(request.id, part, text, self.services.clock())
        return await self.files.add(request, files_of(root), behind=part)
