"""Hands payloads to the app, over HTTP with a signature or over a socket, and again if it does not answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack.changes import Changes
from bot.playground.slack.records import ChangeKind, Delivered, Delivery, Json, Kind
from bot.playground.slack.signing import signed_headers

NOBODY = Delivered(status=0, body="nobody listens", seconds=0)


class Sockets(Protocol):
    """The app's connections in Socket Mode."""

    @property
    def wanted(self) -> bool:
        """Whether the app ever asked for a connection."""

    async def send(
        self, kind: Kind, payload: Json, *, attempt: int, reason: str, within: float
    ) -> tuple[Delivered, str]:
        """Hand the payload to one connection; the second value says why it failed, "" if it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One payload on its way."""

    kind: Kind
    payload: Json
    event_id: str = ""

    @property
    def type(self) -> str:
        inner = self.payload.get("event", self.payload)
        return str(inner.get("subtype") or inner.get("type") or self.payload.get("command", ""))


class Courier:
    """Delivers parcels. Events are retried after `retry_pauses` seconds each; `within` is the app's time to answer."""

    def __init__(
        self, *, secret: str, clock: Callable[[], float], changes: Changes, sockets: Sockets,
        retry_pauses: Sequence[float], within: float,
    ) -> None:  # fmt: skip
        self.urls: tuple[str | None, ...] = (None,)
        self.retry_pauses = tuple(retry_pauses)
        self.within = within
        self.deliveries: list[Delivery] = []
        self._secret = secret
        self._clock = clock
        self._changes = changes
        self._sockets = sockets
        self._session: aiohttp.ClientSession | None = None
        self._open = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str | None:
        """Where the next attempt goes: to each in turn. None: over a socket."""
        return self.urls[0]

    def sign(self, body: bytes, timestamp: float | None = None) -> dict[str, str]:
        """The signature headers for `body`, for now unless a time is given."""
        at = self._clock() if timestamp is None else timestamp
        return signed_headers(body, secret=self._secret, timestamp=int(at))

    def send(self, parcel: Parcel, *, retries: bool = False) -> asyncio.Future[Delivered]:
        """Start the delivery; the future is what the first attempt got."""
        first: asyncio.Future[Delivered] = asyncio.get_running_loop().create_future()
        if not self._open:
            first.set_result(NOBODY)
            return first
        self.in_background(self._attempts(parcel, pauses=self.retry_pauses if retries else (), first=first))
        return first

    async def once_more(self, parcel: Parcel, *, attempt: int, reason: str) -> Delivered:
        """One further attempt, as a retry of Slack's looks."""
        delivered, _, _ = await self._attempt(parcel, attempt=attempt, reason=reason)
        return delivered

    async def send_raw(self, body: bytes, headers: dict[str, str]) -> Delivered:
        """POST these bytes as they are to the request URL."""
        delivered, reason, _ = await self._post(body, headers)
        self._record(Parcel(kind=Kind.RAW, payload={}), delivered, attempt=0, reason=reason, over="http")
        return delivered

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run until done or until the courier closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def open(self) -> None:
        """Deliver from now on, until `close`."""
        # A connection of its own for each attempt: an app that was killed must not be met on the old one.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        self._open = True

    async def close(self) -> None:
        """Give up every delivery that is under way, and start no other."""
        self._open = False
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def _attempts(
        self, parcel: Parcel, *, pauses: Sequence[float], first: asyncio.Future[Delivered]
    ) -> None:  # fmt: skip
        try:
            delivered, reason, again = await self._attempt(parcel, attempt=0, reason="")
            if not first.done():
                first.set_result(delivered)
            for attempt, pause in enumerate(pauses, start=1):
                if delivered.ok or not again:
                    return
                await asyncio.sleep(pause)
                delivered, reason, again = await self._attempt(parcel, attempt=attempt, reason=reason)
        finally:
            if not first.done():
                first.set_result(NOBODY)

    async def _attempt(self, parcel: Parcel, *, attempt: int, reason: str) -> tuple[Delivered, str, bool]:
        """What came back, why it failed, and whether to try again."""
        if self.url is None and not self._sockets.wanted:
            return NOBODY, "", False
        if self.url is None:
            delivered, failed = await self._sockets.send(
                parcel.kind, parcel.payload, attempt=attempt, reason=reason, within=self.within
            )
            again = True
        else:
            body, kind = _encoded(parcel)
            headers = self.sign(body) | {"Content-Type": kind}
            if attempt:
                headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason}
            delivered, failed, again = await self._post(body, headers)
        self._record(parcel, delivered, attempt=attempt, reason=failed, over="http" if self.url else "socket")
        return delivered, failed, again

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[Delivered, str, bool]:
        if self.url is None or self._session is None:
            return NOBODY, "connection_failed", False
        url, began = self.url, time.monotonic()
        self.urls = (*self.urls[1:], url)
        named = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "Accept": "*/*"} | headers
        try:
            async with (
                asyncio.timeout(self.within),
                self._session.post(url, data=body, headers=named, max_redirects=2) as response,
            ):
                text = await response.text()
        except aiohttp.TooManyRedirects:
            return _nothing(began), "too_many_redirects", True
        except TimeoutError:
            return _nothing(began), "http_timeout", True
        except aiohttp.ClientError:
            return _nothing(began), "connection_failed", True
        delivered = Delivered(status=response.status, body=_decoded(text), seconds=time.monotonic() - began)
        again = response.headers.get("x-slack-no-retry") != "1"
        return delivered, "" if delivered.ok else "http_error", again

    def _record(self, parcel: Parcel, delivered: Delivered, *, attempt: int, reason: str, over: str) -> None:
        delivery = Delivery(
            kind=parcel.kind, event_id=parcel.event_id, type=parcel.type, attempt=attempt, over=over,
            status=delivered.status, seconds=delivered.seconds, reason=reason, payload=parcel.payload,
        )  # fmt: skip
        self.deliveries.append(delivery)
        shown = {
            "kind": delivery.kind.value, "event_id": delivery.event_id, "type": delivery.type, "attempt": attempt,
            "over": over, "status": delivery.status, "seconds": delivery.seconds, "reason": reason,
            "payload": delivery.payload, "answer": delivered.body,
        }  # fmt: skip
        self._changes.tell(ChangeKind.ENVELOPE, shown)


def _encoded(parcel: Parcel) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if parcel.kind is Kind.COMMAND:
        return urlencode(parcel.payload).encode(), form
    encoded = json.dumps(parcel.payload, ensure_ascii=False, separators=(",", ":"))
    if parcel.kind is Kind.INTERACTION:
        return urlencode({"payload": encoded}).encode(), form
    return encoded.encode(), "application/json"


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _nothing(began: float) -> Delivered:
    return Delivered(status=0, body="", seconds=time.monotonic() - began)
