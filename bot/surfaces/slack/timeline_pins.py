"""Start the job that adds a message to the timeline of an incident channel, or removes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.jobs import StartJob
from bot.slack.client import Identity
from bot.slack.message_events import moment_of
from bot.store import Store
from bot.workflows.chronicle.facts import is_pin, pinned_fact
from bot.workflows.chronicle.incident_commands import thread_of
from bot.workflows.job_payloads import PinJob, TimelineMark


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePins:
    """Starts timeline jobs.

    All methods raise StoreUnavailable or JobsUnavailable; Slack must then not get an acknowledgement.
    """

    store: Store
    identity: Identity
    start: StartJob

    async def reacted(self, event: Mapping[str, Any], *, team: str) -> None:
        """Handle a `reaction_added` or `reaction_removed` event; ignore pins outside of incident channels."""
        item = event.get("item")
        user = str(event.get("user") or "")
        if not is_pin(event.get("reaction")) or user in ("", self.identity.user):
            return
        if not isinstance(item, Mapping) or item.get("type") != "message":
            return
        channel, ts, event_ts = str(item["channel"]), str(item["ts"]), str(event["event_ts"])
        known = await self.store.chronicles.get(channel)
        if known is None or not known.is_recorded:
            return
        mark = TimelineMark.PIN if event.get("type") == "reaction_added" else TimelineMark.UNPIN
        payload = PinJob(mark=mark, channel=channel, team=team, user=user, ts=ts, at=moment_of(event_ts))
        await self.start(f"{channel}.{ts}.{user}.{event_ts}", payload)

    async def chosen(self, mark: TimelineMark, body: Mapping[str, Any]) -> None:
        """Handle a message shortcut, whose payload contains the message."""
        message, channel = body["message"], str(body["channel"]["id"])
        team = str((body.get("team") or {}).get("id") or self.identity.team)
        payload = PinJob(
            mark=mark,
            channel=channel,
            team=team,
            user=str(body["user"]["id"]),
            ts=str(message["ts"]),
            at=moment_of(str(body["action_ts"])),
            chosen=True,
            fact=pinned_fact(message),
            response_url=str(body.get("response_url") or ""),
            thread_ts=thread_of(message),
        )
        await self.start(f"{channel}.s{body['trigger_id']}", payload)
