"""Slack's own limits, kept: the simulated Slack counts as Slack does, with time running two hundred times as fast."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.playground.slack.pace import Pace, Tier
from bot.slack.client import Slack
from bot.slack.limits import Limits, Rate
from bot.slack.pacer import Pacer
from responses.slack.message import Message

SPEED = 200


def faster(limits: Limits) -> Limits:
    def rate(of: Rate) -> Rate:
        return replace(of, every=of.every / SPEED)

    methods = {name: rate(of) for name, of in limits.methods.items()}
    return replace(limits, methods=methods, other=rate(limits.other), channel=rate(limits.channel))


@pytest.fixture
def pace() -> Pace:
    """What refuses calls that come too fast."""
    return Pace(clock=lambda: asyncio.get_running_loop().time() * SPEED, enforced=True)


async def test_posts_at_our_fastest_are_not_too_fast_for_slack(pace: Pace):
    pacer = Pacer(faster(Limits()))

    async def post(channel: str) -> None:
        await pacer.turn("chat.postMessage", channel=channel)
        pace.call("chat.postMessage", tier=Tier.POSTING)
        pace.message(channel)

    await asyncio.gather(*(post(f"C{number % 8}") for number in range(8 * 45)))


@pytest.mark.parametrize(
    ("method", "tier"),
    [
        ("chat.update", Tier.THREE),
        ("users.info", Tier.FOUR),
        ("some.method", Tier.TWO),
    ],
)
async def test_calls_at_our_fastest_are_not_too_fast_for_their_tier(pace: Pace, method: str, tier: Tier):
    pacer = Pacer(faster(Limits()))

    async def call() -> None:
        await pacer.turn(method)
        pace.call(method, tier=tier)

    await asyncio.gather(*(call() for _ in range(tier + 10)))


@pytest.fixture
async def strict_slack() -> AsyncIterator[SimulatedSlack]:
    far_end = SimulatedSlack(pace=True)
    await far_end.start()
    yield far_end
    await far_end.stop()


async def test_where_slack_is_stricter_than_we_know_everything_still_arrives(strict_slack: SimulatedSlack):
    channel = strict_slack.add_channel("general")
    limits = replace(Limits(), channel=Rate(every=0.01, burst=10))
    web_client = AsyncWebClient(token=strict_slack.bot_token, base_url=strict_slack.api_url)
    async with Slack(web_client, limits=limits) as slack:
        await asyncio.gather(*(slack.post(channel=channel, message=Message(text=f"{number}")) for number in range(4)))
    assert sorted(message["text"] for message in strict_slack.messages(channel)) == ["0", "1", "2", "3"]
    assert any(call.status == 429 for call in strict_slack.calls)
