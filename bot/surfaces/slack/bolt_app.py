"""Make Bolt's app: whose events it takes, how it is signed, and that nothing is acknowledged that is not recorded."""

from __future__ import annotations

import logging
from typing import Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs import JobsUnavailable
from bot.slack.client import Identity
from bot.store import StoreUnavailable
from bot.surfaces.slack.arrivals import CountedApp, Delivered

# For those who pass the app on, and need not know the library.
BoltApp = AsyncApp

_log: Final = structlog.get_logger(__name__)


def bolt_app(client: AsyncWebClient, *, identity: Identity, signing_secret: str, delivered: Delivered) -> BoltApp:
    """Return an app without listeners; `client` carries no token, `delivered` hears of each arrival."""

    async def authorize() -> AuthorizeResult:
        # Bolt would ask Slack who we are before the first event, and acknowledge and drop it if Slack does not answer.
        return AuthorizeResult(
            enterprise_id=None, team_id=identity.team, bot_id=identity.bot_id, bot_user_id=identity.user
        )

    # Without it, Bolt's own loggers take the root's level.
    logger = logging.getLogger("slack_bolt")
    # Bolt finds SLACK_BOT_TOKEN in the environment as well, and would warn at each start that it does not use it.
    logger.addFilter(_is_news)
    bolt = CountedApp(
        delivered=delivered,
        # Without a name Bolt looks for one in the source files of the whole call stack.
        name="casebook",
        logger=logger,
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        # A listener runs before the acknowledgement: what is not recorded is not acknowledged.
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )
    bolt.error(_log_failure)
    return bolt


async def _log_failure(error: Exception) -> None:
    if isinstance(error, StoreUnavailable | JobsUnavailable):
        _log.error("not acknowledged: nothing could be recorded", error=str(error))
    else:
        _log.error("a listener failed", error=type(error).__name__, exc_info=error)


def _is_news(record: logging.LogRecord) -> bool:
    return record.getMessage() != warning_client_prioritized_and_token_skipped()
