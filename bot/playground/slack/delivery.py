"""Send payloads to the app, over signed HTTP or a socket, and retry those it does not acknowledge."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack.changes import Changes
from bot.playground.slack.records import (
    AppResponse,
    ChangeKind,
    Delivery,
    ImpossibleActionError,
    Json,
    PayloadKind,
    as_json,
)
from bot.playground.slack.sockets import SocketMode

NO_LISTENER = AppResponse(body="no listener", final=True)


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
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str | None:
        """Return the URL of the next attempt; URLs take turns. None means: over a socket."""
        return self.urls[0]

    @property
    def delivering(self) -> bool:
        """Tell whether the app has not yet responded to a payload."""
        return bool(self._tasks)

    def sign(self, body: bytes, timestamp: float | None = None) -> dict[str, str]:
        """Return the signature headers for `body`, for now unless a time is given."""
        at = self._clock() if timestamp is None else timestamp
        return signed_headers(body, secret=self._secret, timestamp=int(at))

    def send(self, kind: PayloadKind, payload: Json) -> asyncio.Future[AppResponse]:
        """Start the delivery; the returned future resolves to the response of the first attempt."""
        first: asyncio.Future[AppResponse] = asyncio.get_running_loop().create_future()
        if self._session is None:
            first.set_result(NO_LISTENER)
            return first
        task = asyncio.get_running_loop().create_task(self._attempts(kind, payload, first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return first

    async def resend(self, event_id: str, *, reason: str = "http_timeout") -> AppResponse:
        """Deliver an event again, as Slack retries it. Raise ImpossibleActionError for an unknown event."""
        sent = [each for each in self.deliveries if each.event_id == event_id]
        if not sent:
            raise ImpossibleActionError(f"no event {event_id!r} was delivered")
        return await self._attempt(sent[0].kind, dict(sent[0].payload), attempt=len(sent), reason=reason)

    async def send_raw(self, body: bytes, headers: Mapping[str, str]) -> AppResponse:
        """POST exactly this to the request URL: a forged, replayed or broken payload."""
        response = await self._post(body, headers)
        self._record(PayloadKind.RAW, {}, response, attempt=0, over="http")
        return response

    def open(self) -> None:
        """Start delivering, until `close`."""
        # A new connection for each attempt: one to an app that was killed must not be reused.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))

    async def close(self) -> None:
        """Cancel the deliveries in flight and start no more."""
        session, self._session = self._session, None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if session is not None:
            await session.close()

    async def _attempts(self, kind: PayloadKind, payload: Json, first: asyncio.Future[AppResponse]) -> None:
        # Slack retries events only.
        pauses = tuple(self._retry_pauses()) if "event" in payload else ()
        try:
            response = await self._attempt(kind, payload, attempt=0)
            if not first.done():
                first.set_result(response)
            for attempt, pause in enumerate(pauses, start=1):
                if response.ok or response.final:
                    return
                await asyncio.sleep(pause)
                response = await self._attempt(kind, payload, attempt=attempt, reason=response.reason)
        finally:
            if not first.done():
                first.set_result(NO_LISTENER)

    async def _attempt(self, kind: PayloadKind, payload: Json, *, attempt: int, reason: str = "") -> AppResponse:
        if self.url is None and not self._sockets.wanted:
            return NO_LISTENER
        if self.url is None:
            response = await self._sockets.send(kind, payload, attempt=attempt, reason=reason, within=self._within)
        else:
            body, content_type = _encoded(kind, payload)
            headers = self.sign(body) | {"Content-Type": content_type}
            if attempt:
                headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason}
            response = await self._post(body, headers)
        self._record(kind, payload, response, attempt=attempt, over="http" if self.url else "socket")
        return response

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> AppResponse:
        if self.url is None or self._session is None:
            return replace(NO_LISTENER, reason="connection_failed")
        url, began = self.url, time.monotonic()
        self.urls = (*self.urls[1:], url)
        named = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "Accept": "*/*", **headers}
        try:
            async with (
                asyncio.timeout(self._within),
                self._session.post(url, data=body, headers=named, max_redirects=2) as http,
            ):
                text = await http.text()
        except (TimeoutError, aiohttp.ClientError) as error:
            reasons = {aiohttp.TooManyRedirects: "too_many_redirects", TimeoutError: "http_timeout"}
            reason = next((name for kind, name in reasons.items() if isinstance(error, kind)), "connection_failed")
            return AppResponse(seconds=time.monotonic() - began, reason=reason)
        return AppResponse(
            status=http.status, body=_decoded(text), seconds=time.monotonic() - began,
            reason="" if 200 <= http.status < 300 else "http_error",
            final=http.headers.get("x-slack-no-retry") == "1",
        )  # fmt: skip

    def _record(self, kind: PayloadKind, payload: Json, response: AppResponse, *, attempt: int, over: str) -> None:
        inner = payload.get("event", payload)
        delivery = Delivery(
            kind=kind, event_id=payload.get("event_id", ""),
            type=str(inner.get("subtype") or inner.get("type") or payload.get("command", "")), attempt=attempt,
            over=over, status=response.status, seconds=response.seconds, reason=response.reason, payload=payload,
        )  # fmt: skip
        self.deliveries.append(delivery)
        self._changes.announce(ChangeKind.ENVELOPE, lambda: as_json(delivery) | {"answer": response.body})


def _encoded(kind: PayloadKind, payload: Json) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if kind is PayloadKind.COMMAND:
        return urlencode(payload).encode(), form
    encoded = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if kind is PayloadKind.INTERACTION:
        return urlencode({"payload": encoded}).encode(), form
    return encoded.encode(), "application/json"


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def signed_headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """Return the headers of Slack's signature, version 0; `timestamp` is in epoch seconds."""
    basis = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
