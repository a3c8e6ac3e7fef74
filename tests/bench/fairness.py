"""Measure how long a person waits for an answer while another person has queued hundreds of requests.

The app runs in a process of its own; Slack, with its documented rate limits, and the cluster add 50 ms to each call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.end_to_end.process import Premises, premises

LATENCY_S: Final = 0.050
# So that the rate limits have recovered when the next answer is timed.
_APART_S: Final = 3.0
# Commands in flight to the app: more only fill its listening socket.
_TOGETHER: Final = 8
_ANSWERED_WITHIN_S: Final = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds until other people's answers, on an idle bot and beside the queue; `refused` of the queued requests."""

    idle: tuple[float, ...]
    beside: tuple[float, ...]
    refused: int

    @property
    def ratio(self) -> float:
        """Return how many times longer the median answer takes beside the queue."""
        return median(self.beside) / median(self.idle)


async def measure(
    directory: Path,
    *worlds: Mapping[str, Any],
    text: str,
    queued: int = 300,
    people: int = 3,
    same_channel: bool = False,
    apart: float = _APART_S,
) -> Waits:
    """Let one person queue `queued` commands, and time the answers to `people` others who paste `text`.

    The others paste in channels of their own, or with `same_channel` mention us in the busy one. On the idle bot they
    paste `apart` seconds after each other.
    """
    async with premises(directory, *worlds) as at:
        await at.start()
        at.slack.latency = at.cluster.latency = LATENCY_S
        idle = [await _answer_seconds(at, f"idle-{number}", text, at.slack.add_channel(f"idle-{number}"), apart=apart)
                for number in range(people)]  # fmt: skip
        gate = asyncio.Semaphore(_TOGETHER)
        flood = [asyncio.create_task(_command(at, number, gate)) for number in range(queued)]
        await asyncio.sleep(0.5)
        beside = []
        for number in range(people):
            channel = at.channel if same_channel else at.slack.add_channel(f"other-{number}")
            said = f"<@{at.slack.bot_user_id}> {text}" if same_channel else text
            beside.append(await _answer_seconds(at, f"other-{number}", said, channel, apart=0.0))
        refused = sum(await asyncio.gather(*flood))
    return Waits(idle=tuple(idle), beside=tuple(beside), refused=refused)


async def _answer_seconds(at: Premises, name: str, text: str, channel: str, *, apart: float) -> float:
    user = at.slack.add_user(name)
    await asyncio.sleep(apart)
    began = time.monotonic()
    ts = await at.slack.say(user, channel, text)
    await at.answer(ts, channel=channel, within=_ANSWERED_WITHIN_S)
    return time.monotonic() - began


async def _command(at: Premises, number: int, gate: asyncio.Semaphore) -> bool:
    """Send a command about an object of its own. Return whether it was refused."""
    async with gate:
        said = await at.slack.slash(at.alex, at.channel, f"pod ledger/unheard-of-{number}")
    return bool(said.body)
