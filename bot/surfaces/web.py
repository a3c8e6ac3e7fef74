"""Serve HTTP: liveness, readiness, metrics, and the routes of surfaces."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

_log: Final = structlog.get_logger(__name__)

# The largest payload is a press with its message and a view; real ones are well below this.
LARGEST_BODY: Final = 2 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Readiness: `problems` by part, empty when ready; `notes` by part; failing `clusters` by name. One line each."""

    problems: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path that accepts requests of one method for a surface, and its handler; "*" stands for any method."""

    path: str
    handle: Handler
    method: str = "POST"

    def takes(self, request: web.Request) -> bool:
        """Tell whether a request is for this route; a path that ends in a variable takes all that begin with it."""
        prefix, variable, _ = self.path.partition("{")
        same = request.path.startswith(prefix) if variable else request.path == self.path
        return same and self.method in (request.method, "*")


def web_application(
    *, ready: Callable[[], Awaitable[Ready]], measured: Callable[[str], tuple[bytes, str]], routes: Iterable[Route] = ()
) -> web.Application:
    """Return the application with the `routes` of the surfaces.

    `measured` returns the page for Prometheus and its content type for an Accept header.
    """
    application = web.Application(client_max_size=LARGEST_BODY, middlewares=[_refuse_broken_bodies])

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
    for route in routes:
        application.router.add_route(route.method, route.path, route.handle)
    return application


@web.middleware
async def _refuse_broken_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.RequestPayloadError:
        return web.Response(status=400, text="the body was cut off or its chunks are malformed")


async def listen_on(stack: AsyncExitStack, application: web.Application, listen: str) -> str:
    """Serve HTTP on `listen` and return the address."""
    host, _, port = listen.rpartition(":")
    runner = web.AppRunner(
        application,
        access_log=None,
        logger=_ServerLog(server_logger, {}),
        shutdown_timeout=3,
        # `read_body` decompresses, within bounds; by itself the server would unpack bodies that nobody reads.
        auto_decompress=False,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
    address = runner.addresses[0]
    return f"http://{address[0]}:{address[1]}"


class _ServerLog(logging.LoggerAdapter[logging.Logger]):
    """The server's log, with one line for a request that is not HTTP: its sender was answered with 400."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **kwargs: Any) -> None:
        if isinstance(exc_info, HttpProcessingError | web.RequestPayloadError):
            # The message would quote the request.
            _log.info("malformed_request_rejected", error=type(exc_info).__name__)
        else:
            super().exception(msg, *args, exc_info=exc_info, **kwargs)
