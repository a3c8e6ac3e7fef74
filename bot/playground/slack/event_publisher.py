"""Store changes of messages and send the app the events of each change."""

from __future__ import annotations

import asyncio

from bot.playground.slack.envelopes import Envelopes
from bot.playground.slack.payload_sender import OutgoingPayload, PayloadSender
from bot.playground.slack.records import AppResponse, Json, PayloadKind
from bot.playground.slack.scopes import is_delivered
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel

_TOMBSTONE = {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}
_REMOVED_FIELDS = (
    "blocks",
    "attachments",
    "files",
    "edited",
    "metadata",
    "bot_id",
    "app_id",
    "bot_profile",
    "client_msg_id",
    "pinned_to",
    "pinned_info",
    "reactions",
)

FirstAttempts = list[asyncio.Future[AppResponse]]


class EventPublisher:
    """Posts, changes and deletes messages, and starts the delivery of their events in the background.

    Each method returns the first delivery attempts, which a caller may await.
    """

    def __init__(self, *, state: State, sender: PayloadSender, subscribed: frozenset[str]) -> None:
        self._state = state
        self._sender = sender
        self._subscribed = subscribed
        self.envelopes = Envelopes(state=state)

    def post(self, channel: Channel, message: Json) -> tuple[Json, FirstAttempts]:
        """Post a message; return it as stored, with the first delivery attempts."""
        stored = self._state.messages.post(channel.id, message)
        return stored, self._send(channel, self.envelopes.posted(channel, stored))

    def change(
        self, channel: Channel, ts: str, fields: Json, *, remove: tuple[str, ...] = ()
    ) -> tuple[Json, FirstAttempts]:
        """Change fields of a message. Raise KeyError if it does not exist."""
        before = self._state.messages.get(channel.id, ts)
        if before is None:
            raise KeyError(ts)
        after = self._state.messages.change(channel.id, ts, fields, remove=remove)
        return after, self._send(channel, self.envelopes.changed(channel, before=before, after=after))

    def delete(self, channel: Channel, ts: str) -> FirstAttempts:
        """Delete a message. Raise KeyError if it does not exist.

        A message with replies becomes a tombstone, which is deleted with its last reply.
        """
        if self._state.messages.has_replies(channel.id, ts):
            _, attempts = self.change(channel, ts, _TOMBSTONE, remove=_REMOVED_FIELDS)
            return attempts
        deleted = self._state.messages.delete(channel.id, ts)
        attempts = self._send(channel, self.envelopes.deleted(channel, message=deleted))
        parent = self._state.messages.get(channel.id, deleted.get("thread_ts", ts))
        if parent and parent.get("subtype") == "tombstone" and not parent.get("reply_count"):
            attempts += self.delete(channel, parent["ts"])
        return attempts

    def event(self, channel: Channel, event: Json, *, everywhere: bool = False) -> FirstAttempts:
        """Send another event of a channel; with `everywhere`, to apps outside a public channel too."""
        outside = everywhere and not channel.private
        return self._send(channel, [self.envelopes.wrap(event, channel=channel)], outside=outside)

    def _send(self, channel: Channel, envelopes: list[Json], *, outside: bool = False) -> FirstAttempts:
        # Slack sends an app only events of its own channels, and only those it subscribed to.
        if not outside and not self._state.workspace.has_bot(channel):
            return []
        return [
            self._sender.send(
                OutgoingPayload(kind=PayloadKind.EVENT, payload=envelope, event_id=envelope["event_id"]), retries=True
            )
            for envelope in envelopes
            if is_delivered(envelope["event"], channel, subscribed=self._subscribed, granted=self._state.scopes)
        ]
