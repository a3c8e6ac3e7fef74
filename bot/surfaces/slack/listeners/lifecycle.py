"""What Slack tells us of itself and of the app: removed, revoked, sent too much. And whatever else it may send."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.slack.channel_events import moment_of
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.missed_events import MissedEvents

_log: Final = structlog.get_logger(__name__)

EVENTS: Final = ("tokens_revoked", "app_uninstalled")
_RATE_LIMITED: Final = "app_rate_limited"
_ANY: Final = re.compile(".*")


def register(app: AsyncApp, health: SlackHealth, missed_events: MissedEvents) -> None:
    """After all other listeners: the last one here takes every event that nobody else has."""

    async def told(event: dict[str, Any]) -> None:
        _log.error("the app is not installed any more, as Slack tells", type=str(event.get("type")))
        health.revoked()

    for event in EVENTS:
        app.event(event)(told)

    @app.event(_ANY)
    async def passed_over(event: dict[str, Any]) -> None:
        # Not acknowledged, it would come again and again, and Slack would end up switching all events off.
        _log.info("an event that nobody here listens to", type=str(event.get("type")))

    app.middleware(missed_events.middleware)

    # It is no event: what it tells of is that events were left out.
    @app.middleware
    async def rate_limited(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        if body.get("type") != _RATE_LIMITED:
            return await next()
        since = str(body.get("minute_rate_limited") or "")
        _log.error("Slack leaves out events, there were too many", since=since)
        if since:
            missed_events.left_out(moment_of(since))
        return BoltResponse(status=200)
