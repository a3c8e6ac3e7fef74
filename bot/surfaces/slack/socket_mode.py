"""Connect to Slack by Socket Mode. If the connection fails, the start fails with Slack's reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.api import retry_after
from bot.slack.errors import SlackUnavailable, refusal

_log: Final = structlog.get_logger(__name__)
_CONNECT: Final = "apps.connections.open"


@asynccontextmanager
async def connected(bolt: AsyncApp, client: AsyncWebClient) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Stay connected with the app-level token of `client`; yield a function that tells whether it is connected.

    Raises SlackError if Slack refuses the first connection; later the client reconnects automatically.
    """
    handler = AsyncSocketModeHandler(bolt, client.token or "", web_client=client)
    try:
        await _open(handler.client)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        yield handler.client.is_connected
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


async def _open(client: SocketModeClient) -> None:
    try:
        # By itself the client would retry a refused token forever and silently.
        opened = await client.web_client.apps_connections_open(app_token=str(client.app_token))
        client.wss_uri = str(opened["url"])
    except SlackApiError as error:
        answer = error.response if isinstance(error.response, AsyncSlackResponse) else None
        data = answer.data if answer and isinstance(answer.data, dict) else {}
        if data.get("error") != "ratelimited":
            raise refusal(_CONNECT, data) from None
        wait = retry_after(answer.headers) if answer else 0.0
        _log.warning("socket_connection_rate_limited", waiting_s=wait)
        # The call itself waits as long as Slack asks.
        client.wss_uri = await client.issue_new_wss_url()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackUnavailable(method=_CONNECT, detail="no connection to Slack") from error
