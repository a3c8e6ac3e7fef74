"""Simulate the silences of Alertmanager's API v2 on loopback."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.kubernetes import times

Json = dict[str, Any]

_PATH = "/api/v2"


@dataclass(slots=True, kw_only=True)
class SimulatedSilences:
    """Keeps silences and tells which alerts they mute."""

    clock: times.Clock = times.utc_now
    url: str = ""
    silences: dict[str, Json] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen on a free port."""
        application = web.Application()
        application.router.add_get(f"{_PATH}/silences", self._list)
        application.router.add_post(f"{_PATH}/silences", self._create)
        application.router.add_get(f"{_PATH}/silence/{{id}}", self._get)
        application.router.add_delete(f"{_PATH}/silence/{{id}}", self._expire)
        application.middlewares.append(self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def mutes(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a silence in force matches these labels."""
        return any(
            one["status"]["state"] == "active" and all(_matches(each, labels) for each in one["matchers"])
            for one in self.shown()
        )

    def shown(self) -> list[Json]:
        """Return the silences with their states now."""
        now = self.clock()
        over = {id for id, one in self.silences.items() if times.parse(one["endsAt"]) <= now}
        return [one | {"status": {"state": "expired" if id in over else "active"}} for id, one in self.silences.items()]

    @web.middleware
    async def _serve(self, request: web.Request, handler: Any) -> web.StreamResponse:
        return await self.answer(request, handler)

    async def answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answer a request; tests override this to fail."""
        response: web.StreamResponse = await handler(request)
        return response

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response(self.shown())

    async def _create(self, request: web.Request) -> web.Response:
        body, made = await request.json(), str(uuid.uuid4())
        self.silences[made] = {**body, "id": made}
        return web.json_response({"silenceID": made})

    async def _get(self, request: web.Request) -> web.Response:
        found = [one for one in self.shown() if one["id"] == request.match_info["id"]]
        return web.json_response(found[0]) if found else web.Response(status=404)

    async def _expire(self, request: web.Request) -> web.Response:
        silence = self.silences.get(request.match_info["id"])
        if silence is None:
            return web.Response(status=404)
        silence["endsAt"] = min(silence["endsAt"], times.timestamp(self.clock()), key=times.parse)
        return web.json_response({})


def _matches(matcher: Json, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher["name"], "")
    same = bool(re.fullmatch(matcher["value"], value)) if matcher["isRegex"] else value == matcher["value"]
    return same is bool(matcher.get("isEqual", True))
