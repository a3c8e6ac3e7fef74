"""A far end that is not Slack: responses are bounded, and no token follows a redirect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.slack.api import Api
from bot.slack.errors import SlackUnavailable
from bot.slack.pacer import Limits
from bot.slack.web_client import web_client


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[TestServer, list[str]]]:
    came: list[str] = []

    async def note(request: web.Request) -> web.Response:
        came.append(request.headers.get("Authorization", ""))
        return web.json_response({"ok": True})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", note)
    server = TestServer(application)
    await server.start_server()
    yield server, came
    await server.close()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused(elsewhere: tuple[TestServer, list[str]], status: int) -> None:
    other, came = elsewhere

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": str(other.make_url("/api/auth.test"))})

    with pytest.raises(SlackUnavailable):
        await _call(redirect)
    assert came == []


async def test_an_endless_response_is_refused() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" " * (1 << 18))
            sent += 1 << 18

    with pytest.raises(SlackUnavailable):
        await _call(endless)
    assert sent < 64 << 20


async def _call(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(application) as server:
        client = web_client(api_url=str(server.make_url("/api/")), token="xoxb-1")
        api = Api(client, limits=Limits(repetitions=0))
        try:
            await api.call("auth.test")
        finally:
            await api.aclose()
