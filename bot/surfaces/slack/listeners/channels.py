"""Listen to channel events: created, renamed, joined, archived."""

from __future__ import annotations

from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.slack.channel_events import read_channel_event
from bot.slack.client import Identity
from bot.surfaces.slack.channel_recorder import ChannelRecorder

EVENTS: Final = (
    "channel_archive",
    "channel_created",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_left",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
)


def register(app: AsyncApp, recorder: ChannelRecorder, identity: Identity) -> None:
    """Register the listeners of channel events."""

    async def happened(event: dict[str, Any], body: dict[str, Any]) -> None:
        change = read_channel_event(event, team=str(body.get("team_id") or identity.team))
        if change is not None:
            await recorder.channel_changed(change)

    for event in EVENTS:
        app.event(event)(happened)
