"""Parse channel events: created, renamed, joined, left, archived; and the pins that people add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class ChannelEventKind(StrEnum):
    """Kind of a channel event; the value is Slack's name of the event."""

    CREATED = "channel_created"
    RENAMED = "channel_rename"
    JOINED = "member_joined_channel"
    LEFT = "member_left_channel"
    ARCHIVED = "channel_archive"
    UNARCHIVED = "channel_unarchive"
    GONE = "channel_left"  # we were removed
    DELETED = "channel_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvent:
    """A channel event. `user` joined or did it, `inviter` invited them; `name` is set if the event contains it."""

    what: ChannelEventKind
    team: str
    channel: str
    at: datetime
    name: str = ""
    user: str = ""
    inviter: str = ""


def read_channel_event(event: Mapping[str, Any], *, team: str) -> ChannelEvent | None:
    """Parse a channel event; None for other events. Group events concern private channels and begin with group_."""
    kind = str(event.get("type") or "").replace("group_", "channel_", 1)
    raw = event.get("channel")
    channel = raw if isinstance(raw, Mapping) else {"id": raw}
    if kind not in set(ChannelEventKind) or not channel.get("id"):
        return None
    return ChannelEvent(
        what=ChannelEventKind(kind),
        team=team,
        channel=str(channel["id"]),
        at=moment_of(str(event.get("event_ts") or "")),
        name=str(channel.get("name") or ""),
        user=str(event.get("user") or channel.get("creator") or event.get("actor_id") or ""),
        inviter=str(event.get("inviter") or ""),
    )


def moment_of(ts: str) -> datetime:
    """Return when a message was written, from its ts; the minimum time for a malformed ts."""
    try:
        return datetime.fromtimestamp(float(ts or 0), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
