"""Serve HTTP: liveness, readiness, metrics, and the routes of surfaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

# The largest payload is a press with its message and a view; real ones are well below this.
_LARGEST_BODY: Final = 2 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Readiness: `problems` by part, empty when ready; `notes` by part; failing `clusters` by name. One line each."""

    problems: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path that accepts POST requests for a surface, and its handler."""

    path: str
    handle: Handler


def web_application(
    *, ready: Callable[[], Awaitable[Ready]], measured: Callable[[str], tuple[bytes, str]], routes: Iterable[Route] = ()
) -> web.Application:
    """Return the application with the `routes` of the surfaces.

    `measured` returns the page for Prometheus and its content type for an Accept header.
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
    for route in routes:
        application.router.add_post(route.path, route.handle)
    return application


async def listen_on(stack: AsyncExitStack, application: web.Application, listen: str) -> str:
    """Serve HTTP on `listen` and return the address."""
    host, _, port = listen.rpartition(":")
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=3)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
    address = runner.addresses[0]
    return f"http://{address[0]}:{address[1]}"
