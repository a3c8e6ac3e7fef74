"""Receive what Slack sends by HTTP requests."""

from __future__ import annotations

import codecs
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.surfaces.bodies import BodyError, read_body
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.payload_check import MalformedPayload, checked_request
from bot.surfaces.web import LARGEST_BODY, Route

_log: Final = structlog.get_logger(__name__)

# Every path accepts commands, events and presses; Slack's app settings have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
_FORM: Final = "application/x-www-form-urlencoded"
_SMALL: Final = 1024
_LONGEST_AGE_S: Final = 300
_CHARSETS: Final = frozenset({"utf-8", "ascii"})
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


SlackRequest = AsyncBoltRequest
SlackResponse = BoltResponse
# Takes a checked request to the app of its workspace.
Dispatch = Callable[[SlackRequest], Awaitable[SlackResponse]]


def slack_routes(
    dispatch: Dispatch, *, arrivals: SlackHealth, signing_secret: str, stopping: Callable[[], bool] = lambda: False
) -> tuple[Route, ...]:
    """Return the routes for events, commands and presses when Socket Mode is off.

    While `stopping`, events are refused, and Slack sends them to another replica. Slack sends commands and presses only
    once: they reach their listener, which replies "try again".
    """

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await read_body(request, limit=LARGEST_BODY)
        except BodyError as error:
            return web.Response(status=error.status, text=str(error))
        if _asks_for_certificate(request, body):
            return web.Response()
        # Bolt checks it too, but parses the body first and fails on malformed ones.
        signed = _is_signed(signing_secret, request, body)
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
        said = await dispatch(delivery)
        if said.status == 200 and not said.body:
            return web.Response()
        answer: web.Response = await to_aiohttp_response(said)
        return answer

    return tuple(Route(path=path, handle=handle) for path in SLACK_PATHS)


def named_workspaces(request: SlackRequest) -> tuple[str, ...]:
    """Return the ids under which the app may be installed for a request, the likeliest first."""
    context = request.context
    ids = [context.team_id, context.enterprise_id]
    if context.is_enterprise_install:
        ids.reverse()
    return tuple(id for id in ids if isinstance(id, str) and id)


def acknowledged(request: SlackRequest) -> SlackResponse:
    """Acknowledge and drop the request of a workspace that is not served; Slack's check of the URL is answered."""
    if request.body.get("type") == "url_verification":
        return BoltResponse(status=200, body=str(request.body.get("challenge") or ""))
    _log.warning("payload_of_unserved_workspace", workspaces=named_workspaces(request))
    return BoltResponse(status=200)


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
