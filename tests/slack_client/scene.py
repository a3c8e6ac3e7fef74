"""Share test data: the channel, a block, rates without delays, and other servers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.slack.pacer import Rate

CHANNEL = "C0GENERAL"
FAST = Rate(every=0.001, burst=1000)


def section(text: str) -> dict:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Run a loopback server that answers with `handle`, and yield its address."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
