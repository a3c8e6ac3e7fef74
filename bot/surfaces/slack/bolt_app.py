"""Create Bolt's app: it accepts one workspace, verifies signatures, and acknowledges only what is recorded."""

from __future__ import annotations

import logging
from typing import Final

import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs import JobsUnavailable
from bot.slack.client import Identity
from bot.store import StoreUnavailable
from bot.surfaces.slack.arrivals import CountedApp, Delivered

_log: Final = structlog.get_logger(__name__)


def bolt_app(client: AsyncWebClient, *, identity: Identity, signing_secret: str, delivered: Delivered) -> CountedApp:
    """Return an app without listeners; `client` has no token, `delivered` gets each arrival."""

    async def authorize() -> AuthorizeResult:
        # Bolt would call auth.test before the first event, and drop an acknowledged event if Slack does not respond.
        return AuthorizeResult(
            enterprise_id=None, team_id=identity.team, bot_id=identity.bot_id, bot_user_id=identity.user
        )

    # Otherwise Bolt's own loggers use the root's level.
    logger = logging.getLogger("slack_bolt")
    # Bolt also finds SLACK_BOT_TOKEN in the environment and warns at each start that it is unused.
    logger.addFilter(_is_news)
    return CountedApp(
        delivered=delivered,
        failed=_log_failure,
        # Without a name Bolt searches the source files of the whole call stack for one.
        name="casebook",
        logger=logger,
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        # Listeners run before the acknowledgement, so that an event that is not recorded is not acknowledged.
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )


async def _log_failure(error: Exception) -> BoltResponse | None:
    """Log the failure. An event that could not be recorded gets 503, and Slack delivers it again."""
    if isinstance(error, StoreUnavailable | JobsUnavailable):
        _log.error("event_recording_failed", error=str(error))
        return BoltResponse(status=503)
    _log.error("listener_failed", error=type(error).__name__, exc_info=error)
    return None


def _is_news(record: logging.LogRecord) -> bool:
    said = record.getMessage()
    # Unhandled requests have a line of ours; Bolt's quotes the payload and suggests code.
    return said != warning_client_prioritized_and_token_skipped() and not said.startswith("Unhandled request")
