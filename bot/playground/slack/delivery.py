"""Send payloads to the app, over signed HTTP or a socket, and retry those it does not acknowledge."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack.changes import Changes
from bot.playground.slack.records import AppResponse, ChangeKind, Delivery, Json, PayloadKind, as_json
from bot.playground.slack.sockets import SocketMode

NO_LISTENER = AppResponse(status=0, body="no listener", seconds=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPayload:
    """One payload to deliver."""

    kind: PayloadKind
    payload: Json
    event_id: str = ""

    @property
    def type(self) -> str:
        """Return the event's subtype or type, or the command."""
        inner = self.payload.get("event", self.payload)
        return str(inner.get("subtype") or inner.get("type") or self.payload.get("command", ""))


class PayloadSender:
    """Delivers payloads.

    A failed event is sent again after each of `retry_pauses()` seconds; the app has `within` seconds to respond.
    """

    def __init__(
        self, *, secret: str, clock: Callable[[], float], changes: Changes, sockets: SocketMode,
        retry_pauses: Callable[[], Sequence[float]], within: float,
    ) -> None:  # fmt: skip
        self.urls: tuple[str | None, ...] = (None,)
        self.deliveries: list[Delivery] = []
        self._retry_pauses = retry_pauses
        self._within = within
        self._secret = secret
        self._clock = clock
        self._changes = changes
        self._sockets = sockets
        self._session: aiohttp.ClientSession | None = None
        self._open = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str | None:
        """Return the URL of the next attempt; URLs take turns. None means: over a socket."""
        return self.urls[0]

    def sign(self, body: bytes, timestamp: float | None = None) -> dict[str, str]:
        """Return the signature headers for `body`, for now unless a time is given."""
        at = self._clock() if timestamp is None else timestamp
        return signed_headers(body, secret=self._secret, timestamp=int(at))

    def send(self, outgoing: OutgoingPayload, *, retries: bool = False) -> asyncio.Future[AppResponse]:
        """Start the delivery; the returned future resolves to the response of the first attempt."""
        first: asyncio.Future[AppResponse] = asyncio.get_running_loop().create_future()
        if not self._open:
            first.set_result(NO_LISTENER)
            return first
        pauses = tuple(self._retry_pauses()) if retries else ()
        task = asyncio.get_running_loop().create_task(self._attempts(outgoing, pauses=pauses, first=first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return first

    async def resend(self, outgoing: OutgoingPayload, *, attempt: int, reason: str) -> AppResponse:
        """Make one more attempt, marked as a retry by Slack."""
        response, _, _ = await self._attempt(outgoing, attempt=attempt, reason=reason)
        return response

    async def send_raw(self, body: bytes, headers: dict[str, str]) -> AppResponse:
        """POST these bytes unchanged to the request URL."""
        response, reason, _ = await self._post(body, headers)
        self._record(OutgoingPayload(kind=PayloadKind.RAW, payload={}), response, attempt=0, reason=reason, over="http")
        return response

    def open(self) -> None:
        """Start delivering, until `close`."""
        # A new connection for each attempt: one to an app that was killed must not be reused.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        self._open = True

    async def close(self) -> None:
        """Cancel the deliveries in flight and start no more."""
        self._open = False
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def _attempts(
        self, outgoing: OutgoingPayload, *, pauses: Sequence[float], first: asyncio.Future[AppResponse]
    ) -> None:  # fmt: skip
        try:
            response, reason, again = await self._attempt(outgoing, attempt=0, reason="")
            if not first.done():
                first.set_result(response)
            for attempt, pause in enumerate(pauses, start=1):
                if response.ok or not again:
                    return
                await asyncio.sleep(pause)
                response, reason, again = await self._attempt(outgoing, attempt=attempt, reason=reason)
        finally:
            if not first.done():
                first.set_result(NO_LISTENER)

    async def _attempt(self, outgoing: OutgoingPayload, *, attempt: int, reason: str) -> tuple[AppResponse, str, bool]:
        """Return the response, why it failed, and whether to retry."""
        if self.url is None and not self._sockets.wanted:
            return NO_LISTENER, "", False
        if self.url is None:
            response, failed = await self._sockets.send(
                outgoing.kind, outgoing.payload, attempt=attempt, reason=reason, within=self._within
            )
            again = True
        else:
            body, kind = _encoded(outgoing)
            headers = self.sign(body) | {"Content-Type": kind}
            if attempt:
                headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason}
            response, failed, again = await self._post(body, headers)
        self._record(outgoing, response, attempt=attempt, reason=failed, over="http" if self.url else "socket")
        return response, failed, again

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[AppResponse, str, bool]:
        if self.url is None or self._session is None:
            return NO_LISTENER, "connection_failed", False
        url, began = self.url, time.monotonic()
        self.urls = (*self.urls[1:], url)
        named = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "Accept": "*/*"} | headers
        try:
            async with (
                asyncio.timeout(self._within),
                self._session.post(url, data=body, headers=named, max_redirects=2) as http,
            ):
                text = await http.text()
        except aiohttp.TooManyRedirects:
            return _nothing(began), "too_many_redirects", True
        except TimeoutError:
            return _nothing(began), "http_timeout", True
        except aiohttp.ClientError:
            return _nothing(began), "connection_failed", True
        response = AppResponse(status=http.status, body=_decoded(text), seconds=time.monotonic() - began)
        again = http.headers.get("x-slack-no-retry") != "1"
        return response, "" if response.ok else "http_error", again

    def _record(
        self, outgoing: OutgoingPayload, response: AppResponse, *, attempt: int, reason: str, over: str
    ) -> None:
        delivery = Delivery(
            kind=outgoing.kind, event_id=outgoing.event_id, type=outgoing.type, attempt=attempt, over=over,
            status=response.status, seconds=response.seconds, reason=reason, payload=outgoing.payload,
        )  # fmt: skip
        self.deliveries.append(delivery)
        self._changes.publish(ChangeKind.ENVELOPE, as_json(delivery) | {"answer": response.body})


def _encoded(outgoing: OutgoingPayload) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if outgoing.kind is PayloadKind.COMMAND:
        return urlencode(outgoing.payload).encode(), form
    encoded = json.dumps(outgoing.payload, ensure_ascii=False, separators=(",", ":"))
    if outgoing.kind is PayloadKind.INTERACTION:
        return urlencode({"payload": encoded}).encode(), form
    return encoded.encode(), "application/json"


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _nothing(began: float) -> AppResponse:
    return AppResponse(status=0, body="", seconds=time.monotonic() - began)


def signed_headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """Return the headers of Slack's signature, version 0; `timestamp` is in epoch seconds."""
    basis = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
