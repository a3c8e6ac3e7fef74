"""Lets the app hear what happens to messages: stores the change and starts the delivery of its events."""

from __future__ import annotations

import asyncio

from bot.playground.slack.envelopes import Envelopes
from bot.playground.slack.payload_sender import OutgoingPayload, PayloadSender
from bot.playground.slack.records import AppResponse, Json, PayloadKind
from bot.playground.slack.scopes import is_delivered
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel

_TOMBSTONE = {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}
_FORGOTTEN = (
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
    """Posts, changes and deletes messages, and returns the first delivery attempts, which go on by themselves."""

    def __init__(self, *, state: State, sender: PayloadSender, subscribed: frozenset[str]) -> None:
        self._state = state
        self._sender = sender
        self._subscribed = subscribed
        self.envelopes = Envelopes(state=state)

    def post(self, channel: Channel, message: Json) -> tuple[Json, FirstAttempts]:
        stored = self._state.messages.post(channel.id, message)
        return stored, self._send(channel, self.envelopes.posted(channel, stored))

    def change(
        self, channel: Channel, ts: str, fields: Json, *, remove: tuple[str, ...] = ()
    ) -> tuple[Json, FirstAttempts]:
        """KeyError if the message does not stand."""
        before = self._state.messages.get(channel.id, ts)
        if before is None:
            raise KeyError(ts)
        after = self._state.messages.change(channel.id, ts, fields, remove=remove)
        return after, self._send(channel, self.envelopes.changed(channel, before=before, after=after))

    def delete(self, channel: Channel, ts: str) -> FirstAttempts:
        """A message with replies leaves a tombstone, which goes with its last reply. KeyError if it does not stand."""
        if self._state.messages.has_replies(channel.id, ts):
            _, attempts = self.change(channel, ts, _TOMBSTONE, remove=_FORGOTTEN)
            return attempts
        gone = self._state.messages.delete(channel.id, ts)
        attempts = self._send(channel, self.envelopes.deleted(channel, gone=gone))
        parent = self._state.messages.get(channel.id, gone.get("thread_ts", ts))
        if parent and parent.get("subtype") == "tombstone" and not parent.get("reply_count"):
            attempts += self.delete(channel, parent["ts"])
        return attempts

    def event(self, channel: Channel, event: Json, *, everywhere: bool = False) -> FirstAttempts:
        """Any other event that happens in a channel; with `everywhere`, one that also those hear who are not in it."""
        heard = everywhere and not channel.private
        return self._send(channel, [self.envelopes.wrap(event, channel=channel)], heard=heard)

    def _send(self, channel: Channel, envelopes: list[Json], *, heard: bool = False) -> FirstAttempts:
        # An app hears only of the places it is in, and only what it subscribed to.
        if not heard and not self._state.workspace.has_bot(channel):
            return []
        return [
            self._sender.send(
                OutgoingPayload(kind=PayloadKind.EVENT, payload=envelope, event_id=envelope["event_id"]), retries=True
            )
            for envelope in envelopes
            if is_delivered(envelope["event"], channel, subscribed=self._subscribed, granted=self._state.scopes)
        ]
