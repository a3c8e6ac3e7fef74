"""pins.*: what stands at the head of a channel."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.methods.desk import Desk, Table, method
from bot.playground.slack.pace import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.wrong import Refused

PINS: Table = {}


@method(PINS, "pins.add", Tier.TWO, scope="pins:write")
def add(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find_open(given.required("channel"))
    desk.marks.add_pin(desk.state.identity.bot_user_id, channel, _timestamp(given))
    return {}


@method(PINS, "pins.remove", Tier.TWO, scope="pins:write")
def remove(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find_open(given.required("channel"))
    desk.marks.remove_pin(desk.state.identity.bot_user_id, channel, _timestamp(given))
    return {}


@method(PINS, "pins.list", Tier.TWO, scope="pins:read")
def list_all(desk: Desk, given: Arguments) -> Json:
    return {"items": desk.marks.pinned(desk.state.workspace.find_joined(given.required("channel")))}


def _timestamp(given: Arguments) -> str:
    """Refused `no_item_specified`, `bad_timestamp`."""
    if not (ts := given.text("timestamp")):
        raise Refused("no_item_specified")
    whole, dot, fraction = ts.partition(".")
    if not (dot and whole.isdigit() and fraction.isdigit()):
        raise Refused("bad_timestamp")
    return ts
