"""Read the messages of incident channels from Slack's data, as they arrive and as they are exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.slack.message_events import files_of, mapping_of, markup_of, moment_of, text_in
from intents.chronicle.channel_reader import ChannelMessage
from intents.chronicle.message_text import excerpt, parse_message
from responses.safety import safe, safe_line

_LONGEST_TEXT: Final = 8_000
_LONGEST_NAME: Final = 80


def words_of(message: Mapping[str, Any]) -> str:
    """Return the words of a message on one line, without credentials."""
    read = parse_message(channel_message(message).text)
    return excerpt(" ".join([*read.lines, read.fenced]))


def edited_at(message: Mapping[str, Any]) -> str:
    """Return the ts of a message's last edit, "" for none."""
    return text_in(mapping_of(message.get("edited")), "ts")


def channel_message(message: Mapping[str, Any]) -> ChannelMessage:
    """Return a message from Slack's data, with credentials removed."""
    ts = str(message.get("ts") or "")
    named = mapping_of(message.get("bot_profile")).get("name")
    text = markup_of(message) or " ".join(f"📎 {file.get('name') or '?'}" for file in files_of(message))
    bot = str(message.get("username") or named or message.get("bot_id") or "") if message.get("bot_id") else ""
    return ChannelMessage(
        ts=ts,
        at=moment_of(ts),
        text=safe(text, limit=_LONGEST_TEXT),
        user="" if bot else str(message.get("user") or ""),
        bot=safe_line(bot, limit=_LONGEST_NAME),
        thread_ts=thread_of(message),
    )


def thread_of(message: Mapping[str, Any]) -> str:
    """Return the thread that a message was posted in; "" for one in the channel, also where a thread begins."""
    thread = str(message.get("thread_ts") or "")
    return "" if thread == message.get("ts") else thread
