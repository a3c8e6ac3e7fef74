"""Read what belongs to a paste: its files, and the thread root of an empty mention.

The root's text and files become parts of the request, before the text of the mention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

from bot.diagnosing import match_text
from bot.slack.errors import SlackError, SlackRefusal
from bot.slack.message_events import files_of, text_of
from bot.store import LONGEST_TEXT, StoredRequest, Surface
from bot.workflows.channel_answers import KindOfText, wants
from bot.workflows.conversation import asks_more_than_why, turns_before
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import FILE, Exchange, Services
from intents.domain import Json, Text
from intents.slash import HelpQuery, TextQuery, parse_message
from intents.talk.acts import Act
from responses.safety import safe
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


async def read_files(services: Services, request: StoredRequest) -> tuple[Text, ...]:
    """Add the files' texts to the request; return why others could not be read. Idempotent."""
    return await add_files(services, request, request.original.files, behind=request.original.source_ts)


async def add_files(
    services: Services, request: StoredRequest, files: Iterable[Json], *, behind: str
) -> tuple[Text, ...]:
    """Add the files of one message, as parts after the part `behind`."""
    unread: list[Text] = []
    for number, file in enumerate(files):
        try:
            read = await services.slack.files.read(file)
        except SlackError as error:
            _log.warning("file_download_failed", request=request.id, error=str(error))
            unread.append(error.says)
            continue
        if read.refusal is not None:
            unread.append(read.refusal)
            continue
        # A file's text follows the text of its message.
        text = safe(read.text, limit=LONGEST_TEXT)
        await services.store.requests.amend(request.id, f"{behind}.{number}", text, services.clock())
    return tuple(unread)


async def mention_unread(services: Services, exchange: Exchange, unread: tuple[Text, ...]) -> None:
    """Report an unread file that nobody asked about, once a day per channel: it may contain a known error."""
    if not unread or not await wants(services, exchange.scope.who, KindOfText(act=Act.EVIDENCE)):
        return
    once = f"file/{exchange.request.original.channel}/{unread[0].en[:40]}"
    if await services.once(once):
        await MessagePoster(services=services).post(
            exchange.request, notice(unread[0], language=exchange.language), step=FILE
        )


async def read_root(services: Services, request: StoredRequest) -> tuple[Text, ...]:
    """Add the thread root if the mention is empty; return why it could not be read. Idempotent."""
    original = request.original
    if original.origin is not Surface.MENTION or original.thread_ts in ("", original.source_ts) or original.name:
        return ()
    if not await _leaves_it_open(services, request.parts.get(original.source_ts, "")):
        return ()
    # In a conversation the turns before tell what is meant.
    if request.text.strip() and await turns_before(services.store, request):
        return ()
    try:
        root = await services.slack.message(channel=original.channel, ts=original.thread_ts)
    except SlackRefusal as error:
        _log.warning("thread_root_read_failed", request=request.id, error=str(error))
        return (error.says,)
    # Our own messages are not questions.
    ours = (await services.slack.identify()).bot_id
    return await _add_root(services, request, root) if root and root.get("bot_id") != ours else ()


async def _leaves_it_open(services: Services, mention: str) -> bool:
    """Tell whether the mention is empty or has no question of its own: "@casebook what is this?"."""
    match parse_message(mention):
        case HelpQuery():
            return not mention.strip()
        case TextQuery(text=text):
            if asks_more_than_why(text):
                return False
            return not (await match_text(text, engine=services.engine())).hypotheses
        case _:
            return False


async def _add_root(services: Services, request: StoredRequest, root: Mapping[str, Any]) -> tuple[Text, ...]:
    # Not a message ts: an edit of the root concerns the root's own request.
    part = f"{request.original.thread_ts}.root"
    text = safe(text_of(root), limit=LONGEST_TEXT)
    await services.store.requests.amend(request.id, part, text, services.clock())
    return await add_files(services, request, files_of(root), behind=part)
