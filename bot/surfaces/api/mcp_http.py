"""Serve MCP over streamable HTTP at `/mcp`: each request stands for itself, behind the tokens of the HTTP API.

The library's transport is an ASGI application. Here it gets requests whose token and body were checked, and its one
response is passed on; without sessions and streams there is nothing else to carry.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from bot.common.background import in_background
from bot.surfaces.api.answer_service import Caller
from bot.surfaces.api.api_errors import ApiError
from bot.surfaces.api.limited_calls import LARGEST_BODY, ApiCalls
from bot.surfaces.api.mcp_server import VIA, mcp_server
from bot.surfaces.api.rest_routes import Callers, authorised, received, refused
from bot.surfaces.web import Route

PATH: Final = "/mcp"
_CALLER: Final = "casebook.caller"
# The body arrives decompressed and whole.
_OF_THE_BODY: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


@asynccontextmanager
async def mcp_routes(
    calls: ApiCalls, callers: Callers, stopping: Callable[[], bool]
) -> AsyncIterator[tuple[Route, ...]]:
    """Run the transport and return its route."""
    manager = StreamableHTTPSessionManager(
        app=mcp_server(calls, _caller_of), json_response=True, stateless=True, max_request_body_size=LARGEST_BODY
    )
    runs = asyncio.Event()

    # In a task of its own, because its task group must be left by the task that entered it.
    async def run() -> None:
        async with manager.run():
            runs.set()
            await asyncio.Event().wait()

    async with in_background(run()):
        await runs.wait()
        endpoint = _Endpoint(manager=manager, calls=calls, callers=callers, stopping=stopping)
        yield (Route(path=PATH, handle=endpoint.handle, method="*"),)


def _caller_of(context: ServerRequestContext[Any, Any]) -> Caller:
    assert context.request is not None, "every message arrives by a request"
    caller: Caller = context.request.scope[_CALLER]
    return caller


@dataclass(slots=True)
class _Response:
    """The response of the ASGI application."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: Any) -> None:
        """Take a part of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    manager: StreamableHTTPSessionManager
    calls: ApiCalls
    callers: Callers
    stopping: Callable[[], bool]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        try:
            caller = authorised(request, self.callers, self.calls, VIA)
            _check(request)
            if self.stopping():
                raise ApiError(503, "stopping", "Casebook is stopping", retry_after=5)
            body = await received(request)
        except ApiError as error:
            return refused(error)
        response = _Response()
        await self.manager.handle_request(_scope(request, body, caller), _once(body), response.send)
        response.headers.pop("content-length", None)
        return web.Response(status=response.status, headers=response.headers, body=bytes(response.body))


def _check(request: web.Request) -> None:
    """Raise ApiError for a method without sessions, and for a browser: it might send what some other page wants."""
    if request.method != "POST":
        raise ApiError(405, "wrong_method", "this path takes POST only: there are no sessions and no streams")
    if "Origin" in request.headers:
        raise ApiError(403, "browser", "requests of browsers are not answered")


def _scope(request: web.Request, body: bytes, caller: Caller) -> dict[str, Any]:
    headers = [(name.lower(), value) for name, value in request.raw_headers if name.lower() not in _OF_THE_BODY]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "client": None,
        "server": None,
        _CALLER: caller,
    }


def _once(body: bytes) -> Callable[[], Any]:
    """Return the ASGI function that hands out the body once, and then waits."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop()
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this wait but a cancellation")

    return receive
