"""Read users and channels for the policy: guests, people of other organisations, shared channels.

Anything that Slack does not return (missing scope, no response) is `unknown`, and unknown gets least privilege: a guest
of another organisation, a channel that others read too.

A user who was removed from a group counts as a member for that minute. If Slack does not return the groups (missing
scope, no response), nobody is in any group.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.common.background import CoalescedLookup
from bot.slack.api import Api, SlackResponse
from bot.slack.directory import Ages, Directory, Source
from bot.slack.errors import MissingScope, SlackError, SlackUnavailable
from bot.slack.message_events import mapping_of, mappings_in, text_in
from bot.slack.pacer import Urgency
from bot.store.outbox import StoredDirectory
from intents.domain import Json, Text
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)
# A user's roles are used for this long while they are looked up again.
_STALE: Final = 3600.0
# Slack allows 1,000 a page and 20 pages a minute.
_PAGE: Final = 999
_MOST_PAGES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user. `unknown`: Slack did not return the user, so `guest` and `foreign` are true (least privilege).

    `unreached`: Slack did not respond at all; a retry may work.

    `guest`: a guest of the workspace, or a deactivated user. `foreign`: from another organisation, by Slack Connect.
    `locale` in Slack's form ("zh-CN"), empty if unknown. `email` is the confirmed address; empty if there is none or it
    is not returned, as without the scope users:read.email; not `email_read` if it was not kept.
    `utc_offset_s` is that of the user's clock, 0 if unknown.
    """

    id: str
    guest: bool = False
    foreign: bool = False
    locale: str = ""
    name: str = ""
    email: str = field(default="", repr=False)
    bot: bool = False
    unknown: bool = False
    unreached: bool = False
    email_read: bool = True
    utc_offset_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel or direct message. `unknown`: Slack did not return it, so `external` is true (least privilege).

    `unreached`: Slack did not respond at all; a retry may work.

    `external`: people of other organisations are members or invited. `private`: not visible to everybody in the
    workspace; true if unknown.
    """

    id: str
    name: str = ""
    external: bool = False
    private: bool = True
    direct: bool = False
    unknown: bool = False
    unreached: bool = False


class People:
    """Users and channels of one workspace, known for ten minutes. `team` returns the workspace's id.

    A user is answered by what was known within the last hour while it is looked up again; a channel is not, because it
    may be shared with another organisation meanwhile. With `lists`, all of them are listed at once instead of one by
    one where Slack allows it; `kept` stores them for the next process.
    """

    def __init__(
        self, api: Api, *, team: Callable[[], Awaitable[str]], lists: bool = False, kept: StoredDirectory | None = None
    ) -> None:
        self._api = api
        self._team = team
        persons: Source[Person] = Source(
            kind="user",
            ask=self._ask_person,
            pages=self._list_persons if lists else None,
            load=lambda id, document: Person(id=id, **document),
            dump=_stored_person,
        )
        places: Source[Place] = Source(
            kind="channel",
            ask=self._ask_place,
            pages=self._list_places if lists else None,
            load=lambda id, document: Place(id=id, **document),
            dump=_stored_place,
        )
        self._persons = Directory(persons, kept=kept, ages=Ages(stale=_STALE))
        self._places = Directory(places, kept=kept, ages=Ages())

    async def person(self, user: str, *, fresh: bool = False, email: bool = False) -> Person:
        """Return a user. Never raises: see `Person.unknown`. With `fresh`, not one of more than ten minutes ago.

        With `email`, the address is known; it is not stored.
        """
        return await self._persons.get(user, fresh=fresh, accept=lambda known: known.email_read or not email)

    async def place(self, channel: str) -> Place:
        """Return a channel. Never raises: see `Place.unknown`."""
        return await self._places.get(channel)

    async def recall(self) -> None:
        """Load what an earlier process stored."""
        await self._persons.recall()
        await self._places.recall()

    async def list_all(self) -> None:
        """List all users and channels. Never raises."""
        await asyncio.gather(self._places.list_all(), self._persons.list_all())

    async def aclose(self) -> None:
        await self._persons.aclose()
        await self._places.aclose()

    async def _list_persons(self) -> AsyncIterator[Sequence[Person]]:
        team = await self._team()
        async for page in self._pages("users.list", "members", {"include_locale": True}):
            yield [_person(str(data["id"]), data, team=team) for data in page]

    async def _list_places(self) -> AsyncIterator[Sequence[Place]]:
        """Yield the channels that we are a member of; private ones need a scope that may be missing."""
        types = ("public_channel", "private_channel")
        try:
            async for page in self._pages("users.conversations", "channels", {"types": ",".join(types)}):
                yield [_place(str(data["id"]), data) for data in page]
        except MissingScope:
            async for page in self._pages("users.conversations", "channels", {"types": types[0]}):
                yield [_place(str(data["id"]), data) for data in page]

    async def _pages(self, method: str, field: str, query: Mapping[str, Any]) -> AsyncIterator[list[Mapping[str, Any]]]:
        cursor = ""
        for _ in range(_MOST_PAGES):
            given = {**query, "limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            answer = await self._api.call(method, query=given, urgency=Urgency.PROGRESS)
            yield [each for each in mappings_in(answer.data.get(field)) if each.get("id")]
            cursor = answer.next_cursor
            if not cursor:
                return

    async def _ask_person(self, user: str) -> Person:
        try:
            team = await self._team()
            answer = await self._api.call("users.info", query={"user": user, "include_locale": True})
        except SlackError as error:
            _log.warning("user_read_failed", user=user, error=str(error))
            unreached = isinstance(error, SlackUnavailable)
            return Person(id=user, guest=True, foreign=True, unknown=True, unreached=unreached)
        data = mapping_of(answer.data.get("user"))
        if not data.get("id"):
            return Person(id=user, guest=True, foreign=True, unknown=True)
        return _person(user, data, team=team)

    async def _ask_place(self, channel: str) -> Place:
        try:
            answer = await self._api.call("conversations.info", query={"channel": channel})
        except SlackError as error:
            _log.warning("channel_read_failed", channel=channel, error=str(error))
            unreached = isinstance(error, SlackUnavailable)
            return Place(id=channel, external=True, unknown=True, unreached=unreached)
        data = mapping_of(answer.data.get("channel"))
        if not data.get("id"):
            return Place(id=channel, external=True, unknown=True)
        return _place(channel, data)


_DAY_S: Final = 24 * 60 * 60


def _stored_person(person: Person) -> Json:
    """Return what is stored of a user: not the address, which only the policy may need."""
    return {
        "guest": person.guest,
        "foreign": person.foreign,
        "locale": safe_line(person.locale),
        "name": safe_line(person.name),
        "bot": person.bot,
        "email_read": False,
        "utc_offset_s": person.utc_offset_s,
    }


def _stored_place(place: Place) -> Json:
    return {"name": safe_line(place.name), "external": place.external, "private": place.private, "direct": place.direct}


def _person(user: str, data: Mapping[str, Any], *, team: str) -> Person:
    profile = mapping_of(data.get("profile"))
    # In an Enterprise Grid a colleague's home may be another workspace: ours is then among their teams.
    enterprise = mapping_of(data.get("enterprise_user"))
    teams = enterprise.get("teams")
    # The app of an organisation: its people belong to it, whatever their workspaces.
    org = enterprise.get("enterprise_id")
    homes = {org, str(data.get("team_id") or profile.get("team") or team), *(teams if isinstance(teams, list) else [])}
    offset = data.get("tz_offset")
    return Person(
        id=user,
        guest=bool(data.get("is_restricted") or data.get("is_ultra_restricted") or data.get("deleted")),
        foreign=bool(data.get("is_stranger")) or team not in homes,
        locale=text_in(data, "locale"),
        name=str(profile.get("display_name") or data.get("real_name") or data.get("name") or ""),
        # Users can enter any address in their profile, so only a confirmed one counts.
        email=text_in(profile, "email") if data.get("is_email_confirmed") is True else "",
        bot=bool(data.get("is_bot")) or user == "USLACKBOT",
        utc_offset_s=offset if isinstance(offset, int) and abs(offset) < _DAY_S else 0,
    )


def _place(channel: str, data: Mapping[str, Any]) -> Place:
    # Channels shared within one enterprise are not external.
    shared = bool(data.get("is_shared")) and not data.get("is_org_shared")
    pending = data.get("is_pending_ext_shared") or data.get("pending_shared") or data.get("pending_connected_team_ids")
    return Place(
        id=channel,
        name=text_in(data, "name"),
        external=bool(data.get("is_ext_shared")) or shared or bool(pending),
        private=data.get("is_private") is not False,
        direct=bool(data.get("is_im") or data.get("is_mpim")),
    )


_METHOD: Final = "usergroups.list"
# Workspaces of an organisation whose groups are read.
_MOST_TEAMS: Final = 100
_SCOPE: Final = "usergroups:read"
_KEPT: Final = 60.0
_KEPT_REFUSED: Final = 15.0
_KEPT_UNREACHED: Final = 1.0
_ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The ids (S…) and "@handle"s of a user's groups. `unread` says why they could not be read."""

    groups: frozenset[str] = frozenset()
    unread: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Cached response: user → names of groups, or the error; and for how many seconds it is kept."""

    of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unread: Text | None = None
    kept: float = _KEPT


class Groups:
    """The user groups of one workspace, or with `org` of all workspaces of an organisation in which the app is.

    They need the scope usergroups:read.
    """

    def __init__(self, api: Api, *, org: bool = False) -> None:
        self._api = api
        self._org = org
        self._response = CoalescedLookup(self._ask, keeps=lambda response: response.kept, most=1)

    async def of(self, user: str) -> Membership:
        """Return the groups of `user`. Never raises: see `Membership.unread`."""
        response = await self._response.get(_ALL)
        return Membership(groups=response.of.get(user, frozenset()), unread=response.unread)

    async def aclose(self) -> None:
        await self._response.aclose()

    async def _ask(self, _key: str) -> _Groups:
        # A user is waiting for a modal, so wait for one attempt only.
        patience = self._api.limits.call
        try:
            of: dict[str, frozenset[str]] = {}
            for team in await self._teams():
                query = {"include_users": True, **team}
                for user, groups in _members(await self._api.call(_METHOD, query=query, patience=patience)).items():
                    of[user] = of.get(user, frozenset()) | groups
            return _Groups(of=of)
        except SlackError as error:
            _log.warning("user_groups_read_failed", error=str(error))
            if isinstance(error, SlackUnavailable):
                return _Groups(unread=error.says, kept=_KEPT_UNREACHED)
            if isinstance(error, MissingScope):
                error = MissingScope(method=_METHOD, needed=error.needed or _SCOPE)
            return _Groups(unread=error.says, kept=_KEPT_REFUSED)

    async def _teams(self) -> list[dict[str, str]]:
        """Return the arguments that name each workspace to ask for; a workspace itself need not be named."""
        if not self._org:
            return [{}]
        answer = await self._api.call("auth.teams.list", query={"limit": _MOST_TEAMS})
        return [{"team_id": str(team["id"])} for team in mappings_in(answer.data.get("teams")) if team.get("id")]


def _members(answer: SlackResponse) -> dict[str, frozenset[str]]:
    """Return user → ids and handles of their groups. Raise SlackUnavailable for a response without groups."""
    groups = answer.data.get("usergroups")
    if not isinstance(groups, list):
        raise SlackUnavailable(method=_METHOD, detail="the answer has no user groups")
    found: dict[str, set[str]] = {}
    for group in groups:
        # Another organisation names its shared groups and picks their members, so they are not trusted.
        if not isinstance(group, Mapping) or group.get("date_delete") or group.get("is_external"):
            continue
        for user in _texts(group.get("users")):
            found.setdefault(user, set()).update(_names(group))
    return {user: frozenset(names) for user, names in found.items()}


def _names(group: Mapping[str, Any]) -> list[str]:
    handle = str(group.get("handle") or "").removeprefix("@")
    return [name for name in (str(group.get("id") or ""), f"@{handle}" if handle else "") if name]


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
