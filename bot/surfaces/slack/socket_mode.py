"""Receive what Slack sends by Socket Mode. Imported only where it is used: its libraries are memory of the process."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.common.background import in_background
from bot.slack.api import retry_after
from bot.slack.errors import SlackUnavailable, refusal
from bot.slack.web_client import CALL_TIMEOUT_S, bounded_session
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.http_routes import Dispatch
from bot.surfaces.slack.payload_check import MalformedPayload, check_envelope, checked_request

_log: Final = structlog.get_logger(__name__)
_CONNECT: Final = "apps.connections.open"
_PING_S: Final = 10
# The base class sleeps for a ping's interval after an attempt that failed.
_CONNECT_S: Final = 8.0
_LOOK_S: Final = 0.5


@asynccontextmanager
async def connected(
    dispatch: Dispatch, client: AsyncWebClient, arrivals: SlackHealth
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Stay connected with the app-level token of `client`; yield a function that tells whether it is connected.

    Raises SlackError if Slack refuses the first connection; later the client reconnects automatically.
    """
    async with bounded_session(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)) as session:
        client.session = session
        socket = _CheckingClient(dispatch, client, arrivals)
        try:
            await _open(socket)
            await socket.connect()
            async with in_background(socket.stay_connected()):
                yield socket.is_connected
        finally:
            await socket.close()  # type: ignore[no-untyped-call]


class _CheckingClient(SocketModeClient):
    """A Socket Mode client that checks each envelope and its payload before Bolt reads it.

    It also reconnects as soon as a connection is lost: the base class notices that only at its next ping.
    """

    def __init__(self, dispatch: Dispatch, client: AsyncWebClient, arrivals: SlackHealth) -> None:
        super().__init__(
            client.token or "", logger=logging.getLogger("slack_bolt"), web_client=client, ping_interval=_PING_S
        )
        self._dispatch = dispatch
        self._arrivals = arrivals
        self._running: set[asyncio.Task[None]] = set()
        self.socket_mode_request_listeners.append(self._deliver)

    async def connect(self) -> None:
        """Connect, with a new URL for each attempt: Slack accepts a URL once, and the base class would repeat it."""
        while not self.closed:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await super().connect()  # type: ignore[no-untyped-call]
            except TimeoutError:
                _log.warning("socket_connection_delayed", waited_s=_CONNECT_S)
                self.wss_uri = None
            else:
                return

    async def stay_connected(self) -> None:
        """Reconnect whenever the connection is lost, at once and then with longer pauses."""
        pause = _LOOK_S
        while True:
            await asyncio.sleep(pause)
            session = self.current_session
            if session is not None and not session.closed:
                pause = _LOOK_S
                continue
            pause = min(2 * pause, _PING_S)
            try:
                await self.connect_to_new_endpoint()
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                _log.warning("socket_reconnection_failed", error=type(error).__name__)

    async def process_message(self) -> None:
        """Run the listeners of the next message. The base class logs a traceback if it is malformed."""
        raw = await self.message_queue.get()
        if raw is None:
            return
        try:
            message = check_envelope(_parsed(raw))
        except MalformedPayload as error:
            self._arrivals.malformed(error, size=len(raw))
            return
        task = asyncio.ensure_future(self.run_message_listeners(message, raw))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, _client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        try:
            delivery = checked_request(mode="socket_mode", body=request.payload, headers=build_headers(request))
        except MalformedPayload as error:
            self._arrivals.malformed(error, size=0)
            # Without an acknowledgement Slack would send it again.
            await self.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            return
        await send_async_response(self, request, await self._dispatch(delivery), began)


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload(f"it cannot be parsed: {type(error).__name__}") from None


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
