"""Bring users and the app into a channel, with Slack's notices and events."""

from __future__ import annotations

import asyncio

from bot.playground.slack.events import EventPublisher, FirstAttempts
from bot.playground.slack.records import ImpossibleActionError
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel, User


class ChannelActions:
    """Actions of users on channels. Raise ImpossibleActionError for what no user could do."""

    def __init__(self, *, state: State, publisher: EventPublisher) -> None:
        self.state = state
        self.workspace = state.workspace
        self.publisher = publisher

    async def invite(self, user_id: str, channel_id: str, invited_id: str = "") -> None:
        """Invite another user; by default, the app."""
        user, channel = self.active_member(user_id, channel_id)
        await asyncio.gather(*self.enter(self.user_or_app(invited_id), channel, inviter=user.id))

    def enter(self, user: User, channel: Channel, *, inviter: str = "") -> FirstAttempts:
        """Add a user to the channel. Raise ImpossibleActionError if they are a member already."""
        if self.workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is already in {channel.name}")
        channel.members.add(user.id)
        self.workspace.changed()
        invited = {"inviter": inviter} if inviter else {}
        attempts = self.notice(user, channel, "channel_join", "has joined the channel", **invited)
        return attempts + self.moved(user, channel, "member_joined_channel", **invited)

    def notice(self, user: User, channel: Channel, subtype: str, text: str, **more: str) -> FirstAttempts:
        """Post Slack's notice about the change in the channel."""
        team = self.state.identity.team_of(foreign=user.foreign)
        message = {"subtype": subtype, "user": user.id, "text": f"<@{user.id}> {text}", "team": team}
        _, attempts = self.publisher.post(channel, message | more)
        return attempts

    def moved(self, user: User, channel: Channel, kind: str, **more: str) -> FirstAttempts:
        """Send the event about a user who joined or left."""
        team = self.state.identity.team_of(foreign=user.foreign)
        return self.publisher.event(
            channel, kind, user=user.id, channel=channel.id, channel_type="C", team=team, **more
        )

    def active_member(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        """Return a user and a channel that they are in and that is not archived."""
        self.workspace.active(user_id, channel_id)
        return self.workspace.present(user_id, channel_id)

    def user_or_app(self, user_id: str) -> User:
        """Return a user, or the app's without an id."""
        return self.workspace.user(user_id or self.state.identity.bot_user_id)
