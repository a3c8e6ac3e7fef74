"""Build events as Slack wraps them for the app, and the event of each change of a message."""

from __future__ import annotations

from bot.playground.slack.copies import copied
from bot.playground.slack.records import Json
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel

CHANNEL_EVENTS = (
    "channel_archive", "channel_created", "channel_left", "channel_rename", "channel_unarchive", "group_archive",
    "group_left", "group_rename", "group_unarchive", "member_joined_channel", "member_left_channel", "pin_added",
    "pin_removed", "reaction_added", "reaction_removed",
)  # fmt: skip
"""Event types of a channel other than messages, for the `events` of an app that subscribes to them."""


class Envelopes:
    """Builds event envelopes, each with its own event_id."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._made = 0

    def wrap(self, event: Json, *, channel: Channel | None = None) -> Json:
        """Return the `event_callback` for one event."""
        self._made += 1
        identity = self._state.identity
        authorization = {
            "enterprise_id": None, "team_id": identity.team_id, "user_id": identity.bot_user_id, "is_bot": True,
            "is_enterprise_install": False,
        }  # fmt: skip
        return {
            "token": identity.verification_token,
            "team_id": identity.team_id,
            "context_team_id": identity.team_id,
            "context_enterprise_id": None,
            "api_app_id": identity.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{self._made:09d}",
            "event_time": int(self._state.clock()),
            "authorizations": [authorization],
            "is_ext_shared_channel": channel is not None and channel.external,
            "event_context": f"4-simulated-{self._made:09d}",
        }

    def posted(self, channel: Channel, message: Json) -> list[Json]:
        """Return the `message` event, plus `app_mention` if somebody mentions the bot outside a direct message."""
        event = without_metadata(message) | {
            "channel": channel.id, "event_ts": message["ts"], "channel_type": channel.type
        }  # fmt: skip
        envelopes = [self.wrap(event, channel=channel)]
        own = message.get("bot_id") == self._state.identity.bot_id
        mention = f"<@{self._state.identity.bot_user_id}"
        if mention in message.get("text", "") and not channel.im_with and not own:
            mentioned = {name: value for name, value in event.items() if name not in ("channel_type", "subtype")}
            envelopes.append(self.wrap(mentioned | {"type": "app_mention"}, channel=channel))
        return envelopes

    def changed(self, channel: Channel, *, before: Json, after: Json) -> list[Json]:
        """Return `message_changed`; a deleted message that has replies is reported the same way, as a tombstone."""
        ts = self._state.timestamps.next()
        event = {
            "type": "message", "subtype": "message_changed", "message": without_metadata(after),
            "previous_message": without_metadata(before), "channel": channel.id, "hidden": True, "ts": ts,
            "event_ts": ts, "channel_type": channel.type,
        }  # fmt: skip
        return [self.wrap(event, channel=channel)]

    def deleted(self, channel: Channel, *, message: Json) -> list[Json]:
        """Return `message_deleted`."""
        ts = self._state.timestamps.next()
        event = {
            "type": "message", "subtype": "message_deleted", "previous_message": without_metadata(message),
            "channel": channel.id, "hidden": True, "deleted_ts": message["ts"], "ts": ts, "event_ts": ts,
            "channel_type": channel.type,
        }  # fmt: skip
        return [self.wrap(event, channel=channel)]


def without_metadata(message: Json) -> Json:
    """Return a message as Slack shows it to callers that did not request metadata."""
    return {name: copied(value) for name, value in message.items() if name != "metadata"}
