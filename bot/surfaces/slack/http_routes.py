"""Receive Slack's requests over HTTP: only requests that Slack signed within five minutes reach a listener."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final, Protocol

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.surfaces.web import Route

# Every path accepts commands, events and presses; Slack's app settings have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
_FORM: Final = "application/x-www-form-urlencoded"
_SMALL: Final = 1024
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


class Arrivals(Protocol):
    """Receives the signature result of each request to Slack's paths; its methods neither raise nor block."""

    def taken(self) -> None:
        """Record a request with a valid signature."""

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
    handle = _handler(bolt, SignatureVerifier(signing_secret), arrivals, stopping)
    return tuple(Route(path=path, handle=handle) for path in SLACK_PATHS)


def _handler(
    bolt: AsyncApp, verifier: SignatureVerifier, arrivals: Arrivals, stopping: Callable[[], bool]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if _asks_for_certificate(request, body):
            return web.Response()
        # Bolt checks it too, but parses the body first and fails on malformed ones.
        if not _is_from_slack(verifier, request, body):
            arrivals.turned_away("stale" if _is_signed(verifier, request, body) else "signature")
            return web.Response(status=401)
        arrivals.taken()
        if stopping() and request.content_type != _FORM:
            return web.Response(status=503)
        answer: web.Response = await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))
        return answer

    return handle


def _is_from_slack(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    """Tell whether Slack signed the request within the last five minutes."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
        return False
    try:
        return bool(verifier.is_valid(body, timestamp, signature))
    except UnicodeDecodeError:
        return False


def _is_signed(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    """Tell whether Slack signed the request, at any time."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    try:
        expected = verifier.generate_signature(timestamp=timestamp, body=body)
    except UnicodeDecodeError:
        return False
    signature = request.headers.get("X-Slack-Signature", "")
    return expected is not None and compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def _asks_for_certificate(request: web.Request, body: bytes) -> bool:
    """Tell whether this is Slack's certificate check, which has no signature."""
    return request.content_type == _FORM and len(body) < _SMALL and b"ssl_check=1" in body.split(b"&")
