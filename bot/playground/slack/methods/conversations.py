"""Implement conversations.*: channels, members, history and replies."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.envelopes import without_metadata
from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.methods.chat import open_im
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.scopes import HISTORY, MEMBERS, READ
from bot.playground.slack.state import LARGEST_PAGE

CONVERSATIONS: Table = {}

Item = TypeVar("Item")

_TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im"}


@method(CONVERSATIONS, "conversations.info", Tier.THREE, scope=READ)
def info(context: MethodContext, given: Arguments) -> Json:
    """Return one channel."""
    channel = context.state.workspace.find(given.required("channel"))
    shown = context.state.channel(channel)
    if not given.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown | ({"locale": "en-US"} if given.flag("include_locale") else {})}


@method(CONVERSATIONS, "conversations.list", Tier.TWO, scope="channels:read")
def list_all(context: MethodContext, given: Arguments) -> Json:
    """Return one page of the channels that the bot can see."""
    workspace = context.state.workspace
    wanted = {each.strip() for each in given.text("types", "public_channel").split(",")}
    found = [
        context.state.channel(each)
        for each in workspace.channels.values()
        if _TYPES[each.type] in wanted
        and (not each.private or workspace.has_bot(each))
        and not (each.archived and given.flag("exclude_archived"))
    ]
    page, cursor = paged(found, given, default=100)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


@method(CONVERSATIONS, "users.conversations", Tier.THREE, scope=MEMBERS)
def list_joined(context: MethodContext, given: Arguments) -> Json:
    """Return one page of the channels that the bot is a member of."""
    workspace = context.state.workspace
    wanted = {each.strip() for each in given.text("types", "public_channel").split(",")}
    for each, needed in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if each in wanted and needed not in context.state.scopes:
            raise Refused("missing_scope", needed=needed, provided=",".join(sorted(context.state.scopes)))
    joined = [each for each in workspace.channels.values() if _TYPES[each.type] in wanted and workspace.has_bot(each)]
    page, cursor = paged([context.state.channel(each) for each in joined], given, default=100)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


@method(CONVERSATIONS, "conversations.members", Tier.FOUR, scope=READ)
def members(context: MethodContext, given: Arguments) -> Json:
    """Return one page of a channel's members."""
    channel = context.state.workspace.find(given.required("channel"))
    page, cursor = paged(context.state.workspace.member_ids(channel), given, default=100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method(CONVERSATIONS, "conversations.open", Tier.THREE, scope="im:write")
def open_direct(context: MethodContext, given: Arguments) -> Json:
    """Open the direct message with one user."""
    users = [each for each in given.text("users").split(",") if each]
    if len(users) != 1:
        raise invalid("exactly one user, group messages are not simulated [json-pointer:/users]")
    channel = open_im(context, users[0])
    shown = context.state.channel(channel) if given.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


@method(CONVERSATIONS, "conversations.join", Tier.THREE, scope="channels:join")
def join(context: MethodContext, given: Arguments) -> Json:
    """Join a public channel."""
    channel = context.state.workspace.find(given.required("channel"))
    if channel.archived:
        raise Refused("is_archived")
    if channel.type != "channel":
        raise Refused("method_not_supported_for_channel_type")
    if context.state.workspace.has_bot(channel):
        warning: Json = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": context.state.channel(channel)} | warning
    context.channel_actions.enter(context.state.workspace.user(context.state.identity.bot_user_id), channel)
    return {"channel": context.state.channel(channel)}


@method(CONVERSATIONS, "conversations.history", Tier.THREE, scope=HISTORY)
def history(context: MethodContext, given: Arguments) -> Json:
    """Return the channel's own messages, newest first."""
    channel = context.state.workspace.find_joined(given.required("channel"))
    messages = [
        each
        for each in context.state.messages.all(channel.id)
        if each.get("thread_ts", each["ts"]) == each["ts"] or each.get("subtype") == "thread_broadcast"
    ]
    window = _between(messages, given)[::-1]
    if start := _start(given, "next_ts"):
        window = [each for each in window if _micros(each["ts"]) <= start]
    page, cursor = _first(window, given, default=100, most=context.state.history_page)
    return {
        "messages": [_shown(each, given) for each in page],
        "has_more": bool(cursor),
        "pin_count": sum(bool(each.get("pinned_to")) for each in messages),
        "response_metadata": {"next_cursor": cursor},
    }


@method(CONVERSATIONS, "conversations.replies", Tier.THREE, scope=HISTORY)
def replies(context: MethodContext, given: Arguments) -> Json:
    """Return the parent and its replies, oldest first."""
    channel = context.state.workspace.find_joined(given.required("channel"))
    ts = given.required("ts")
    parent = context.state.messages.get(channel.id, ts)
    under = context.state.messages.replies(channel.id, ts)
    if parent is None and not under:
        raise Refused("thread_not_found")
    # Slack returns the parent first, even if it is outside the requested window.
    found = ([parent] if parent else []) + _between(under, given)
    if start := _start(given, "next_ts"):
        found = [each for each in found if _micros(each["ts"]) >= start]
    page, cursor = _first(found, given, default=LARGEST_PAGE, most=context.state.history_page)
    return {
        "messages": [_shown(each, given) for each in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def paged(items: list[Item], given: Arguments, *, default: int) -> tuple[list[Item], str]:
    """Return one page of `items` and the next cursor, "" after the last page.

    Refuse with `invalid_cursor` or `invalid_limit`.
    """
    start = _start(given, "next")
    end = start + _limit(given, default=default, most=LARGEST_PAGE)
    return items[start:end], _cursor("next", end) if end < len(items) else ""


def _first(messages: list[Json], given: Arguments, *, default: int, most: int) -> tuple[list[Json], str]:
    """Return the first page of `messages` and the next cursor.

    The cursor names the next page's first message, so messages posted or deleted meanwhile do not shift it.
    """
    end = _limit(given, default=min(default, most), most=most)
    following = _cursor("next_ts", _micros(messages[end]["ts"])) if end < len(messages) else ""
    return messages[:end], following


def _limit(given: Arguments, *, default: int, most: int) -> int:
    limit = given.number("limit", default)
    if limit < 1:
        raise Refused("invalid_limit")
    return min(limit, most)


def _cursor(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def _start(given: Arguments, kind: str) -> int:
    """Return the position in the cursor, 0 without one. Refuse with `invalid_cursor`."""
    cursor = given.text("cursor")
    if not cursor:
        return 0
    try:
        found, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if found != kind:
            raise ValueError(cursor)
        return int(number)
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None


def _between(messages: list[Json], given: Arguments) -> list[Json]:
    """Return messages after `oldest` and before `latest`; both are exclusive unless `inclusive`."""
    oldest, latest = _instant(given, "oldest"), _instant(given, "latest")
    inclusive = given.flag("inclusive")
    margin = 1 if inclusive else 0
    return [
        each
        for each in messages
        if (oldest is None or oldest - margin < _micros(each["ts"]))
        and (latest is None or _micros(each["ts"]) < latest + margin)
    ]


def _instant(given: Arguments, name: str) -> int | None:
    value = given.text(name)
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


def _shown(message: Json, given: Arguments) -> Json:
    return message if given.flag("include_all_metadata") else without_metadata(message)
