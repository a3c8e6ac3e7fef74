"""Test Slack's rate limits: the simulated Slack counts like Slack, and waiting takes no real time."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.playground.slack.limits import RateLimits, Tier
from bot.slack.client import Slack
from bot.slack.pacer import Limits, Pacer, Rate
from responses.slack.message import Message


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer, so that a busy machine does not change distances."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(JumpingSelector(self))

    def time(self) -> float:
        return self.now


class JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        # Time must advance a little: a timer below the loop's resolution would otherwise fire for ever.
        self._loop.now += 1e-6 if ready else max(timeout or 0.0, 1e-6)
        return ready


def jumping(run: Callable[[Pacer, RateLimits], Awaitable[None]]) -> None:
    """Run a test with our pacer at its fastest and the limits that refuse calls that are too fast."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        await run(Pacer(Limits(waiting=1000)), RateLimits(clock=clock, enforced=True))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(main())


@pytest.mark.parametrize("channels", [1, 60], ids=["one channel", "the workspace"])
def test_fastest_posts_stay_within_slacks_limits(channels: int):
    async def run(pacer: Pacer, pace: RateLimits) -> None:
        async def post(channel: str) -> None:
            await pacer.turn("chat.postMessage", channel=channel, patience=600)
            pace.call("chat.postMessage", tier=Tier.POSTING)
            pace.message(channel)

        await asyncio.gather(*(post(f"C{number % channels}") for number in range(360)))

    jumping(run)


@pytest.mark.parametrize(
    ("method", "tier"),
    [
        ("chat.update", Tier.THREE),
        ("users.info", Tier.FOUR),
        ("pins.add", Tier.TWO),
        ("pins.remove", Tier.TWO),
        ("conversations.canvases.create", Tier.TWO),
        ("canvases.edit", Tier.THREE),
        ("conversations.history", Tier.THREE),
        ("conversations.join", Tier.THREE),
        ("some.method", Tier.TWO),
    ],
)
def test_fastest_calls_stay_within_their_tier(method: str, tier: Tier):
    async def run(pacer: Pacer, pace: RateLimits) -> None:
        async def call() -> None:
            await pacer.turn(method, patience=600)
            pace.call(method, tier=tier)

        await asyncio.gather(*(call() for _ in range(tier + 10)))

    jumping(run)


@pytest.fixture
async def strict_slack() -> AsyncIterator[SimulatedSlack]:
    far_end = SimulatedSlack(paced=True)
    await far_end.start()
    yield far_end
    await far_end.stop()


async def test_everything_arrives_if_slack_is_stricter_than_documented(strict_slack: SimulatedSlack):
    channel = strict_slack.add_channel("general")
    limits = replace(Limits(), channel=Rate(every=0.01, burst=10))
    web_client = AsyncWebClient(token=strict_slack.bot_token, base_url=strict_slack.api_url)
    async with Slack(web_client, limits=limits) as slack:
        await asyncio.gather(*(slack.post(channel=channel, message=Message(text=f"{number}")) for number in range(4)))
    assert sorted(message["text"] for message in strict_slack.messages(channel)) == ["0", "1", "2", "3"]
    assert any(call.status == 429 for call in strict_slack.calls)
