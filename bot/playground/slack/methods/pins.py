"""Implement pins.*: the pinned messages of a channel."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.errors import Refused
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json

PINS: Table = {}


@method(PINS, "pins.add", Tier.TWO, scope="pins:write")
def add(context: MethodContext, given: Arguments) -> Json:
    """Pin a message."""
    channel = context.state.workspace.find_open(given.required("channel"))
    context.marks.add_pin(context.state.identity.bot_user_id, channel, _timestamp(given))
    return {}


@method(PINS, "pins.remove", Tier.TWO, scope="pins:write")
def remove(context: MethodContext, given: Arguments) -> Json:
    """Unpin a message."""
    channel = context.state.workspace.find_open(given.required("channel"))
    context.marks.remove_pin(context.state.identity.bot_user_id, channel, _timestamp(given))
    return {}


@method(PINS, "pins.list", Tier.TWO, scope="pins:read")
def list_all(context: MethodContext, given: Arguments) -> Json:
    """Return the pinned messages."""
    return {"items": context.marks.pinned(context.state.workspace.find_joined(given.required("channel")))}


def _timestamp(given: Arguments) -> str:
    """Return the message timestamp. Refuse with `no_item_specified` or `bad_timestamp`."""
    if not (ts := given.text("timestamp")):
        raise Refused("no_item_specified")
    whole, dot, fraction = ts.partition(".")
    if not (dot and whole.isdigit() and fraction.isdigit()):
        raise Refused("bad_timestamp")
    return ts
