"""The HTTP side of the app: Slack's requests, and what an orchestrator asks of a process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

# Commands, events and presses may come to any of them; Slack's forms have a field for each.
SLACK_PATHS: Final = ("/slack/events", "/slack/commands", "/slack/interactive")
# Slack sends well below this: an event holds one message, a press the message it stands in and a view.
_LARGEST_BODY: Final = 2 * 1024 * 1024

# What is not ready and why, empty when all is.
Readiness = Callable[[], Awaitable[Mapping[str, str]]]


def web_application(bolt: AsyncApp | None, readiness: Readiness) -> web.Application:
    """`bolt` is None in Socket Mode, where Slack's requests do not come over HTTP."""
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
        for path in SLACK_PATHS:
            application.router.add_post(path, _slack(bolt))
    return application


def _slack(bolt: AsyncApp) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        answer: web.Response = await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))
        return answer

    return handle
