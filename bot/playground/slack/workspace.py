"""Store users, user groups and channels of the simulated workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.playground.slack.records import Identity, ImpossibleActionError, Json, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, or the bot itself.

    `guest` is a multi-channel guest, `foreign` a user of another organisation. `confirmed`: the e-mail address is
    confirmed.
    """

    id: str
    name: str
    locale: str = "en-US"
    guest: bool = False
    foreign: bool = False
    email: str = ""
    confirmed: bool = True
    bot: bool = False
    deleted: bool = False
    utc_offset_s: int = 0


@dataclass(slots=True, kw_only=True)
class UserGroup:
    """A user group. `handle` is its name behind the @; `external` groups belong to another organisation."""

    id: str
    handle: str
    created: int
    members: list[str] = field(default_factory=list)
    external: bool = False
    disabled: bool = False


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, or a direct message with the bot (`im_with`). With `everyone`, all users are members."""

    id: str
    name: str
    created: int
    members: set[str] = field(default_factory=set)
    everyone: bool = False
    external: bool = False
    private: bool = False
    archived: bool = False
    im_with: str = ""
    creator: str = "U0CREATOR00"

    @property
    def type(self) -> str:
        """Return the type as events name it in `channel_type`."""
        return "im" if self.im_with else "group" if self.private else "channel"


class Workspace:
    """Users, channels and user groups by id. `changed` is called after each change of the users and channels."""

    def __init__(self, *, identity: Identity, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self.identity = identity
        self.changed = changed
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self._clock = clock
        bot = User(id=identity.bot_user_id, name=identity.bot_name, bot=True)
        self.users[bot.id] = bot

    def add_user(self, user: User) -> None:
        """Add a user. Raise ImpossibleActionError if the id is taken."""
        if user.id in self.users:
            raise ImpossibleActionError(f"user {user.id} already exists: {self.users[user.id].name}")
        self.users[user.id] = user
        self.changed()

    def add_channel(
        self, name: str, *, id: str = "", external: bool = False, private: bool = False, members: Iterable[str] = (),
        bot: bool = True, archived: bool = False, im_with: str = "", creator: str = "U0CREATOR00",
    ) -> Channel:  # fmt: skip
        """Add a channel; a public one without `members` has all users in it.

        Raise ImpossibleActionError if the id is taken.
        """
        channel_id = id or f"{'D' if im_with else 'C'}0{len(self.channels) + 1:09d}"
        if channel_id in self.channels:
            raise ImpossibleActionError(f"channel {channel_id} already exists: {self.channels[channel_id].name}")
        present = set(members)
        everyone = not present and not private and not im_with
        if bot:
            present.add(self.identity.bot_user_id)
        channel = Channel(
            id=channel_id, name=name, created=int(self._clock()), members=present, everyone=everyone,
            external=external, private=private, archived=archived, im_with=im_with, creator=creator,
        )  # fmt: skip
        self.channels[channel_id] = channel
        self.changed()
        return channel

    def im(self, user_id: str, *, name: str) -> Channel:
        """Return the direct message of the user and the bot. Create it under this name if needed."""
        found = next((each for each in self.channels.values() if each.im_with == user_id), None)
        return found or self.add_channel(name, members=(user_id,), im_with=user_id)

    def user(self, user_id: str) -> User:
        """Return a user. Raise ImpossibleActionError for an unknown one."""
        if user_id not in self.users:
            known = ", ".join(f"{each.id} ({each.name})" for each in self.users.values())
            raise ImpossibleActionError(f"unknown user {user_id!r}; known users: {known}")
        return self.users[user_id]

    def channel(self, channel_id: str) -> Channel:
        """Return a channel. Raise ImpossibleActionError for an unknown one."""
        if channel_id not in self.channels:
            known = ", ".join(f"{each.id} ({each.name})" for each in self.channels.values())
            raise ImpossibleActionError(f"unknown channel {channel_id!r}; known channels: {known or 'none'}")
        return self.channels[channel_id]

    def present(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        """Return a user and a channel that they are in. Raise ImpossibleActionError otherwise."""
        user, channel = self.user(user_id), self.channel(channel_id)
        if not self.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is not in {channel.name} ({channel.id})")
        return user, channel

    def active(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        """Return a user and a channel that is not archived. Raise ImpossibleActionError otherwise."""
        user, channel = self.user(user_id), self.channel(channel_id)
        if channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is archived")
        return user, channel

    def is_member(self, channel: Channel, user_id: str) -> bool:
        """Return whether a user is in the channel."""
        if user_id in channel.members:
            return True
        return channel.everyone and user_id != self.identity.bot_user_id and user_id in self.users

    def has_bot(self, channel: Channel) -> bool:
        """Return whether the bot is in the channel."""
        return self.identity.bot_user_id in channel.members

    def member_ids(self, channel: Channel) -> list[str]:
        """Return all members, sorted."""
        return sorted(user_id for user_id in self.users if self.is_member(channel, user_id))

    def find(self, reference: str) -> Channel:
        """Return the channel with this id or #name. Refuse with `channel_not_found` if the bot cannot see it."""
        name = reference.removeprefix("#")
        for channel in self.channels.values():
            if channel.id == reference or (channel.name == name and not channel.im_with):
                if channel.private and not self.has_bot(channel):
                    break
                return channel
        raise Refused("channel_not_found")

    def find_joined(self, reference: str) -> Channel:
        """Return a channel that the bot is in. Refuse as `find` does, and with `not_in_channel`."""
        channel = self.find(reference)
        if not self.has_bot(channel):
            raise Refused("not_in_channel")
        return channel

    def find_open(self, reference: str) -> Channel:
        """Return a channel that the bot may write to. Refuse as `find_joined` does, and with `is_archived`."""
        channel = self.find(reference)
        if channel.archived:
            raise Refused("is_archived")
        return self.find_joined(channel.id)

    def find_im(self, user_id: str) -> Channel:
        """Return the direct message of user and bot. Refuse with `user_not_found` or `cannot_dm_bot`."""
        if (user := self.users.get(user_id)) is None:
            raise Refused("user_not_found")
        if user.bot:
            raise Refused("cannot_dm_bot")
        return self.im(user.id, name=user.name)

    def find_to_post(self, reference: str) -> Channel:
        """Return a channel that the bot may write to; a user id opens a direct message."""
        return self.find_im(reference) if reference in self.users else self.find_open(reference)


def user_json(user: User, *, identity: Identity, locale: bool = False, email: bool = True) -> Json:
    """Return a user as `users.info` shows it; the address only with `email`."""
    shown: Json = {
        "id": user.id, "team_id": identity.team_of(foreign=user.foreign), "name": user.name, "deleted": user.deleted,
        "real_name": user.name, "tz": "Etc/UTC", "tz_offset": user.utc_offset_s,
        "profile": {"real_name": user.name, "display_name": user.name, "team": identity.team_id},
        "is_admin": False, "is_owner": False, "is_bot": user.bot, "is_app_user": False, "is_restricted": user.guest,
        "is_ultra_restricted": False, "updated": 0,
    }  # fmt: skip
    if email and user.email:
        shown["profile"] |= {"email": user.email}
        shown["is_email_confirmed"] = user.confirmed
    if identity.is_org and not user.foreign:
        shown["enterprise_user"] = {
            "id": user.id, "enterprise_id": identity.enterprise_id, "enterprise_name": identity.domain,
            "teams": [identity.team_id],
        }  # fmt: skip
    if user.foreign:
        shown["is_stranger"] = True
    if user.bot:
        shown["profile"] |= {"bot_id": identity.bot_id, "api_app_id": identity.app_id}
    return shown | ({"locale": user.locale} if locale else {})


def group_json(group: UserGroup, *, identity: Identity, users: bool) -> Json:
    """Return a user group as `usergroups.list` shows it, with its members if `users`."""
    shown: Json = {
        "id": group.id, "team_id": identity.team_id, "is_usergroup": True, "is_subteam": True, "name": group.handle,
        "description": "", "handle": group.handle, "is_external": group.external, "date_create": group.created,
        "date_update": group.created, "date_delete": group.created if group.disabled else 0, "auto_type": None,
        "prefs": {"channels": [], "groups": []}, "user_count": len(group.members),
    }  # fmt: skip
    return shown | ({"users": list(group.members)} if users else {})


def channel_json(channel: Channel, *, workspace: Workspace) -> Json:
    """Return a channel as `conversations.info` shows it."""
    if channel.im_with:
        return {
            "id": channel.id, "created": channel.created, "is_im": True, "is_org_shared": False,
            "user": channel.im_with, "is_archived": channel.archived, "is_user_deleted": False, "is_open": True,
        }  # fmt: skip
    return {
        "id": channel.id, "name": channel.name, "name_normalized": channel.name, "created": channel.created,
        "is_channel": not channel.private, "is_group": channel.private, "is_im": False, "is_mpim": False,
        "is_private": channel.private, "is_archived": channel.archived, "is_general": False,
        "is_member": workspace.has_bot(channel), "is_shared": channel.external, "is_ext_shared": channel.external,
        "is_org_shared": False, "creator": channel.creator, "unlinked": 0,
        "num_members": len(workspace.member_ids(channel)),
        "topic": {"value": "", "creator": "", "last_set": 0}, "purpose": {"value": "", "creator": "", "last_set": 0},
        "context_team_id": workspace.identity.team_id,
    }  # fmt: skip
