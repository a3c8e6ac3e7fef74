"""Ignore events of other workspaces: the same app installed there sends them here with a valid signature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.slack.client import Identity

_log: Final = structlog.get_logger(__name__)


def register(app: AsyncApp, identity: Identity) -> None:
    """Register before all other listeners: foreign events are not recorded, and a foreign uninstall changes nothing."""

    @app.middleware
    async def turned_away(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        return BoltResponse(status=200) if is_ignored(body, identity.team) else await next()


def is_ignored(body: Mapping[str, Any], ours: str) -> bool:
    """Tell whether an event is of other workspaces, and log it."""
    if _is_foreign(body, ours):
        _log.warning("foreign_workspace_event_ignored", team=str(body.get("team_id")))
        return True
    return False


def _is_foreign(body: Mapping[str, Any], ours: str) -> bool:
    """Tell whether an event names workspaces without ours.

    An event of a shared channel names the workspace where it happened and one that receives it; an event of an
    enterprise installation names any of its workspaces.
    """
    if body.get("type") != "event_callback":
        return False
    authorizations = body.get("authorizations")
    installed = (
        [each for each in authorizations if isinstance(each, Mapping)] if isinstance(authorizations, list) else []
    )
    if any(each.get("is_enterprise_install") for each in installed):
        return False
    named = {body.get("team_id"), body.get("context_team_id"), *(each.get("team_id") for each in installed)}
    return bool(named - {None, ""}) and ours not in named
