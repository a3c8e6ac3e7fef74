"""A running simulated cluster and a plain HTTP client for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from bot.playground.kubernetes import SimulatedCluster

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Answer:
    """A response: `body` is decoded if it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


class Api:
    """Requests to the running cluster, and short ways to say the usual ones."""

    def __init__(self, *, cluster: SimulatedCluster, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self._session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = CIMultiDict(headers or {})
        sent.setdefault("Content-Type", "application/json")
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, self.cluster.url + path, data=data, headers=sent) as response:
            text = await response.text()
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return Answer(response.status, dict(response.headers), json.loads(text) if is_json else text)

    async def get(self, path: str) -> Answer:
        return await self.call("GET", path)

    async def patch(self, path: str, body: Any, *, kind: str = "merge-patch") -> Answer:
        return await self.call("PATCH", path, body, headers={"Content-Type": f"application/{kind}+json"})

    async def items(self, path: str) -> list[dict[str, Any]]:
        answer = await self.get(path)
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.body["items"]
        return items


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[Api]:
    cluster = SimulatedCluster(clock=clock)
    await cluster.start()
    async with aiohttp.ClientSession() as session:
        yield Api(cluster=cluster, session=session)
    await cluster.stop()
