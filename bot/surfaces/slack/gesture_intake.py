"""Start the jobs of reactions and of the message shortcut that tell what a message of an incident channel is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.jobs import StartJob
from bot.slack.channel_messages import thread_of, words_of
from bot.slack.client import Identity
from bot.slack.message_events import moment_of
from bot.store import Store
from bot.surfaces.slack.press_payload import by_shortcut
from bot.workflows.chronicle.gestures import kind_of_reaction
from bot.workflows.incident_payloads import MarkDialogJob, MarkJob


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureIntake:
    """Starts the jobs of gestures.

    All methods raise StoreUnavailable or JobsUnavailable; Slack must then not get an acknowledgement.
    """

    store: Store
    identity: Identity
    start: StartJob

    async def reacted(self, event: Mapping[str, Any], *, team: str) -> None:
        """Handle a `reaction_added` or `reaction_removed` event; ignore those outside of incident channels."""
        item = event.get("item")
        user, what = str(event.get("user") or ""), kind_of_reaction(event.get("reaction"))
        if not what or user in ("", self.identity.user):
            return
        if not isinstance(item, Mapping) or item.get("type") != "message":
            return
        channel, ts, event_ts = str(item["channel"]), str(item["ts"]), str(event["event_ts"])
        known = await self.store.chronicles.get(channel)
        if known is None or not known.is_recorded:
            return
        payload = MarkJob(
            channel=channel,
            team=team,
            user=user,
            ts=ts,
            what=what,
            at=moment_of(event_ts),
            stands=event.get("type") == "reaction_added",
        )
        await self.start(f"{channel}.{ts}.{user}.{event_ts}", payload)

    async def chosen(self, body: Mapping[str, Any]) -> None:
        """Handle the message shortcut, whose payload contains the message."""
        message, by = body["message"], by_shortcut(body, home=self.identity.team)
        payload = MarkDialogJob(
            trigger=str(body["trigger_id"]),
            thread_ts=thread_of(message),
            ts=str(message["ts"]),
            text=words_of(message),
            **by,
        )
        await self.start(f"{by['channel']}.s{body['trigger_id']}", payload)
