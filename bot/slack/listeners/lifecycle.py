"""What Slack tells us of ourselves: removed, revoked, sent too much."""

from __future__ import annotations

from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.health import SlackHealth

_log: Final = structlog.get_logger(__name__)

EVENTS: Final = ("tokens_revoked", "app_uninstalled", "app_rate_limited")


def register(app: AsyncApp, health: SlackHealth) -> None:
    async def told(event: dict[str, Any]) -> None:
        kind = str(event.get("type"))
        _log.error("Slack tells of itself", event=kind)
        if kind in ("tokens_revoked", "app_uninstalled"):
            health.revoked()

    for event in EVENTS:
        app.event(event)(told)
