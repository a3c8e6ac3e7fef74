"""Receive Slack's requests over HTTP: only requests that Slack signed within five minutes reach a listener."""

from __future__ import annotations

import codecs
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.surfaces.slack.payload_check import MalformedPayload, checked_request
from bot.surfaces.web import Route

# Every path accepts commands, events and presses; Slack's app settings have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
_FORM: Final = "application/x-www-form-urlencoded"
_SMALL: Final = 1024
_LONGEST_AGE_S: Final = 300
_CHARSETS: Final = frozenset({"utf-8", "ascii"})
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


class Arrivals(Protocol):
    """Receives the signature result of each request to Slack's paths; its methods neither raise nor block."""

    def taken(self) -> None:
        """Record a request with a valid signature."""

    def malformed(self, error: MalformedPayload, *, size: int) -> None:
        """Record a payload of `size` bytes that no listener can read."""

    def turned_away(self, reason: str) -> None:
        """Record a rejected request.

        `stale`: signed by Slack more than five minutes off. `signature`: signed by others.
        """


def slack_routes(
    bolt: AsyncApp, *, arrivals: Arrivals, signing_secret: str, stopping: Callable[[], bool] = lambda: False
) -> tuple[Route, ...]:
    """Return the routes for events, commands and presses when Socket Mode is off.

    While `stopping`, events are refused, and Slack sends them to another replica. Slack sends commands and presses only
    once: they reach their listener, which replies "try again".
    """
    handle = _handler(bolt, signing_secret, arrivals, stopping)
    return tuple(Route(path=path, handle=handle) for path in SLACK_PATHS)


def _handler(
    bolt: AsyncApp, secret: str, arrivals: Arrivals, stopping: Callable[[], bool]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if _asks_for_certificate(request, body):
            return web.Response()
        # Bolt checks it too, but parses the body first and fails on malformed ones.
        signed = _is_signed(secret, request, body)
        if not signed or not _is_recent(request):
            arrivals.turned_away("stale" if signed else "signature")
            return web.Response(status=401)
        arrivals.taken()
        if stopping() and request.content_type != _FORM:
            return web.Response(status=503)
        try:
            delivery = _delivery(request, body)
        except MalformedPayload as error:
            arrivals.malformed(error, size=len(body))
            # Slack would resend an event that fails, and it would fail again.
            return web.Response(status=200 if error.kind == "event_callback" else 400)
        said = await bolt.async_dispatch(delivery)
        if said.status == 200 and not said.body:
            return web.Response()
        answer: web.Response = await to_aiohttp_response(said)
        return answer

    return handle


def _delivery(request: web.Request, body: bytes) -> AsyncBoltRequest:
    """Return the request as Bolt reads it, with a checked payload. Raise MalformedPayload."""
    try:
        text = body.decode()
        charset = codecs.lookup(request.charset or "utf-8").name
    except (ValueError, LookupError) as error:
        raise MalformedPayload("it is not text in UTF-8") from error
    if charset not in _CHARSETS:
        raise MalformedPayload("its charset is not UTF-8")
    return checked_request(body=text, query=request.query_string, headers=dict(request.headers))


def _is_recent(request: web.Request) -> bool:
    """Tell whether the request was sent within five minutes of this machine's time."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    return bool(_TIMESTAMP.fullmatch(timestamp)) and abs(time.time() - int(timestamp)) <= _LONGEST_AGE_S


def _is_signed(secret: str, request: web.Request, body: bytes) -> bool:
    """Tell whether Slack signed these bytes, at any time. The SDK's verifier fails on bytes that are not UTF-8."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    expected = hmac.new(secret.encode(), b"v0:%s:%s" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
    signature = request.headers.get("X-Slack-Signature", "")
    return hmac.compare_digest(f"v0={expected}".encode(), signature.encode("utf-8", "replace"))


def _asks_for_certificate(request: web.Request, body: bytes) -> bool:
    """Tell whether this is Slack's certificate check, which has no signature."""
    return request.content_type == _FORM and len(body) < _SMALL and b"ssl_check=1" in body.split(b"&")
