"""Read users and channels for the policy: guests, people of other organisations, shared channels.

Anything that Slack does not return (missing scope, no response) is `unknown`, and unknown gets least privilege: a guest
of another organisation, a channel that others read too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.common.coalescing import CoalescedLookup
from bot.slack.api import Api
from bot.slack.errors import SlackError, SlackUnavailable

_log: Final = structlog.get_logger(__name__)
_KEPT: Final = 600.0
_KEPT_UNKNOWN: Final = 15.0
_KEPT_UNREACHED: Final = 1.0
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user. `unknown`: Slack did not return the user, so `guest` and `foreign` are true (least privilege).

    `unreached`: Slack did not respond at all; a retry may work.

    `guest`: a guest of the workspace, or a deactivated user. `foreign`: from another organisation, by Slack Connect.
    `locale` in Slack's form ("zh-CN"), empty if unknown. `email` is the confirmed address; empty if there is none or it
    is not returned, as without the scope users:read.email.
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
    """Users and channels of one workspace, cached for ten minutes. `team` returns the workspace's id."""

    def __init__(self, api: Api, *, team: Callable[[], Awaitable[str]]) -> None:
        self._api = api
        self._team = team
        self._persons = CoalescedLookup(self._ask_person, keeps=_keeps, most=_MOST)
        self._places = CoalescedLookup(self._ask_place, keeps=_keeps, most=_MOST)

    async def person(self, user: str) -> Person:
        """Return a user. Never raises: see `Person.unknown`."""
        return await self._persons.get(user)

    async def place(self, channel: str) -> Place:
        """Return a channel. Never raises: see `Place.unknown`."""
        return await self._places.get(channel)

    async def aclose(self) -> None:
        await self._persons.aclose()
        await self._places.aclose()

    async def _ask_person(self, user: str) -> Person:
        try:
            team = await self._team()
            answer = await self._api.call("users.info", query={"user": user, "include_locale": True})
        except SlackError as error:
            _log.warning("user_read_failed", user=user, error=str(error))
            unreached = isinstance(error, SlackUnavailable)
            return Person(id=user, guest=True, foreign=True, unknown=True, unreached=unreached)
        data = answer.data.get("user")
        if not isinstance(data, Mapping) or not data.get("id"):
            return Person(id=user, guest=True, foreign=True, unknown=True)
        return _person(user, data, team=team)

    async def _ask_place(self, channel: str) -> Place:
        try:
            answer = await self._api.call("conversations.info", query={"channel": channel})
        except SlackError as error:
            _log.warning("channel_read_failed", channel=channel, error=str(error))
            unreached = isinstance(error, SlackUnavailable)
            return Place(id=channel, external=True, unknown=True, unreached=unreached)
        data = answer.data.get("channel")
        if not isinstance(data, Mapping) or not data.get("id"):
            return Place(id=channel, external=True, unknown=True)
        return _place(channel, data)


def _keeps(answer: Person | Place) -> float:
    if answer.unreached:
        return _KEPT_UNREACHED
    return _KEPT_UNKNOWN if answer.unknown else _KEPT


def _person(user: str, data: Mapping[str, Any], *, team: str) -> Person:
    profile = data.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    # In an Enterprise Grid a colleague's home may be another workspace: ours is then among their teams.
    enterprise = data.get("enterprise_user")
    teams = enterprise.get("teams") if isinstance(enterprise, Mapping) else None
    homes = {str(data.get("team_id") or profile.get("team") or team), *(teams if isinstance(teams, list) else [])}
    return Person(
        id=user,
        guest=bool(data.get("is_restricted") or data.get("is_ultra_restricted") or data.get("deleted")),
        foreign=bool(data.get("is_stranger")) or team not in homes,
        locale=str(data.get("locale") or ""),
        name=str(profile.get("display_name") or data.get("real_name") or data.get("name") or ""),
        # Users can enter any address in their profile, so only a confirmed one counts.
        email=str(profile.get("email") or "") if data.get("is_email_confirmed") is True else "",
        bot=bool(data.get("is_bot")) or user == "USLACKBOT",
    )


def _place(channel: str, data: Mapping[str, Any]) -> Place:
    # Channels shared within one enterprise are not external.
    shared = bool(data.get("is_shared")) and not data.get("is_org_shared")
    pending = data.get("is_pending_ext_shared") or data.get("pending_shared") or data.get("pending_connected_team_ids")
    return Place(
        id=channel,
        name=str(data.get("name") or ""),
        external=bool(data.get("is_ext_shared")) or shared or bool(pending),
        private=data.get("is_private") is not False,
        direct=bool(data.get("is_im") or data.get("is_mpim")),
    )
