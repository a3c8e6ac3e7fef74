"""Change channels of a simulated Slack as users do: create, join, leave, rename, archive, with notices and events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.playground.slack import ImpossibleActionError, SimulatedSlack
from bot.playground.slack.channel_actions import ChannelActions
from bot.playground.slack.events import FirstAttempts
from bot.playground.slack.workspace import Channel, User

_SLACKBOT = "USLACKBOT"
_CREATED = {
    "is_channel": True, "is_shared": False, "is_org_shared": False, "is_archived": False, "is_frozen": False,
    "is_general": False, "is_group": False, "is_private": False, "is_ext_shared": False, "is_im": False,
    "is_mpim": False, "is_pending_ext_shared": False,
}  # fmt: skip


def channels_of(slack: SimulatedSlack) -> ChannelChanges:
    """Return what users can do with the channels of a workspace."""
    return ChannelChanges(state=slack.state, publisher=slack.publisher)


class ChannelChanges(ChannelActions):
    """Actions of users on channels. Raise ImpossibleActionError for what no user could do.

    An app outside a public channel still receives its creation, renaming and archiving.
    """

    async def create(
        self, user_id: str, name: str, *, id: str = "", private: bool = False, members: Iterable[str] = ()
    ) -> str:
        """Create a channel with its creator and `members`, but without the app; return its id."""
        user = self.workspace.user(user_id)
        self._free(name)
        channel = self.workspace.add_channel(
            name, id=id, private=private, members={user.id, *members}, bot=False, creator=user.id
        )
        shown = _CREATED | {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created, "creator": user.id,
            "context_team_id": self.state.identity.team_id,
        }  # fmt: skip
        await asyncio.gather(*self.publisher.announce(channel, "channel_created", channel=shown))
        return channel.id

    async def join(self, user_id: str, channel_id: str) -> None:
        """Join a public channel."""
        user, channel = self.workspace.active(user_id, channel_id)
        if channel.private:
            raise ImpossibleActionError(f"{channel.name} is private: a member has to invite {user.name}")
        await asyncio.gather(*self.enter(user, channel))

    async def leave(self, user_id: str, channel_id: str) -> None:
        """Leave a channel."""
        user, channel = self.active_member(user_id, channel_id)
        await asyncio.gather(*self._exit(user, channel, by=user))

    async def remove(self, user_id: str, channel_id: str, removed_id: str = "") -> None:
        """Remove another user from a channel; by default, the app."""
        user, channel = self.active_member(user_id, channel_id)
        removed, _ = self.workspace.present(self.user_or_app(removed_id).id, channel_id)
        await asyncio.gather(*self._exit(removed, channel, by=user))

    async def rename(self, user_id: str, channel_id: str, name: str) -> None:
        """Rename a channel."""
        user, channel = self.active_member(user_id, channel_id)
        self._free(name)
        before, channel.name = channel.name, name
        self.workspace.changed()
        text = f'has renamed the channel from "{before}" to "{name}"'
        attempts = self.notice(user, channel, "channel_name", text, old_name=before, name=name)
        shown = {
            "id": channel.id, "name": name, "name_normalized": name, "created": channel.created,
            "is_channel": not channel.private, "is_mpim": False,
        }  # fmt: skip
        attempts += self.publisher.announce(channel, f"{channel.type}_rename", channel=shown)
        await asyncio.gather(*attempts)

    async def archive(self, user_id: str, channel_id: str) -> None:
        """Archive a channel. Apps are removed from it and cannot read it any more."""
        user, channel = self.active_member(user_id, channel_id)
        attempts = self.notice(user, channel, "channel_archive", "archived the channel")
        attempts += self.publisher.announce(
            channel, f"{channel.type}_archive", channel=channel.id, user=user.id, is_moved=0
        )
        channel.archived = True
        channel.members.discard(self.state.identity.bot_user_id)
        self.workspace.changed()
        await asyncio.gather(*attempts)

    async def unarchive(self, user_id: str, channel_id: str) -> None:
        """Unarchive a channel. The app has to be invited again."""
        user, channel = self.workspace.user(user_id), self.workspace.channel(channel_id)
        if not channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is not archived")
        channel.archived = False
        self.workspace.changed()
        who = {"actor_id" if channel.private else "user": user.id}
        attempts = self.notice(user, channel, "channel_unarchive", "un-archived the channel")
        attempts += self.publisher.announce(channel, f"{channel.type}_unarchive", channel=channel.id, **who)
        await asyncio.gather(*attempts)

    def _exit(self, user: User, channel: Channel, *, by: User) -> FirstAttempts:
        attempts: FirstAttempts = []
        bot = self.state.identity.bot_user_id
        if user.id == bot:
            # A removed app gets this event instead of `member_left_channel`.
            attempts += self.publisher.event(channel, f"{channel.type}_left", channel=channel.id, actor_id=by.id)
        if channel.everyone:
            present = {bot} if self.workspace.has_bot(channel) else set()
            channel.members, channel.everyone = present | set(self.workspace.member_ids(channel)), False
        channel.members.discard(user.id)
        self.workspace.changed()
        if user.id == bot:
            return attempts + self._notify_removed(channel, by=by)
        attempts += self.notice(user, channel, "channel_leave", "has left the channel")
        return attempts + self.moved(user, channel, "member_left_channel")

    def _notify_removed(self, channel: Channel, *, by: User) -> FirstAttempts:
        """Send the app Slackbot's direct message about its removal, as a user gets it."""
        direct = self.workspace.im(_SLACKBOT, name="slackbot")
        text = f"You have been removed from #{channel.name} by <@{by.id}>"
        message = {"user": _SLACKBOT, "text": text, "team": self.state.identity.team_id}
        _, attempts = self.publisher.post(direct, message)
        return attempts

    def _free(self, name: str) -> None:
        taken = next((each for each in self.workspace.channels.values() if each.name == name), None)
        if taken is not None and not taken.im_with:
            raise ImpossibleActionError(f"#{name} already exists: {taken.id}")
