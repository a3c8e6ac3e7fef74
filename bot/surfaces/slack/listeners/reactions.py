"""Take in reactions: a pin puts a message on the timeline of its incident channel, removing it takes it off."""

from __future__ import annotations

from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.slack.client import Identity
from bot.surfaces.slack.timeline_pins import TimelinePins

EVENTS: Final = ("reaction_added", "reaction_removed")


def register(app: AsyncApp, timeline_pins: TimelinePins, identity: Identity) -> None:
    """Listen to reactions added and removed."""

    async def reacted(event: dict[str, Any], body: dict[str, Any]) -> None:
        await timeline_pins.reacted(event, team=str(body.get("team_id") or identity.team))

    for event in EVENTS:
        app.event(event)(reacted)
