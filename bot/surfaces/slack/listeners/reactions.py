"""Handle reactions: a pin adds a message to the timeline of its incident channel, removing it takes the message off."""

from __future__ import annotations

from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.slack.client import Identity
from bot.surfaces.slack.timeline_pins import TimelinePins

EVENTS: Final = ("reaction_added", "reaction_removed")


def register(app: AsyncApp, timeline_pins: TimelinePins, identity: Identity) -> None:
    """Register the listeners of added and removed reactions."""

    async def reacted(event: dict[str, Any], body: dict[str, Any]) -> None:
        await timeline_pins.reacted(event, team=str(body.get("team_id") or identity.team))

    for event in EVENTS:
        app.event(event)(reacted)
