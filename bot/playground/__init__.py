"""Simulate the far ends of the bot on loopback, and serve the playground's page."""

from __future__ import annotations

from aiohttp import web


class Listener:
    """Serves an application on one address."""

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None

    async def start(self, application: web.Application, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port) and return the base URL."""
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        address, number = self._runner.addresses[0][:2]
        return f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}"

    async def stop(self) -> None:
        """Stop listening, if it does."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None
