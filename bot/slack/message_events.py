"""Read Slack's events of messages and channels: what was said, by whom, and what became of a channel.

Apps write most of an alert in attachments and blocks. What they do not write at all may still be in a colour (an alert
that is over is green) or in the address of a link (the labels of the alert that it silences).

Shapes: docs.slack.dev/reference/events/message and its subtypes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from intents.alerts.labels import is_labelled_cleared
from intents.alerts.links import as_line, hidden_labels, hidden_runbook, is_runbook, labels_of_link
from intents.alerts.states import FIRING, RESOLVED
from intents.text_cleanup import unformatted
from responses.safety import safe_value

_DEEPEST: Final = 8
# Buttons and menus: their texts are what people may do, not what happened.
_CONTROLS: Final = frozenset({"accessory", "actions", "confirm", "options", "option_groups", "placeholder"})
_ENDED: Final = re.compile(r"(?i)\b(?:resolved|recovered|closed|ok|cleared|normal)\b|恢复|解除|正常")
_LABEL: Final = re.compile(r"[*_]?([^\n*_:]{1,60})[*_]?:?[*_]?[ ]*")
_MARKS: Final = re.compile(r"[*_~`]|<[^<>|\n]*\||[<>]")
_HEX: Final = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
# How much more green than red and blue a colour has: Slack's "good" is #2eb886.
_GREENER: Final = 30
_MOST_LINKS: Final = 50


def markup_of(message: Mapping[str, Any]) -> str:
    """Return the text and the attachments of a message in Slack's markup: links in angle brackets, entities.

    Blocks are read if there is no other text, and of apps always: their `text` is often only the title.
    """
    of_app = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    # Unfurled links are not written by the sender.
    attached = [each for each in mappings_in(message.get("attachments")) if not each.get("from_url")]
    ended = [of_app and _has_ended(each, message) for each in attached]
    parts = [text_in(message, "text")]
    for attachment, is_over in zip(attached, ended, strict=True):
        state = "" if all(ended) or not any(ended) else RESOLVED if is_over else FIRING
        parts += _labelled(state, list(_of_attachment(attachment)))
    if ended and all(ended):
        parts = _labelled(RESOLVED, parts)
    if of_app:
        parts += _new_lines("\n".join(_of_blocks(message.get("blocks"), 0)), parts)
        parts = [*_with_labels_of_links(parts), *_labels_of_controls([message.get("blocks"), *attached])]
    elif not any(part.strip() for part in parts):
        parts += _of_blocks(message.get("blocks"), 0)
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def _of_attachment(attachment: Mapping[str, Any]) -> Iterator[str]:
    for key in ("pretext", "title", "text"):
        yield text_in(attachment, key)
    for field in mappings_in(attachment.get("fields")):
        yield f"{field.get('title') or ''}: {field.get('value') or ''}"
    yield from _of_blocks(attachment.get("blocks"), 0)
    if not any(attachment.get(key) for key in ("text", "title", "blocks")):
        yield text_in(attachment, "fallback")


def _of_blocks(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts in `value`: blocks nest them in many ways."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        yield from _of_block(value, depth)
    elif isinstance(value, list):
        for item in value:
            yield from _of_blocks(item, depth + 1)


def _of_block(block: Mapping[str, Any], depth: int) -> Iterator[str]:
    kind = text_in(block, "type")
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield "".join(map(_leaf, mappings_in(block.get("elements"))))
        return
    if kind in _CONTROLS:
        return
    if isinstance(block.get("text"), str):
        yield block["text"]
    for key, inner in block.items():
        if key == "fields":
            yield from map(_as_pair, _of_blocks(inner, depth + 1))
        elif isinstance(inner, Mapping | list) and key not in _CONTROLS:
            yield from _of_blocks(inner, depth + 1)


def _leaf(element: Mapping[str, Any]) -> str:
    kind, text = element.get("type"), text_in(element, "text")
    if kind == "link":
        return f"<{element.get('url') or ''}|{text}>" if text else f"<{element.get('url') or ''}>"
    if kind == "emoji":
        return f":{element.get('name') or ''}:"
    if kind == "user":
        return f"<@{element.get('user_id') or ''}>"
    return text


def _as_pair(text: str) -> str:
    """Return a field of two lines, a label and its value, as one line."""
    label, _, value = text.partition("\n")
    match = _LABEL.fullmatch(label)
    return f"{match[1].strip()}: {value}" if match and value and "\n" not in value.strip() else text


def _new_lines(text: str, parts: Iterable[str]) -> Iterator[str]:
    """Yield the lines of `text` that are not in `parts` already, whatever their format is."""
    known = {_bare(line) for part in parts for line in part.splitlines()}
    for line in text.splitlines():
        if not line.strip() or _bare(line) not in known:
            yield line or " "


def _bare(line: str) -> str:
    return " ".join(_MARKS.sub("", line).split())


# --- what a post does not write --------------------------------------------------------------------------------------


def _has_ended(attachment: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Return whether an attachment is green and its title says that something is over."""
    said = [text_in(attachment, key) for key in ("pretext", "title", "fallback")]
    said += [_first([text_in(attachment, "text")]), _first([text_in(message, "text")])]
    return _is_green(text_in(attachment, "color")) and any(map(_ENDED.search, said))


def _is_green(color: str) -> bool:
    match = _HEX.fullmatch(color)
    if match is None:
        return color == "good"
    red, green, blue = (int(each, 16) for each in match.groups())
    return green - max(red, blue) >= _GREENER


def _labelled(state: str, parts: list[str]) -> list[str]:
    first = next((index for index, part in enumerate(parts) if part.strip()), None)
    if not state or first is None or is_labelled_cleared(parts[first]) or FIRING[:-1] in parts[first].upper():
        return parts
    return [*parts[:first], f"{state} {parts[first]}", *parts[first + 1 :]]


def _with_labels_of_links(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts with the labels in the addresses of their links, each after the line of its link."""
    for part in parts:
        lines: list[str] = []
        for line in part.splitlines():
            lines += [line, *filter(None, map(as_line, hidden_labels(line))), *_runbook(hidden_runbook(line))]
        yield "\n".join(lines)


def _labels_of_controls(value: Any) -> list[str]:
    """Return the labels in the addresses of titles and buttons, and the runbook to which a button leads."""
    found: list[str] = []
    for label, address in _addresses(value, 0):
        found += [as_line(labels_of_link(address)), *(_runbook(address) if is_runbook(label) else ())]
    return list(filter(None, found))[:_MOST_LINKS]


def _runbook(address: str) -> list[str]:
    return [f"runbook_url: {address}"] if address else []


def _addresses(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the label and the address of each title and button."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("url", "title_link") and isinstance(inner, str):
                label = value.get("title" if key == "title_link" else "text")
                yield _first(_of_blocks({"text": label}, depth)), inner
            elif isinstance(inner, Mapping | list):
                yield from _addresses(inner, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item, depth + 1)


def _first(parts: Iterable[str]) -> str:
    return next((line for part in parts for line in part.splitlines() if line.strip()), "")


def mappings_in(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none if another value is there."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


# Subtypes of messages that users wrote; the others are Slack's own notices (joins, topics, pins …).
_SPOKEN: Final = frozenset({"", "file_share", "thread_broadcast", "bot_message", "me_message"})
_FILE_KEYS: Final = ("id", "name", "size", "mimetype", "filetype", "mode", "url_private_download", "url_private",
                     "file_access")  # fmt: skip
_ADDRESSES: Final = ("url_private_download", "url_private")
_SLACKBOT: Final = "USLACKBOT"
# Slack cuts what is typed at 4,000 characters, at a line's end if one is near.
_CUT_FROM: Final = 3_900


# Of a person, a group, a channel's members.
_MENTION: Final = re.compile(r"<[@!]([A-Za-z0-9^]+)")


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
    mentions_others: bool = False
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
    subtype = text_in(event, "subtype")
    if subtype == "message_deleted":
        return _deleted(event, team=team, ts=text_in(event, "deleted_ts"), us=us)
    if subtype != "message_changed":
        return _received(event, team=team, us=us, our_bot=our_bot)
    now, before = mapping_of(event.get("message")), mapping_of(event.get("previous_message"))
    if now.get("subtype") == "tombstone":  # a deleted message with replies leaves a tombstone
        return _deleted(event, team=team, ts=text_in(now, "ts"), us=us)
    of_now = text_in(now, "subtype")
    inner = {
        **now, "channel": text_in(event, "channel"), "channel_type": event.get("channel_type", ""),
        "subtype": of_now if of_now in _SPOKEN else "",
    }  # fmt: skip
    message = _received(inner, team=team, us=us, our_bot=our_bot)
    return EditedMessage(message=message, changed=markup_of(now) != markup_of(before)) if message else None


def _deleted(event: Mapping[str, Any], *, team: str, ts: str, us: str) -> DeletedMessage:
    channel = text_in(event, "channel")
    to_us = channel.startswith("D") or f"<@{us}" in markup_of(mapping_of(event.get("previous_message")))
    return DeletedMessage(team=team, channel=channel, ts=ts, to_us=to_us)


def _received(event: Mapping[str, Any], *, team: str, us: str, our_bot: str) -> ReceivedMessage | None:
    """Return the message of an event; None for notices and for messages of ours or of Slackbot."""
    subtype, channel, user = text_in(event, "subtype"), text_in(event, "channel"), text_in(event, "user")
    if subtype not in _SPOKEN or not event.get("ts"):
        return None
    # Slackbot reports our removal from a channel in a direct message: that is not a request.
    if text_in(event, "bot_id") == our_bot or user in (us, _SLACKBOT):
        return None
    thread = text_in(event, "thread_ts")
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
        mentions_us=event.get("type") == "app_mention" or f"<@{us}" in markup_of(event),
        mentions_others=any(not said.startswith(us) for said in _MENTION.findall(markup_of(event))),
        is_cut=len(text_in(event, "text")) >= _CUT_FROM,
        in_block=text_in(event, "text").count("```") % 2 == 1,
    )


def text_of(message: Mapping[str, Any]) -> str:
    """Return a message's text without Slack's markup."""
    return unformatted(markup_of(message))


def files_of(message: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return for each file the fields that a download needs."""
    return tuple(map(_file, mappings_in(message.get("files"))))


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file without its name and address, which may contain a secret; Slack returns them again by id."""
    kept = {key: file[key] for key in _FILE_KEYS if file.get(key) not in (None, "")}
    shown = safe_value(kept)
    return {key: value for key, value in shown.items() if key not in _ADDRESSES or value == kept[key]}


def text_in(event: Mapping[str, Any], key: str) -> str:
    """Return a field as text, an empty one if the field is missing."""
    return str(event.get(key) or "")


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one if another value is there."""
    return value if isinstance(value, Mapping) else {}


class ChannelEventKind(StrEnum):
    """Kind of a channel event; the value is Slack's name of the event."""

    CREATED = "channel_created"
    RENAMED = "channel_rename"
    JOINED = "member_joined_channel"
    ARCHIVED = "channel_archive"
    UNARCHIVED = "channel_unarchive"
    GONE = "channel_left"  # we were removed


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvent:
    """A channel event. `user` joined or did it; `name` is set if the event contains it."""

    what: ChannelEventKind
    team: str
    channel: str
    at: datetime
    name: str = ""
    user: str = ""


def read_channel_event(event: Mapping[str, Any], *, team: str) -> ChannelEvent | None:
    """Parse a channel event; None for other events. Group events concern private channels and begin with group_."""
    kind = text_in(event, "type").replace("group_", "channel_", 1)
    raw = event.get("channel")
    channel = raw if isinstance(raw, Mapping) else {"id": raw}
    if kind not in set(ChannelEventKind) or not channel.get("id"):
        return None
    return ChannelEvent(
        what=ChannelEventKind(kind),
        team=team,
        channel=str(channel["id"]),
        at=moment_of(text_in(event, "event_ts")),
        name=text_in(channel, "name"),
        user=str(event.get("user") or channel.get("creator") or event.get("actor_id") or ""),
    )


def moment_of(ts: str) -> datetime:
    """Return when a message was written, from its ts; the minimum time for a malformed ts."""
    try:
        return datetime.fromtimestamp(float(ts or 0), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
