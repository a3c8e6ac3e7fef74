"""List the scopes that Slack requires for methods and events, taken from Slack's documentation, not from the app.

Some scopes depend on the kind of conversation, so a required scope may be a mapping from `Channel.type`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bot.playground.slack.records import Json
from bot.playground.slack.workspace import Channel

RequiredScope = str | Mapping[str, str]
"""A scope, "" for none, or the scope for each kind of conversation."""


_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def _by_kind(what: str) -> Mapping[str, str]:
    return MappingProxyType({kind: f"{name}:{what}" for kind, name in _KINDS.items()})


HISTORY: RequiredScope = _by_kind("history")
READ: RequiredScope = _by_kind("read")
MEMBERS: RequiredScope = MappingProxyType({"channel": "channels:read", "group": "groups:read"})

EVENTS: Mapping[str, RequiredScope] = {
    "app_mention": "app_mentions:read", "channel_archive": "channels:read", "channel_created": "channels:read",
    "channel_left": "channels:read", "channel_rename": "channels:read", "channel_unarchive": "channels:read",
    "file_shared": "files:read", "group_archive": "groups:read", "group_left": "groups:read",
    "group_rename": "groups:read", "group_unarchive": "groups:read", "member_joined_channel": MEMBERS,
    "member_left_channel": MEMBERS, "message": HISTORY, "pin_added": "pins:read", "pin_removed": "pins:read",
    "reaction_added": "reactions:read", "reaction_removed": "reactions:read",
}  # fmt: skip
"""The scope of each event type. Event types that are not listed need none."""

EVERY_SCOPE = frozenset({
    "app_mentions:read", "assistant:write", "canvases:write", "channels:history", "channels:join", "channels:read",
    "chat:write", "commands", "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read",
    "mpim:history", "mpim:read", "pins:read", "pins:write", "reactions:read", "reactions:write",
    "usergroups:read", "users:read", "users:read.email",
})  # fmt: skip
"""Every scope that a simulated method or event requires."""


def missing_scope(need: RequiredScope, channel: Channel | None, granted: Iterable[str]) -> str:
    """Return the required scope that was not granted, "" if none is missing. An unknown conversation needs none."""
    if isinstance(need, Mapping):
        need = need.get(channel.type, "") if channel else ""
    return "" if need in ("", *granted) else need


def is_delivered(event: Json, channel: Channel, *, subscribed: Iterable[str], granted: Iterable[str]) -> bool:
    """Return whether an app receives an event: granted, and subscribed as `message` or `message.channels`."""
    kind = event["type"]
    names = {kind, f"{kind}.{_KINDS[channel.type]}"} if kind == "message" else {kind}
    return not names.isdisjoint(subscribed) and not missing_scope(EVENTS.get(kind, ""), channel, granted)
