"""conversations.*: what stands in a channel, who is in it, where the bot is."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.envelopes import without_metadata
from bot.playground.slack.methods.chat import open_im
from bot.playground.slack.methods.desk import Desk, Table, method
from bot.playground.slack.pace import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.workspace import channel_json
from bot.playground.slack.wrong import Refused, invalid

CONVERSATIONS: Table = {}

Item = TypeVar("Item")

_LARGEST_PAGE = 999
_TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im"}


@method(CONVERSATIONS, "conversations.info", Tier.THREE)
def info(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find(given.required("channel"))
    shown = channel_json(channel, workspace=desk.state.workspace)
    if not given.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown | ({"locale": "en-US"} if given.flag("include_locale") else {})}


@method(CONVERSATIONS, "conversations.list", Tier.TWO)
def list_all(desk: Desk, given: Arguments) -> Json:
    workspace = desk.state.workspace
    wanted = {each.strip() for each in given.text("types", "public_channel").split(",")}
    found = [
        channel_json(each, workspace=workspace)
        for each in workspace.channels.values()
        if _TYPES[each.type] in wanted
        and (not each.private or workspace.has_bot(each))
        and not (each.archived and given.flag("exclude_archived"))
    ]
    page, cursor = paged(found, given, default=100)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


@method(CONVERSATIONS, "conversations.members", Tier.FOUR)
def members(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find(given.required("channel"))
    page, cursor = paged(desk.state.workspace.member_ids(channel), given, default=100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method(CONVERSATIONS, "conversations.open", Tier.THREE)
def open_direct(desk: Desk, given: Arguments) -> Json:
    users = [each for each in given.text("users").split(",") if each]
    if len(users) != 1:
        raise invalid("exactly one user, group messages are not simulated [json-pointer:/users]")
    channel = open_im(desk, users[0])
    shown = channel_json(channel, workspace=desk.state.workspace) if given.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


@method(CONVERSATIONS, "conversations.join", Tier.THREE)
def join(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find(given.required("channel"))
    if channel.archived:
        raise Refused("is_archived")
    if channel.type != "channel":
        raise Refused("method_not_supported_for_channel_type")
    channel.members.add(desk.state.identity.bot_user_id)
    desk.state.tell_places()
    return {"channel": channel_json(channel, workspace=desk.state.workspace)}


@method(CONVERSATIONS, "conversations.history", Tier.THREE)
def history(desk: Desk, given: Arguments) -> Json:
    """The channel's own messages, newest first."""
    channel = desk.state.workspace.find_joined(given.required("channel"))
    messages = [
        each
        for each in desk.state.messages.all(channel.id)
        if each.get("thread_ts", each["ts"]) == each["ts"] or each.get("subtype") == "thread_broadcast"
    ]
    page, cursor = paged(_between(messages, given)[::-1], given, default=100)
    return {
        "messages": [_shown(each, given) for each in page],
        "has_more": bool(cursor),
        "pin_count": 0,
        "response_metadata": {"next_cursor": cursor},
    }


@method(CONVERSATIONS, "conversations.replies", Tier.THREE)
def replies(desk: Desk, given: Arguments) -> Json:
    """The parent and its replies, oldest first."""
    channel = desk.state.workspace.find_joined(given.required("channel"))
    ts = given.required("ts")
    parent = desk.state.messages.get(channel.id, ts)
    under = desk.state.messages.replies(channel.id, ts)
    if parent is None and not under:
        raise Refused("thread_not_found")
    # The parent heads the thread whatever window is asked for.
    found = ([parent] if parent else []) + _between(under, given)
    page, cursor = paged(found, given, default=_LARGEST_PAGE)
    return {
        "messages": [_shown(each, given) for each in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def paged(items: list[Item], given: Arguments, *, default: int) -> tuple[list[Item], str]:
    """One page of `items` and the cursor of the next, "" for the last. Refused `invalid_cursor`, `invalid_limit`."""
    limit = given.number("limit", default)
    if limit < 1:
        raise Refused("invalid_limit")
    start = _start(given.text("cursor"))
    end = start + min(limit, _LARGEST_PAGE)
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], following


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        kind, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if kind != "next":
            raise ValueError(cursor)
        return int(number)
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None


def _between(messages: list[Json], given: Arguments) -> list[Json]:
    """Those later than `oldest` and earlier than `latest`, both exclusive unless `inclusive`."""
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
    # Exact: a float cannot tell neighbouring microseconds of our time apart for sure.
    whole, _, fraction = ts.partition(".")
    return int(whole) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _shown(message: Json, given: Arguments) -> Json:
    return message if given.flag("include_all_metadata") else without_metadata(message)
