"""Change messages and channels, and send the app the event of each change."""

from __future__ import annotations

import asyncio

from bot.playground.copies import copied
from bot.playground.slack.delivery import PayloadSender
from bot.playground.slack.records import AppResponse, Json, PayloadKind
from bot.playground.slack.scopes import EVENTS, is_delivered
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel

CHANNEL_EVENTS = tuple(each for each in EVENTS if each not in ("app_mention", "file_shared", "message"))
"""Event types of a channel other than messages, for the `events` of an app that subscribes to them."""

_TOMBSTONE = {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}
_REMOVED_FIELDS = (
    "blocks", "attachments", "files", "edited", "metadata", "bot_id", "app_id", "bot_profile", "client_msg_id",
    "pinned_to", "pinned_info", "reactions",
)  # fmt: skip

FirstAttempts = list[asyncio.Future[AppResponse]]


class EventPublisher:
    """Posts, changes and deletes messages, and starts the delivery of their events in the background.

    Each method returns the first delivery attempts, which a caller may await.
    """

    def __init__(self, *, state: State, sender: PayloadSender, subscribed: frozenset[str]) -> None:
        self._state = state
        self._sender = sender
        self._subscribed = subscribed
        self._made = 0

    def post(self, channel: Channel, message: Json) -> tuple[Json, FirstAttempts]:
        """Post a message; return it as stored, with the first delivery attempts.

        Outside a direct message, the app also gets an `app_mention` if somebody mentions the bot.
        """
        stored = self._state.messages.post(channel.id, message)
        event = without_metadata(stored) | {
            "channel": channel.id, "event_ts": stored["ts"], "channel_type": channel.type
        }  # fmt: skip
        events = [event]
        identity = self._state.identity
        own = stored.get("bot_id") == identity.bot_id
        if f"<@{identity.bot_user_id}" in stored.get("text", "") and not channel.im_with and not own:
            mentioned = {name: value for name, value in event.items() if name not in ("channel_type", "subtype")}
            events.append(mentioned | {"type": "app_mention"})
        return stored, self._send(channel, events)

    def change(
        self, channel: Channel, ts: str, fields: Json, *, remove: tuple[str, ...] = ()
    ) -> tuple[Json, FirstAttempts]:
        """Change fields of a message. Raise KeyError if it does not exist."""
        before = self._state.messages.get(channel.id, ts)
        if before is None:
            raise KeyError(ts)
        after = self._state.messages.change(channel.id, ts, fields, remove=remove)
        return after, self._edited(
            channel, "message_changed", message=without_metadata(after), previous_message=without_metadata(before)
        )

    def delete(self, channel: Channel, ts: str) -> FirstAttempts:
        """Delete a message. Raise KeyError if it does not exist.

        A message with replies becomes a tombstone, reported as `message_changed` and deleted with its last reply.
        """
        if self._state.messages.replies(channel.id, ts):
            _, attempts = self.change(channel, ts, _TOMBSTONE, remove=_REMOVED_FIELDS)
            return attempts
        deleted = self._state.messages.delete(channel.id, ts)
        attempts = self._edited(
            channel, "message_deleted", deleted_ts=ts, previous_message=without_metadata(deleted)
        )  # fmt: skip
        parent = self._state.messages.get(channel.id, deleted.get("thread_ts", ts))
        if parent and parent.get("subtype") == "tombstone" and not parent.get("reply_count"):
            attempts += self.delete(channel, parent["ts"])
        return attempts

    def event(self, channel: Channel, kind: str, /, **fields: object) -> FirstAttempts:
        """Send another event of a channel."""
        return self._send(channel, [self._dated(kind, fields)])

    def announce(self, channel: Channel, kind: str, /, **fields: object) -> FirstAttempts:
        """Send an event of a channel to apps outside a public channel too."""
        return self._send(channel, [self._dated(kind, fields)], outside=not channel.private)

    def tell(self, kind: str, /, **fields: object) -> FirstAttempts:
        """Send an event that belongs to no channel."""
        event = self._dated(kind, fields)
        return [self._sender.send(PayloadKind.EVENT, self._envelope(event, external=False))]

    def _dated(self, kind: str, fields: Json) -> Json:
        return {"type": kind, "event_ts": self._state.timestamps.next()} | fields

    def _edited(self, channel: Channel, subtype: str, /, **fields: object) -> FirstAttempts:
        ts = self._state.timestamps.next()
        event = {
            "type": "message", "subtype": subtype, "channel": channel.id, "hidden": True, "ts": ts, "event_ts": ts,
            "channel_type": channel.type,
        } | fields  # fmt: skip
        return self._send(channel, [event])

    def _send(self, channel: Channel, events: list[Json], *, outside: bool = False) -> FirstAttempts:
        # Slack sends an app only events of its own channels, and only those it subscribed to.
        if not outside and not self._state.workspace.has_bot(channel):
            return []
        return [
            self._sender.send(PayloadKind.EVENT, self._envelope(event, external=channel.external))
            for event in events
            if is_delivered(event, channel, subscribed=self._subscribed, granted=self._state.scopes)
        ]

    def _envelope(self, event: Json, *, external: bool) -> Json:
        self._made += 1
        identity = self._state.identity
        authorization = {
            "enterprise_id": identity.enterprise_id or None, "team_id": identity.team_id,
            "user_id": identity.bot_user_id, "is_bot": True, "is_enterprise_install": identity.is_org,
        }  # fmt: skip
        return {
            "token": identity.verification_token, "team_id": identity.team_id, "context_team_id": identity.team_id,
            "context_enterprise_id": identity.enterprise_id or None, "api_app_id": identity.app_id, "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{self._made:09d}", "event_time": int(self._state.clock()),
            "authorizations": [authorization], "is_ext_shared_channel": external,
            "event_context": f"4-simulated-{self._made:09d}",
        }  # fmt: skip


def without_metadata(message: Json) -> Json:
    """Return a message as Slack shows it to callers that did not request metadata."""
    return {name: copied(value) for name, value in message.items() if name != "metadata"}
