"""Read the messages of incident channels from Slack's data, as they arrive and as they are exported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bot.slack.message_events import files_of, mapping_of, markup_of, moment_of, text_in
from intents.chronicle.channel_reader import ChannelMessage
from intents.chronicle.message_text import excerpt, parse_message
from responses.safety import safe, safe_line

_LONGEST_TEXT: Final = 8_000
_LONGEST_NAME: Final = 80
# Twenty thousand messages are some 20 MB.
MOST_BYTES: Final = 256 << 20
_SILENT: Final = frozenset(
    {"channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "tombstone"}
)
# Exports name bots as users where a bot posted by a webhook.
_BOT_NAME_ENDS: Final = ("bot", "机器人")


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


class ExportError(ValueError):
    """The file is no export; the text says what is wrong and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelExport:
    """A channel's messages, the names of its people by id, and how many entries could not be read."""

    messages: tuple[ChannelMessage, ...]
    names: Mapping[str, str]
    skipped: int = 0


def read_export(path: Path) -> ChannelExport:
    """Return the channel of a file or folder. Raise ExportError, and OSError if it cannot be read."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise ExportError(f"{path} has no .json files: expected a Slack export of one channel")
    if sum(file.stat().st_size for file in files) > MOST_BYTES:
        raise ExportError(f"{path} is larger than {MOST_BYTES >> 20} MiB")
    return channel_of(entry for file in files for entry in _entries(file))


def channel_of(entries: Iterable[object]) -> ChannelExport:
    """Return the channel of the entries of an export."""
    messages: list[ChannelMessage] = []
    names: dict[str, str] = {}
    skipped = 0
    for entry in entries:
        if isinstance(entry, Mapping) and (str(entry.get("subtype") or "") in _SILENT):
            continue
        if not isinstance(entry, Mapping) or (message := _message(entry)) is None:
            skipped += 1
            continue
        messages.append(message)
        if message.user and (name := _name(entry)):
            names[message.user] = name
    return ChannelExport(messages=tuple(messages), names=names, skipped=skipped)


def _entries(file: Path) -> list[object]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ExportError(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{file}: not UTF-8 text") from error
    entries = content.get("messages") if isinstance(content, Mapping) else content
    if not isinstance(entries, list):
        raise ExportError(f"{file}: expected a list of messages")
    return entries


def _message(entry: Mapping[str, Any]) -> ChannelMessage | None:
    message = channel_message(entry)
    if not message.at.timestamp():
        return None
    name = _name(entry)
    is_bot = entry.get("subtype") == "bot_message" or name.lower().endswith(_BOT_NAME_ENDS)
    if is_bot and not message.bot:
        return replace(message, user="", bot=name or "bot")
    # Somebody who left the workspace has no profile, sometimes not even an id.
    return message if message.bot or message.user else replace(message, user=name or "?")


def _name(entry: Mapping[str, Any]) -> str:
    profile = mapping_of(entry.get("user_profile") or entry.get("bot_profile"))
    named = profile.get("display_name") or profile.get("real_name") or profile.get("name") or entry.get("username")
    return safe_line(str(named or ""), limit=_LONGEST_NAME)
