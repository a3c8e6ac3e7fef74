"""Parse message events from the many shapes in which Slack sends them.

Shapes: docs.slack.dev/reference/events/message and its subtypes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.slack.post_text import words_of
from intents.slack_text import unformatted
from responses.safety import safe_value

# Subtypes of messages that users wrote; the others are Slack's own notices (joins, topics, pins …).
_SPOKEN: Final = frozenset({"", "file_share", "thread_broadcast", "bot_message", "me_message"})
_FILE_KEYS: Final = ("id", "name", "size", "mimetype", "filetype", "mode", "url_private_download", "url_private",
                     "file_access")  # fmt: skip
_ADDRESSES: Final = ("url_private_download", "url_private")
_SLACKBOT: Final = "USLACKBOT"
# Slack cuts what is typed at 4,000 characters, at a line's end if one is near.
_CUT_FROM: Final = 3_900


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A new message. `text` is free of Slack's markup; `thread_ts` is empty outside threads.

    `is_cut`: it is as long as Slack allows. `in_block`: it opens a code block without closing it, or closes one that it
    does not open.
    """

    team: str
    channel: str
    ts: str
    thread_ts: str = ""
    user: str = ""
    text: str = ""
    files: tuple[dict[str, Any], ...] = ()
    bot: bool = False
    direct: bool = False
    mentions_us: bool = False
    is_cut: bool = False
    in_block: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedMessage:
    """A deleted message; `to_us`: it mentioned us or was a direct message."""

    team: str
    channel: str
    ts: str
    to_us: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedMessage:
    """An edited message. Unfurled links edit a message too: `changed` tells whether its words changed."""

    message: ReceivedMessage
    changed: bool


def read_event(
    event: Mapping[str, Any], *, team: str, us: str, our_bot: str
) -> ReceivedMessage | EditedMessage | DeletedMessage | None:
    """Parse a `message` or `app_mention` event; None for notices and for messages of ours or of Slackbot.

    `us` is our user's id, `our_bot` our bot's.
    """
    subtype = _text(event, "subtype")
    if subtype == "message_deleted":
        return _deleted(event, team=team, ts=_text(event, "deleted_ts"), us=us)
    if subtype != "message_changed":
        return _received(event, team=team, us=us, our_bot=our_bot)
    now, before = _mapping(event.get("message")), _mapping(event.get("previous_message"))
    if now.get("subtype") == "tombstone":  # a deleted message with replies leaves a tombstone
        return _deleted(event, team=team, ts=_text(now, "ts"), us=us)
    inner = {
        **now, "channel": _text(event, "channel"), "channel_type": event.get("channel_type", ""),
        "subtype": _plain(now),
    }  # fmt: skip
    message = _received(inner, team=team, us=us, our_bot=our_bot)
    return EditedMessage(message=message, changed=words_of(now) != words_of(before)) if message else None


def _deleted(event: Mapping[str, Any], *, team: str, ts: str, us: str) -> DeletedMessage:
    channel = _text(event, "channel")
    to_us = channel.startswith("D") or f"<@{us}" in words_of(_mapping(event.get("previous_message")))
    return DeletedMessage(team=team, channel=channel, ts=ts, to_us=to_us)


def _received(event: Mapping[str, Any], *, team: str, us: str, our_bot: str) -> ReceivedMessage | None:
    """Return the message of an event; None for notices and for messages of ours or of Slackbot."""
    subtype, channel, user = _text(event, "subtype"), _text(event, "channel"), _text(event, "user")
    if subtype not in _SPOKEN or not event.get("ts"):
        return None
    # Slackbot reports our removal from a channel in a direct message: that is not a request.
    if _text(event, "bot_id") == our_bot or user in (us, _SLACKBOT):
        return None
    thread = _text(event, "thread_ts")
    return ReceivedMessage(
        team=team,
        channel=channel,
        ts=str(event["ts"]),
        thread_ts=thread if thread != event["ts"] else "",
        user=user,
        text=text_of(event),
        files=files_of(event),
        bot=bool(event.get("bot_id")) or subtype == "bot_message",
        direct=event.get("channel_type") == "im" or channel.startswith("D"),
        mentions_us=event.get("type") == "app_mention" or f"<@{us}" in words_of(event),
        is_cut=len(_text(event, "text")) >= _CUT_FROM,
        in_block=_text(event, "text").count("```") % 2 == 1,
    )


def text_of(message: Mapping[str, Any]) -> str:
    """Return a message's text without Slack's markup."""
    return unformatted(words_of(message))


def markup_of(message: Mapping[str, Any]) -> str:
    """Return a message's text in Slack's markup: mentions and links in angle brackets, entities."""
    return words_of(message)


def files_of(message: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return for each file the fields that a download needs."""
    return tuple(_file(file) for file in message.get("files") or () if isinstance(file, Mapping))


def _plain(message: Mapping[str, Any]) -> str:
    subtype = str(message.get("subtype") or "")
    return subtype if subtype in _SPOKEN else ""


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file without its name and address, which may contain a secret; Slack returns them again by id."""
    kept = {key: file[key] for key in _FILE_KEYS if file.get(key) not in (None, "")}
    shown = safe_value(kept)
    return {key: value for key, value in shown.items() if key not in _ADDRESSES or value == kept[key]}


def _text(event: Mapping[str, Any], key: str) -> str:
    return str(event.get(key) or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
