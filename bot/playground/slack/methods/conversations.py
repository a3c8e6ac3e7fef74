"""Implement conversations.*: channels, members, history and replies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from bot.playground.slack.events import without_metadata
from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.registry import Call, method
from bot.playground.slack.records import Json, Refused
from bot.playground.slack.scopes import HISTORY, MEMBERS, READ
from bot.playground.slack.state import LARGEST_PAGE
from bot.playground.slack.workspace import Workspace

_TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im"}


@method("conversations.info", Tier.THREE, scope=READ, channel=Workspace.find)
def info(call: Call) -> Json:
    """Return one channel."""
    shown = call.state.channel(call.channel)
    if not call.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown | ({"locale": "en-US"} if call.flag("include_locale") else {})}


@method("users.conversations", Tier.THREE, scope=MEMBERS)
def list_joined(call: Call) -> Json:
    """Return one page of the channels that the bot is a member of."""
    wanted = {each.strip() for each in call.text("types", "public_channel").split(",")}
    for each, needed in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if each in wanted and needed not in call.state.scopes:
            raise Refused("missing_scope", needed=needed, provided=",".join(sorted(call.state.scopes)))
    found = (each for each in call.workspace.channels.values() if _TYPES[each.type] in wanted)
    return paged(call, "channels", [call.state.channel(each) for each in found if call.workspace.has_bot(each)])


@method("conversations.join", Tier.THREE, scope="channels:join", channel=Workspace.find)
def join(call: Call) -> Json:
    """Join a public channel."""
    if call.channel.archived:
        raise Refused("is_archived")
    if call.channel.type != "channel":
        raise Refused("method_not_supported_for_channel_type")
    warning: Json = {}
    if call.workspace.has_bot(call.channel):
        warning = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        call.context.channel_actions.enter(call.workspace.user(call.bot), call.channel)
    return {"channel": call.state.channel(call.channel)} | warning


@method("conversations.history", Tier.THREE, scope=HISTORY, channel=Workspace.find_joined)
def history(call: Call) -> Json:
    """Return the channel's own messages, newest first."""
    messages = [
        each
        for each in call.state.messages.all(call.channel.id)
        if each.get("thread_ts", each["ts"]) == each["ts"] or each.get("subtype") == "thread_broadcast"
    ]
    window = _between(call, messages)[::-1]
    if start := _start(call, "next_ts"):
        window = [each for each in window if _micros(each["ts"]) <= start]
    return _first(call, window, default=100) | {"pin_count": sum(bool(each.get("pinned_to")) for each in messages)}


@method("conversations.replies", Tier.THREE, scope=HISTORY, channel=Workspace.find_joined)
def replies(call: Call) -> Json:
    """Return the parent and its replies, oldest first."""
    ts = call.required("ts")
    parent = call.state.messages.get(call.channel.id, ts)
    under = call.state.messages.replies(call.channel.id, ts)
    if parent is None and not under:
        raise Refused("thread_not_found")
    # Slack returns the parent first, even if it is outside the requested window.
    found = ([parent] if parent else []) + _between(call, under)
    if start := _start(call, "next_ts"):
        found = [each for each in found if _micros(each["ts"]) >= start]
    return _first(call, found, default=LARGEST_PAGE)


def paged(call: Call, name: str, items: Sequence[object]) -> Json:
    """Return one page of `items` under `name`, with the next cursor, "" after the last page.

    Refuse with `invalid_cursor` or `invalid_limit`.
    """
    start = _start(call, "next")
    end = start + _limit(call, default=100, most=LARGEST_PAGE)
    cursor = _cursor("next", end) if end < len(items) else ""
    return {name: items[start:end], "response_metadata": {"next_cursor": cursor}}


def _first(call: Call, messages: list[Json], *, default: int) -> Json:
    """Return the first page of `messages` and the next cursor.

    The cursor names the next page's first message, so messages posted or deleted meanwhile do not shift it.
    """
    most = call.state.history_page
    end = _limit(call, default=min(default, most), most=most)
    cursor = _cursor("next_ts", _micros(messages[end]["ts"])) if end < len(messages) else ""
    page = messages[:end]
    return {
        "messages": page if call.flag("include_all_metadata") else [without_metadata(each) for each in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _limit(call: Call, *, default: int, most: int) -> int:
    limit = call.number("limit", default)
    if limit < 1:
        raise Refused("invalid_limit")
    return min(limit, most)


def _cursor(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def _start(call: Call, kind: str) -> int:
    """Return the position in the cursor, 0 without one. Refuse with `invalid_cursor`."""
    cursor = call.text("cursor")
    if not cursor:
        return 0
    try:
        found, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if found != kind:
            raise ValueError(cursor)
        return int(number)
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None


def _between(call: Call, messages: list[Json]) -> list[Json]:
    """Return messages after `oldest` and before `latest`; both are exclusive unless `inclusive`."""
    oldest, latest = _instant(call, "oldest"), _instant(call, "latest")
    margin = 1 if call.flag("inclusive") else 0
    return [
        each
        for each in messages
        if (oldest is None or oldest - margin < _micros(each["ts"]))
        and (latest is None or _micros(each["ts"]) < latest + margin)
    ]


def _instant(call: Call, name: str) -> int | None:
    value = call.text(name)
    if value in ("", "0"):
        return None
    try:
        return _micros(value)
    except ValueError:
        raise Refused(f"invalid_ts_{name}") from None


def _micros(ts: str) -> int:
    # Integers: a float cannot represent today's epoch microseconds exactly.
    whole, _, fraction = ts.partition(".")
    return int(whole) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
