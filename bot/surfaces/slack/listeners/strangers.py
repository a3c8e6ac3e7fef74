"""Pass over events of other workspaces: the same app installed there sends them here, signed alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.slack.client import Identity

_log: Final = structlog.get_logger(__name__)


def register(app: AsyncApp, identity: Identity) -> None:
    """Before all other listeners: nothing of theirs is recorded, nor does it end our service that they uninstall."""

    @app.middleware
    async def turned_away(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        if not _is_foreign(body, identity.team):
            return await next()
        _log.warning("an event of another workspace is passed over", team=str(body.get("team_id")))
        return BoltResponse(status=200)


def _is_foreign(body: Mapping[str, Any], ours: str) -> bool:
    """Whether an event names workspaces, and ours is not among them.

    Of a channel that several share it names the one where it happened and one that hears of it; of an installation for
    a whole enterprise any of its workspaces.
    """
    if body.get("type") != "event_callback":
        return False
    heard = body.get("authorizations")
    installed = [each for each in heard if isinstance(each, Mapping)] if isinstance(heard, list) else []
    if any(each.get("is_enterprise_install") for each in installed):
        return False
    named = {body.get("team_id"), body.get("context_team_id"), *(each.get("team_id") for each in installed)}
    return bool(named - {None, ""}) and ours not in named
