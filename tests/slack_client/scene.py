"""What the tests of this room have in common: the one channel, a block, rates that hold nothing back, other servers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.slack.limits import Rate

CHANNEL = "C0GENERAL"
FAST = Rate(every=0.001, burst=1000)


def section(text: str) -> dict:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """The address of a server on loopback whose every answer is `handle`'s."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
