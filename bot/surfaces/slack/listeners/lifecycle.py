"""Handle Slack's notices about the app (uninstalled, token revoked, rate limited) and all events without a listener."""

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
    """Register the last listeners: they receive every event that no other listener handled."""

    async def listener(event: dict[str, Any]) -> None:
        _log.error("app_uninstalled", type=str(event.get("type")))
        health.revoked()

    for event in EVENTS:
        app.event(event)(listener)

    @app.event(_ANY)
    async def passed_over(event: dict[str, Any]) -> None:
        # Without an acknowledgement Slack would resend it, and finally disable all events.
        _log.info("event_ignored", type=str(event.get("type")))

    app.middleware(missed_events.middleware)

    # This is not an event but a notice that events were dropped.
    @app.middleware
    async def rate_limited(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        if body.get("type") != _RATE_LIMITED:
            return await next()
        since = str(body.get("minute_rate_limited") or "")
        _log.error("slack_events_rate_limited", since=since)
        if since:
            missed_events.left_out(moment_of(since))
        return BoltResponse(status=200)
