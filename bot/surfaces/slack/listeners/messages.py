"""Listen to messages: pastes, mentions, direct messages, edits and deletions."""

from __future__ import annotations

from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.slack.client import Identity
from bot.slack.message_events import read_event
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.message_intake import MessageIntake

# Every subscribed event has a listener: in Socket Mode an event without one is never acknowledged.
EVENTS: Final = ("message", "app_mention")


def register(app: AsyncApp, intake: MessageIntake, recorder: ChannelRecorder, identity: Identity) -> None:
    """Register the listeners of messages and mentions: facts are recorded first, then requests are created."""

    async def on_message(event: dict[str, Any], body: dict[str, Any]) -> None:
        team = str(body.get("team_id") or identity.team)
        await recorder.message_arrived(event, team=team)
        await intake.take(read_event(event, team=team, us=identity.user, our_bot=identity.bot_id))

    for event in EVENTS:
        app.event(event)(on_message)
