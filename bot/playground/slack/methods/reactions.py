"""Implement reactions.*: the app's own reactions."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json

REACTIONS: Table = {}


@method(REACTIONS, "reactions.add", Tier.THREE, scope="reactions:write")
def add(context: MethodContext, given: Arguments) -> Json:
    """Add a reaction."""
    channel = context.state.workspace.find_open(given.required("channel"))
    name, ts = given.required("name").strip(":"), given.required("timestamp")
    context.marks.add_reaction(context.state.identity.bot_user_id, channel, ts, name)
    return {}


@method(REACTIONS, "reactions.remove", Tier.TWO, scope="reactions:write")
def remove(context: MethodContext, given: Arguments) -> Json:
    """Remove a reaction."""
    channel = context.state.workspace.find_open(given.required("channel"))
    name, ts = given.required("name").strip(":"), given.required("timestamp")
    context.marks.remove_reaction(context.state.identity.bot_user_id, channel, ts, name)
    return {}
