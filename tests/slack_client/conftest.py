"""Provide a simulated Slack with one channel, and our client with short intervals."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.pacer import Limits
from tests.slack_client.scene import CHANNEL, FAST

QUICK = Limits(
    methods={},
    other=FAST,
    channel=FAST,
    call=0.2,
    patience=3.0,
    trigger=0.5,
    between_edits=0.05,
    first_pause=0.01,
    settling=0.01,
)


@pytest.fixture
async def far_end() -> AsyncIterator[SimulatedSlack]:
    far = SimulatedSlack(paced=False)
    await far.start()
    far.add_user("ana", id="U0ANA")
    far.add_channel("general", id=CHANNEL)
    yield far
    await far.stop()


@pytest.fixture
async def client_with(far_end: SimulatedSlack) -> AsyncIterator[Callable[..., Slack]]:
    """Return a function that makes a client with `QUICK` limits, except those given."""
    made: list[Slack] = []

    def make(**limits: Any) -> Slack:
        web = AsyncWebClient(token=far_end.bot_token, base_url=far_end.api_url)
        made.append(Slack(web, limits=replace(QUICK, **limits)))
        return made[-1]

    yield make
    for slack in made:
        await slack.aclose()


@pytest.fixture
def slack(client_with: Callable[..., Slack]) -> Slack:
    return client_with()
