"""reactions.*: the app's own emoji on messages."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.methods.desk import Desk, Table, method
from bot.playground.slack.pace import Tier
from bot.playground.slack.records import Json

REACTIONS: Table = {}


@method(REACTIONS, "reactions.add", Tier.THREE, scope="reactions:write")
def add(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find_open(given.required("channel"))
    name, ts = given.required("name").strip(":"), given.required("timestamp")
    desk.marks.add_reaction(desk.state.identity.bot_user_id, channel, ts, name)
    return {}


@method(REACTIONS, "reactions.remove", Tier.TWO, scope="reactions:write")
def remove(desk: Desk, given: Arguments) -> Json:
    channel = desk.state.workspace.find_open(given.required("channel"))
    name, ts = given.required("name").strip(":"), given.required("timestamp")
    desk.marks.remove_reaction(desk.state.identity.bot_user_id, channel, ts, name)
    return {}
