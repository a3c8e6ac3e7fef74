"""Provide a running simulated Slack, Slack's web client, and an app that responds as a test asks."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack

NOW = 1_790_000_000.0


class Clock:
    """A clock that a test moves by hand, in epoch seconds."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that reached the app."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the event, or the interaction's payload."""
        if self.headers["content-type"].startswith("application/json"):
            return json.loads(self.body)
        return json.loads(self.form["payload"])

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass
class Receiver:
    """An app over HTTP that records requests and answers 200 unless told otherwise."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: deque[web.Response] = field(default_factory=deque)
    hold: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers=headers, body=await request.read()))
        if self.hold is not None:
            await self.hold.wait()
        return self.answers.popleft() if self.answers else web.Response()

    def let_go(self) -> None:
        if self.hold is not None:
            self.hold.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [each.json["event"] for each in self.received]

    def answer(self, *, status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> None:
        """Set the response to the next request."""
        if body is None or isinstance(body, str):
            self.answers.append(web.Response(status=status, text=body or "", headers=headers))
        else:
            self.answers.append(web.json_response(body, status=status, headers=headers))


Simulate = Callable[..., Awaitable[tuple[SimulatedSlack, Receiver]]]


async def serve(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> tuple[web.AppRunner, str]:
    """Serve an app's endpoint on loopback; the caller cleans up the runner."""
    application = web.Application()
    application.router.add_post("/slack/events", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{host}:{port}/slack/events"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def simulate(clock: Clock) -> AsyncIterator[Simulate]:
    """Start simulated Slacks, each delivering to an app of its own."""
    async with AsyncExitStack() as cleanup:

        async def start(**options: Any) -> tuple[SimulatedSlack, Receiver]:
            given: dict[str, Any] = {"clock": clock, "paced": False, "answer_within": 3.0} | options
            simulated = SimulatedSlack(**given)
            await simulated.start()
            receiver = Receiver()
            runner, receiver.url = await serve(receiver.handle)
            cleanup.push_async_callback(runner.cleanup)
            cleanup.push_async_callback(simulated.stop)
            cleanup.callback(receiver.let_go)
            simulated.deliver_to(receiver.url)
            return simulated, receiver

        yield start


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SimulatedSlack]:
    simulated = SimulatedSlack(clock=clock, paced=False, answer_within=3.0, retry_pauses=(0.01, 0.01, 0.01))
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def receiver(slack: SimulatedSlack) -> AsyncIterator[Receiver]:
    """Provide the app that the simulated Slack delivers to."""
    receiver = Receiver()
    runner, receiver.url = await serve(receiver.handle)
    slack.deliver_to(receiver.url)
    yield receiver
    receiver.let_go()
    await runner.cleanup()


@pytest.fixture
def client(slack: SimulatedSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def ana(slack: SimulatedSlack) -> str:
    return slack.add_user("ana", email="ana@example.com", locale="zh-CN")


@pytest.fixture
def incidents(slack: SimulatedSlack) -> str:
    return slack.add_channel("incidents")
