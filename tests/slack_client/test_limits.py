"""Slack's own limits, kept: SimulatedSlack counts as Slack does, with time running fifty times as fast for both."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.limits import Limits, Rate
from responses.slack.message import Message

SPEED = 50


def faster(limits: Limits) -> Limits:
    def rate(of: Rate) -> Rate:
        return replace(of, every=of.every / SPEED)

    return replace(
        limits,
        methods={name: rate(of) for name, of in limits.methods.items()},
        other=rate(limits.other),
        channel=rate(limits.channel),
        between_edits=limits.between_edits / SPEED,
    )


@pytest.fixture
async def strict_slack() -> AsyncIterator[Callable[[float], Awaitable[SimulatedSlack]]]:
    """A Slack that enforces its limits, with a clock that runs so many times as fast as ours."""
    started: list[SimulatedSlack] = []

    async def start(speed: float) -> SimulatedSlack:
        far_end = SimulatedSlack(pace=True, clock=lambda: time.time() * speed)
        await far_end.start()
        started.append(far_end)
        return far_end

    yield start
    for far_end in started:
        await far_end.stop()


async def test_what_the_client_sends_at_its_fastest_slack_need_not_refuse(strict_slack):
    far_end = await strict_slack(SPEED)
    channels = [far_end.add_channel(f"channel-{number}") for number in range(3)]
    web_client = AsyncWebClient(token=far_end.bot_token, base_url=far_end.api_url)
    async with Slack(web_client, limits=faster(Limits())) as slack:
        sent = await asyncio.gather(
            *(slack.post(channel=channels[number % 3], message=Message(text=f"{number}")) for number in range(55))
        )
        await asyncio.gather(
            *(
                slack.update(channel=each.channel, ts=each.ts, message=Message(text="found"), final=True)
                for each in sent
            )
        )
    assert Counter(call.method for call in far_end.calls if call.status == 429) == {}
    assert Counter(call.method for call in far_end.calls) == {"chat.postMessage": 55, "chat.update": 55}


async def test_where_slack_is_stricter_than_we_know_everything_still_arrives(strict_slack):
    far_end = await strict_slack(1)
    channel = far_end.add_channel("general")
    limits = replace(Limits(), channel=Rate(every=0.01, burst=10))
    async with Slack(AsyncWebClient(token=far_end.bot_token, base_url=far_end.api_url), limits=limits) as slack:
        await asyncio.gather(*(slack.post(channel=channel, message=Message(text=f"{number}")) for number in range(4)))
    assert sorted(message["text"] for message in far_end.messages(channel)) == ["0", "1", "2", "3"]
    assert any(call.status == 429 for call in far_end.calls)
