"""Add and remove reactions and pins, for users and for the app, and send their events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from bot.playground.slack.events import EventPublisher, FirstAttempts, without_metadata
from bot.playground.slack.messages import permalink
from bot.playground.slack.records import ImpossibleActionError, Json, Refused
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel

# Slack allows no more pins in a channel; the error code is not documented.
_MOST_PINS = 100
# Slack's own notices cannot be pinned.
_NOTICES = ("channel_join", "channel_leave", "channel_name", "channel_archive", "channel_unarchive", "tombstone")

Act = Callable[..., FirstAttempts]


class Marks:
    """Reactions and pins.

    `pin`, `unpin`, `react` and `unreact` are for users and raise ImpossibleActionError. They take the ids of user and
    channel, the ts and, for a reaction, its name without colons. The other methods serve the Web API and raise Refused.
    """

    def __init__(self, *, state: State, publisher: EventPublisher) -> None:
        self._state = state
        self._publisher = publisher
        self.react, self.unreact = partial(self._do, self.add_reaction), partial(self._do, self.remove_reaction)
        self.pin, self.unpin = partial(self._do, self.add_pin), partial(self._do, self.remove_pin)

    def add_pin(self, user: str, channel: Channel, ts: str) -> FirstAttempts:
        """Pin a message. Refuse with `message_not_found`, `not_pinnable`, `already_pinned` or `too_many_pins`."""
        message = self._state.messages.find(channel.id, ts)
        if message.get("subtype") in _NOTICES:
            raise Refused("not_pinnable")
        if message.get("pinned_to"):
            raise Refused("already_pinned")
        count = self._pins(channel)
        if count >= _MOST_PINS:
            raise Refused("too_many_pins")
        info = {"channel": channel.id, "pinned_by": user, "pinned_ts": int(self._state.clock())}
        message = self._state.messages.change(channel.id, ts, {"pinned_to": [channel.id], "pinned_info": info})
        return self._pin_event("pin_added", user, channel, message, pin_count=count + 1)

    def remove_pin(self, user: str, channel: Channel, ts: str) -> FirstAttempts:
        """Unpin a message. Refuse with `message_not_found` or `no_pin`."""
        message = self._state.messages.find(channel.id, ts)
        if not message.pop("pinned_to", None):
            raise Refused("no_pin")
        self._state.messages.change(channel.id, ts, {}, remove=("pinned_to", "pinned_info"))
        left = self._pins(channel)
        return self._pin_event("pin_removed", user, channel, message, pin_count=left, has_pins=left > 0)

    def add_reaction(self, user: str, channel: Channel, ts: str, name: str) -> FirstAttempts:
        """Add a reaction. Refuse with `message_not_found` or `already_reacted`."""
        message = self._state.messages.find(channel.id, ts)
        reactions = _users_by_reaction(message)
        if user in reactions.setdefault(name, []):
            raise Refused("already_reacted")
        reactions[name].append(user)
        return self._reacted("reaction_added", user, channel, message, name=name, reactions=reactions)

    def remove_reaction(self, user: str, channel: Channel, ts: str, name: str) -> FirstAttempts:
        """Remove a reaction. Refuse with `message_not_found` or `no_reaction`."""
        message = self._state.messages.find(channel.id, ts)
        reactions = _users_by_reaction(message)
        if user not in reactions.get(name, []):
            raise Refused("no_reaction")
        reactions[name].remove(user)
        return self._reacted("reaction_removed", user, channel, message, name=name, reactions=reactions)

    def _reacted(
        self, kind: str, user: str, channel: Channel, message: Json, *, name: str, reactions: dict[str, list[str]]
    ) -> FirstAttempts:
        left = [{"name": each, "users": users, "count": len(users)} for each, users in reactions.items() if users]
        removed = () if left else ("reactions",)
        self._state.messages.change(channel.id, message["ts"], {"reactions": left}, remove=removed)
        item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
        return self._publisher.event(channel, kind, user=user, reaction=name, item=item, **_author(message))

    def _pins(self, channel: Channel) -> int:
        return sum("pinned_to" in each for each in self._state.messages.all(channel.id))

    def _pin_event(self, kind: str, user: str, channel: Channel, message: Json, **counts: int) -> FirstAttempts:
        return self._publisher.event(
            channel, kind, user=user, channel_id=channel.id, item=self._item(channel, message),
            pinned_info=message["pinned_info"], **counts, **_author(message),
        )  # fmt: skip

    def _item(self, channel: Channel, message: Json) -> Json:
        info = message["pinned_info"]
        shown = without_metadata(message)
        del shown["pinned_info"]
        link = permalink(self._state.url, channel.id, message)
        return {
            "type": "message", "channel": channel.id, "created": info["pinned_ts"], "created_by": info["pinned_by"],
            "message": shown | {"permalink": link},
        }  # fmt: skip

    async def _do(self, act: Act, user_id: str, channel_id: str, *more: str) -> None:
        user, channel = self._state.workspace.present(user_id, channel_id)
        self._state.workspace.active(user_id, channel_id)
        try:
            attempts = act(user.id, channel, *more)
        except Refused as refused:
            raise ImpossibleActionError(f"{user.name} cannot do that: {refused.error}") from None
        await asyncio.gather(*attempts)


def _users_by_reaction(message: Json) -> dict[str, list[str]]:
    return {each["name"]: each["users"] for each in message.get("reactions", [])}


def _author(message: Json) -> Json:
    # A message without a user, such as an incoming webhook's, has no `item_user`.
    return {"item_user": message["user"]} if message.get("user") else {}
