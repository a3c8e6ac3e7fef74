"""Adapt slack_sdk's requests for emulate, which reads arguments only from the body of a POST.

slack_sdk sends reads as GET with a query and some writes as POST with one. Everything else passes unchanged, except
emulate's own address, which is replaced with the shim's: our client sends data and tokens only to the address it was
given.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web


class Shim:
    """Serves the emulator at `behind` under `url`. `calls` are the called methods, in order."""

    def __init__(self, *, behind: str) -> None:
        self.behind = behind
        self.calls: list[str] = []
        self.url = ""
        self._session: ClientSession
        self._runner: web.AppRunner

    async def __aenter__(self) -> Shim:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = ClientSession(timeout=ClientTimeout(total=10))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.Response:
        self.calls.append(request.match_info["method"])
        arguments: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            arguments |= await request.json()
        elif request.can_read_body:
            arguments |= dict(await request.post())
        body = json.dumps(arguments).encode()
        return await self._answered(request, method="POST", body=body, content_type="application/json")

    async def _pass_on(self, request: web.Request) -> web.Response:
        return await self._answered(
            request, method=request.method, body=await request.read(), content_type=request.content_type
        )

    async def _answered(self, request: web.Request, *, method: str, body: bytes, content_type: str) -> web.Response:
        headers = {"Content-Type": content_type}
        if token := request.headers.get("Authorization"):
            headers["Authorization"] = token
        async with self._session.request(
            method, f"{self.behind}{request.path}", data=body or None, headers=headers
        ) as answer:
            raw = (await answer.read()).replace(self.behind.encode(), self.url.encode())
            return web.Response(body=raw, status=answer.status, headers={"Content-Type": answer.content_type})
