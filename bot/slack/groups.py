"""Read the workspace's user groups: one call for all of them, cached for a minute.

A user who was removed from a group counts as a member for that minute. If Slack does not return the groups (missing
scope, no response), nobody is in any group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.common.coalescing import CoalescedLookup
from bot.slack.api import Api, SlackResponse
from bot.slack.errors import MissingScope, SlackError, SlackUnavailable
from intents.domain import Text

_log: Final = structlog.get_logger(__name__)
_METHOD: Final = "usergroups.list"
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
    """The user groups of one workspace; needs the scope usergroups:read."""

    def __init__(self, api: Api) -> None:
        self._api = api
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
            answer = await self._api.call(_METHOD, query={"include_users": True}, patience=patience)
            return _Groups(of=_members(answer))
        except SlackError as error:
            _log.warning("user_groups_read_failed", error=str(error))
            if isinstance(error, SlackUnavailable):
                return _Groups(unread=error.says, kept=_KEPT_UNREACHED)
            if isinstance(error, MissingScope):
                error = MissingScope(method=_METHOD, needed=error.needed or _SCOPE)
            return _Groups(unread=error.says, kept=_KEPT_REFUSED)


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
