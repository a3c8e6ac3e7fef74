"""Perform channel actions of users: create, join, leave, rename, archive, with their notices and events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.playground.slack.events import EventPublisher, FirstAttempts
from bot.playground.slack.records import ImpossibleActionError
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel, User

_SLACKBOT = "USLACKBOT"
_CREATED = {
    "is_channel": True, "is_shared": False, "is_org_shared": False, "is_archived": False, "is_frozen": False,
    "is_general": False, "is_group": False, "is_private": False, "is_ext_shared": False, "is_im": False,
    "is_mpim": False, "is_pending_ext_shared": False,
}  # fmt: skip


class ChannelActions:
    """Actions of users on channels. Raise ImpossibleActionError for what no user could do.

    An app outside a public channel still receives its creation, renaming and archiving.
    """

    def __init__(self, *, state: State, publisher: EventPublisher) -> None:
        self._state = state
        self._workspace = state.workspace
        self._publisher = publisher

    async def create(
        self, user_id: str, name: str, *, id: str = "", private: bool = False, members: Iterable[str] = ()
    ) -> str:
        """Create a channel with its creator and `members`, but without the app; return its id."""
        user = self._workspace.user(user_id)
        self._free(name)
        channel = self._workspace.add_channel(
            name, id=id, private=private, members={user.id, *members}, bot=False, creator=user.id
        )
        shown = _CREATED | {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created, "creator": user.id,
            "context_team_id": self._state.identity.team_id,
        }  # fmt: skip
        await asyncio.gather(*self._publisher.announce(channel, "channel_created", channel=shown))
        return channel.id

    async def join(self, user_id: str, channel_id: str) -> None:
        """Join a public channel."""
        user, channel = self._workspace.active(user_id, channel_id)
        if channel.private:
            raise ImpossibleActionError(f"{channel.name} is private: a member has to invite {user.name}")
        await asyncio.gather(*self.enter(user, channel))

    async def invite(self, user_id: str, channel_id: str, invited_id: str = "") -> None:
        """Invite another user; by default, the app."""
        user, channel = self._active_member(user_id, channel_id)
        await asyncio.gather(*self.enter(self._user_or_app(invited_id), channel, inviter=user.id))

    async def leave(self, user_id: str, channel_id: str) -> None:
        """Leave a channel."""
        user, channel = self._active_member(user_id, channel_id)
        await asyncio.gather(*self._exit(user, channel, by=user))

    async def remove(self, user_id: str, channel_id: str, removed_id: str = "") -> None:
        """Remove another user from a channel; by default, the app."""
        user, channel = self._active_member(user_id, channel_id)
        removed, _ = self._workspace.present(self._user_or_app(removed_id).id, channel_id)
        await asyncio.gather(*self._exit(removed, channel, by=user))

    async def rename(self, user_id: str, channel_id: str, name: str) -> None:
        """Rename a channel."""
        user, channel = self._active_member(user_id, channel_id)
        self._free(name)
        before, channel.name = channel.name, name
        self._workspace.changed()
        text = f'has renamed the channel from "{before}" to "{name}"'
        attempts = self._notice(user, channel, "channel_name", text, old_name=before, name=name)
        shown = {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created,
            "is_channel": not channel.private, "is_mpim": False,
        }  # fmt: skip
        attempts += self._publisher.announce(channel, f"{channel.type}_rename", channel=shown)
        await asyncio.gather(*attempts)

    async def archive(self, user_id: str, channel_id: str) -> None:
        """Archive a channel. Apps are removed from it and cannot read it any more."""
        user, channel = self._active_member(user_id, channel_id)
        attempts = self._notice(user, channel, "channel_archive", "archived the channel")
        attempts += self._publisher.announce(
            channel, f"{channel.type}_archive", channel=channel.id, user=user.id, is_moved=0
        )
        channel.archived = True
        channel.members.discard(self._state.identity.bot_user_id)
        self._workspace.changed()
        await asyncio.gather(*attempts)

    async def unarchive(self, user_id: str, channel_id: str) -> None:
        """Unarchive a channel. The app has to be invited again."""
        user, channel = self._workspace.user(user_id), self._workspace.channel(channel_id)
        if not channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is not archived")
        channel.archived = False
        self._workspace.changed()
        who = {"actor_id" if channel.private else "user": user.id}
        attempts = self._notice(user, channel, "channel_unarchive", "un-archived the channel")
        attempts += self._publisher.announce(channel, f"{channel.type}_unarchive", channel=channel.id, **who)
        await asyncio.gather(*attempts)

    def enter(self, user: User, channel: Channel, *, inviter: str = "") -> FirstAttempts:
        """Add a user to the channel. Raise ImpossibleActionError if they are a member already."""
        if self._workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is already in {channel.name}")
        channel.members.add(user.id)
        self._workspace.changed()
        invited = {"inviter": inviter} if inviter else {}
        attempts = self._notice(user, channel, "channel_join", "has joined the channel", **invited)
        return attempts + self._moved(user, channel, "member_joined_channel", **invited)

    def _exit(self, user: User, channel: Channel, *, by: User) -> FirstAttempts:
        attempts: FirstAttempts = []
        bot = self._state.identity.bot_user_id
        if user.id == bot:
            # A removed app gets this event instead of `member_left_channel`.
            attempts += self._publisher.event(channel, f"{channel.type}_left", channel=channel.id, actor_id=by.id)
        if channel.everyone:
            present = {bot} if self._workspace.has_bot(channel) else set()
            channel.members, channel.everyone = present | set(self._workspace.member_ids(channel)), False
        channel.members.discard(user.id)
        self._workspace.changed()
        if user.id == bot:
            return attempts + self._notify_removed(channel, by=by)
        attempts += self._notice(user, channel, "channel_leave", "has left the channel")
        return attempts + self._moved(user, channel, "member_left_channel")

    def _notify_removed(self, channel: Channel, *, by: User) -> FirstAttempts:
        """Send the app Slackbot's direct message about its removal, as a user gets it."""
        direct = self._workspace.im(_SLACKBOT, name="slackbot")
        text = f"You have been removed from #{channel.name} by <@{by.id}>"
        message = {"user": _SLACKBOT, "text": text, "team": self._state.identity.team_id}
        _, attempts = self._publisher.post(direct, message)
        return attempts

    def _notice(self, user: User, channel: Channel, subtype: str, text: str, **more: str) -> FirstAttempts:
        """Post Slack's notice about the change in the channel."""
        message = {"subtype": subtype, "user": user.id, "text": f"<@{user.id}> {text}", "team": self._team(user)}
        _, attempts = self._publisher.post(channel, message | more)
        return attempts

    def _moved(self, user: User, channel: Channel, kind: str, **more: str) -> FirstAttempts:
        return self._publisher.event(
            channel, kind, user=user.id, channel=channel.id, channel_type="C", team=self._team(user), **more
        )

    def _team(self, user: User) -> str:
        return self._state.identity.team_of(foreign=user.foreign)

    def _active_member(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        self._workspace.active(user_id, channel_id)
        return self._workspace.present(user_id, channel_id)

    def _user_or_app(self, user_id: str) -> User:
        return self._workspace.user(user_id or self._state.identity.bot_user_id)

    def _free(self, name: str) -> None:
        taken = next((each for each in self._workspace.channels.values() if each.name == name), None)
        if taken is not None and not taken.im_with:
            raise ImpossibleActionError(f"#{name} already exists: {taken.id}")
