"""The HTTP side of the app: Slack's requests, and what an orchestrator asks of a process."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

# Commands, events and presses may come to any of them; Slack's forms have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
# Slack sends well below this: an event holds one message, a press the message it stands in and a view.
_LARGEST_BODY: Final = 2 * 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_SMALL: Final = 1024
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")

# What is not ready and why, empty when all is.
Readiness = Callable[[], Awaitable[Mapping[str, str]]]


def web_application(
    bolt: AsyncApp | None,
    readiness: Readiness,
    *,
    signing_secret: str = "",
    stopping: Callable[[], bool] = lambda: False,
) -> web.Application:
    """`bolt` is None in Socket Mode, where Slack's requests do not come over HTTP; else `signing_secret` is needed.

    Once it is `stopping`, events are refused, and Slack sends them to whoever serves next. Commands and presses it
    sends but once: they get as far as their listener, and whoever waits for an answer is told to try again.
    """
    application = web.Application(client_max_size=_LARGEST_BODY)

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_request: web.Request) -> web.Response:
        problems = await readiness()
        body = {"status": "not ready" if problems else "ready", "problems": dict(problems)}
        return web.json_response(body, status=503 if problems else 200)

    application.router.add_get("/healthz", alive)
    application.router.add_get("/readyz", ready)
    if bolt is not None:
        slack = _slack(bolt, SignatureVerifier(signing_secret), stopping)
        for path in SLACK_PATHS:
            application.router.add_post(path, slack)
    return application


def _slack(
    bolt: AsyncApp, verifier: SignatureVerifier, stopping: Callable[[], bool]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if _asks_for_certificate(request, body):
            return web.Response()
        # Bolt checks it as well, but takes the body apart before, and trips over what Slack would never send.
        if not _is_from_slack(verifier, request, body):
            return web.Response(status=401)
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


def _asks_for_certificate(request: web.Request, body: bytes) -> bool:
    """Slack looks from time to time whether the certificate is good, without a signature."""
    return request.content_type == _FORM and len(body) < _SMALL and b"ssl_check=1" in body.split(b"&")
