"""The HTTP side of the app: Slack's requests, and what an orchestrator asks of a process."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final, Protocol

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.app.readiness import Ready

# Commands, events and presses may come to any of them; Slack's forms have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
# Slack sends well below this: an event holds one message, a press the message it stands in and a view.
_LARGEST_BODY: Final = 2 * 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_SMALL: Final = 1024
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


class Arrivals(Protocol):
    """Hears of each request to Slack's paths whether it was Slack's; neither raises nor waits."""

    def taken(self) -> None:
        """Slack signed it, just now."""

    def turned_away(self, reason: str) -> None:
        """`stale`: Slack signed it, longer than five minutes ago or in the future. `signature`: someone else did."""


def web_application(
    bolt: AsyncApp | None,
    *,
    ready: Callable[[], Awaitable[Ready]],
    measured: Callable[[str], tuple[bytes, str]],
    arrivals: Arrivals,
    signing_secret: str = "",
    stopping: Callable[[], bool] = lambda: False,
) -> web.Application:
    """`bolt` is None in Socket Mode, where Slack's requests do not come over HTTP; else `signing_secret` is needed.

    `measured` is the page for Prometheus and its content type, of the Accept header.

    Once it is `stopping`, events are refused, and Slack sends them to whoever serves next. Commands and presses it
    sends but once: they get as far as their listener, and whoever waits for an answer is told to try again.
    """
    application = web.Application(client_max_size=_LARGEST_BODY)

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def is_ready(_request: web.Request) -> web.Response:
        found = await ready()
        body = {
            "status": "not ready" if found.problems else "ready",
            "problems": dict(found.problems),
            "notes": dict(found.notes),
            "clusters": dict(found.clusters),
        }
        return web.json_response(body, status=503 if found.problems else 200)

    async def metrics(request: web.Request) -> web.Response:
        page, content_type = measured(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    application.router.add_get("/healthz", alive)
    application.router.add_get("/readyz", is_ready)
    application.router.add_get("/metrics", metrics)
    if bolt is not None:
        slack = _slack(bolt, SignatureVerifier(signing_secret), arrivals, stopping)
        for path in SLACK_PATHS:
            application.router.add_post(path, slack)
    return application


def _slack(
    bolt: AsyncApp, verifier: SignatureVerifier, arrivals: Arrivals, stopping: Callable[[], bool]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if _asks_for_certificate(request, body):
            return web.Response()
        # Bolt checks it as well, but takes the body apart before, and trips over what Slack would never send.
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
    """Whether Slack signed it within the last five minutes."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
        return False
    try:
        return bool(verifier.is_valid(body, timestamp, signature))
    except UnicodeDecodeError:
        return False


def _is_signed(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    """Whether Slack signed it at all, whenever that was."""
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
    """Slack looks from time to time whether the certificate is good, without a signature."""
    return request.content_type == _FORM and len(body) < _SMALL and b"ssl_check=1" in body.split(b"&")
