"""Listen to messages: pastes, mentions, direct messages, edits and deletions.

Messages are most of what Slack sends, and most of them are chat: they are read without Bolt's middleware.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.slack.client import Identity
from bot.slack.message_events import read_event
from bot.surfaces.slack.arrivals import CountedApp
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.listeners import strangers
from bot.surfaces.slack.message_intake import MessageIntake
from bot.surfaces.slack.missed_events import MissedEvents

# Every subscribed event has a listener: in Socket Mode an event without one is never acknowledged.
EVENTS: Final = ("message", "app_mention")


def register(
    app: CountedApp,
    intake: MessageIntake,
    recorder: ChannelRecorder,
    identity: Identity,
    missed_events: MissedEvents,
) -> None:
    """Register the listeners of messages and mentions: facts are recorded first, then requests are created."""

    async def on_message(body: dict[str, Any]) -> None:
        if strangers.is_ignored(body, identity.team):
            return
        missed_events.note_event()
        event: dict[str, Any] = body["event"]
        if _is_ours(event, identity):
            return
        team = str(body.get("team_id") or identity.team)
        await recorder.message_arrived(event, team=team)
        await intake.take(read_event(event, team=team, us=identity.user, our_bot=identity.bot_id))

    for event in EVENTS:
        app.listen_directly(event, on_message)


def _is_ours(event: Mapping[str, Any], identity: Identity) -> bool:
    """Tell whether a message is our own, or the change of one."""
    if event.get("bot_id") == identity.bot_id:
        return True
    for message in (event, event.get("message"), event.get("previous_message")):
        if isinstance(message, Mapping) and message.get("user"):
            return bool(message["user"] == identity.user)
    return False
