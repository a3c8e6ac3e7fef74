"""Perform channel actions of users: create, join, leave, rename, archive, with their notices and events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.playground.slack.errors import ImpossibleActionError
from bot.playground.slack.event_publisher import EventPublisher, FirstAttempts
from bot.playground.slack.records import Json
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
        self._publisher = publisher

    async def create(
        self, user_id: str, name: str, *, id: str = "", private: bool = False, members: Iterable[str] = ()
    ) -> str:
        """Create a channel with its creator and `members`, but without the app; return its id."""
        user = self._state.workspace.user(user_id)
        self._free(name)
        channel = self._state.workspace.add_channel(
            name, id=id, created=int(self._state.clock()), private=private, members={user.id, *members}, bot=False
        )
        channel.creator = user.id
        self._state.publish_directory()
        payload = _CREATED | {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created, "creator": user.id,
            "context_team_id": self._state.identity.team_id,
        }  # fmt: skip
        await self._all(
            self._publisher.event(channel, self._event("channel_created", channel=payload), everywhere=True)
        )
        return channel.id

    async def join(self, user_id: str, channel_id: str) -> None:
        """Join a public channel."""
        user, channel = self._find(user_id, channel_id)
        if channel.private:
            raise ImpossibleActionError(f"{channel.name} is private: a member has to invite {user.name}")
        await self._all(self.enter(user, channel))

    async def invite(self, user_id: str, channel_id: str, invited_id: str = "") -> None:
        """Invite another user; by default, the app."""
        user, channel = self._find(user_id, channel_id)
        self._must_be_in(user, channel)
        invited = self._state.workspace.user(invited_id or self._state.identity.bot_user_id)
        await self._all(self.enter(invited, channel, inviter=user.id))

    async def leave(self, user_id: str, channel_id: str) -> None:
        """Leave a channel."""
        user, channel = self._find(user_id, channel_id)
        await self._all(self._exit(user, channel, by=user))

    async def remove(self, user_id: str, channel_id: str, removed_id: str = "") -> None:
        """Remove another user from a channel; by default, the app."""
        user, channel = self._find(user_id, channel_id)
        self._must_be_in(user, channel)
        removed = self._state.workspace.user(removed_id or self._state.identity.bot_user_id)
        await self._all(self._exit(removed, channel, by=user))

    async def rename(self, user_id: str, channel_id: str, name: str) -> None:
        """Rename a channel."""
        user, channel = self._find(user_id, channel_id)
        self._must_be_in(user, channel)
        self._free(name)
        before, channel.name = channel.name, name
        self._state.publish_directory()
        text = f'has renamed the channel from "{before}" to "{name}"'
        attempts = self._notice(user, channel, "channel_name", text, old_name=before, name=name)
        payload = {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created,
            "is_channel": not channel.private, "is_mpim": False,
        }  # fmt: skip
        kind = "group_rename" if channel.private else "channel_rename"
        await self._all(attempts + self._publisher.event(channel, self._event(kind, channel=payload), everywhere=True))

    async def archive(self, user_id: str, channel_id: str) -> None:
        """Archive a channel. Apps are removed from it and cannot read it any more."""
        user, channel = self._find(user_id, channel_id)
        self._must_be_in(user, channel)
        attempts = self._notice(user, channel, "channel_archive", "archived the channel")
        kind = "group_archive" if channel.private else "channel_archive"
        payload = self._event(kind, channel=channel.id, user=user.id, is_moved=0)
        attempts += self._publisher.event(channel, payload, everywhere=True)
        channel.archived = True
        channel.members.discard(self._state.identity.bot_user_id)
        self._state.publish_directory()
        await self._all(attempts)

    async def unarchive(self, user_id: str, channel_id: str) -> None:
        """Unarchive a channel. The app has to be invited again."""
        user, channel = self._state.workspace.user(user_id), self._state.workspace.channel(channel_id)
        if not channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is not archived")
        channel.archived = False
        self._state.publish_directory()
        kind = "group_unarchive" if channel.private else "channel_unarchive"
        who = {"actor_id" if channel.private else "user": user.id}
        attempts = self._notice(user, channel, "channel_unarchive", "un-archived the channel")
        payload = self._event(kind, channel=channel.id, **who)
        await self._all(attempts + self._publisher.event(channel, payload, everywhere=True))

    def enter(self, user: User, channel: Channel, *, inviter: str = "") -> FirstAttempts:
        """Add a user to the channel. Raise ImpossibleActionError if they are a member already."""
        if self._state.workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is already in {channel.name}")
        channel.members.add(user.id)
        self._state.publish_directory()
        invited = {"inviter": inviter} if inviter else {}
        attempts = self._notice(user, channel, "channel_join", "has joined the channel", **invited)
        payload = self._event("member_joined_channel", user=user.id, channel=channel.id, channel_type="C")
        return attempts + self._publisher.event(channel, payload | {"team": self._team(user)} | invited)

    def _exit(self, user: User, channel: Channel, *, by: User) -> FirstAttempts:
        if not self._state.workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is not in {channel.name} ({channel.id})")
        attempts: FirstAttempts = []
        bot = self._state.identity.bot_user_id
        if user.id == bot:
            # A removed app gets this event instead of `member_left_channel`.
            kind = "group_left" if channel.private else "channel_left"
            attempts += self._publisher.event(channel, self._event(kind, channel=channel.id, actor_id=by.id))
        if channel.everyone:
            present = {bot} if self._state.workspace.has_bot(channel) else set()
            channel.members, channel.everyone = present | set(self._state.workspace.member_ids(channel)), False
        channel.members.discard(user.id)
        self._state.publish_directory()
        if user.id == bot:
            return attempts + self._notify_removed(channel, by=by)
        attempts += self._notice(user, channel, "channel_leave", "has left the channel")
        payload = self._event("member_left_channel", user=user.id, channel=channel.id, channel_type="C")
        return attempts + self._publisher.event(channel, payload | {"team": self._team(user)})

    def _notify_removed(self, channel: Channel, *, by: User) -> FirstAttempts:
        """Send the app Slackbot's direct message about its removal, as a user gets it."""
        workspace = self._state.workspace
        direct = workspace.im(_SLACKBOT)
        if direct is None:
            created = int(self._state.clock())
            direct = workspace.add_channel("slackbot", created=created, members=(_SLACKBOT,), im_with=_SLACKBOT)
        text = f"You have been removed from #{channel.name} by <@{by.id}>"
        team = self._state.identity.team_id
        _, attempts = self._publisher.post(direct, {"user": _SLACKBOT, "text": text, "team": team})
        return attempts

    def _notice(self, user: User, channel: Channel, subtype: str, text: str, **more: str) -> FirstAttempts:
        """Post Slack's notice about the change in the channel."""
        message = {"subtype": subtype, "user": user.id, "text": f"<@{user.id}> {text}", "team": self._team(user)}
        _, attempts = self._publisher.post(channel, message | more)
        return attempts

    def _event(self, kind: str, **more: object) -> Json:
        return {"type": kind} | more | {"event_ts": self._state.timestamps.next()}

    def _team(self, user: User) -> str:
        identity = self._state.identity
        return identity.foreign_team_id if user.foreign else identity.team_id

    def _find(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        user, channel = self._state.workspace.user(user_id), self._state.workspace.channel(channel_id)
        if channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is archived")
        return user, channel

    def _must_be_in(self, user: User, channel: Channel) -> None:
        if not self._state.workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is not in {channel.name} ({channel.id})")

    def _free(self, name: str) -> None:
        taken = next((each for each in self._state.workspace.channels.values() if each.name == name), None)
        if taken is not None and not taken.im_with:
            raise ImpossibleActionError(f"#{name} already exists: {taken.id}")

    async def _all(self, attempts: FirstAttempts) -> None:
        await asyncio.gather(*attempts)
