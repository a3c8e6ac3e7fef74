"""Measure response times in Slack, and acknowledgement times in a busy workspace.

The app is `casebook serve` in its own process. Slack and cluster are simulated in this process and add 50 ms to each
call. Response times are measured one paste at a time, because Slack's rate limits delay faster ones; `slack_traces`
says what the first message, the answer and an edit are. A third process sends the storm of events (see `storm`).
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bot.cli.showcase import set_up
from bot.diagnosing import build_engine
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from tests.bench.serve_process import serving
from tests.bench.slack_traces import Trace, reasons, traced
from tests.bench.storm import Acks, Event

LATENCY_S: Final = 0.050
ROUNDS: Final = 3
# chat.update is limited to 50 calls per minute; faster pastes would measure that limit.
APART_S: Final = 1.5
RATE: Final = 50.0
STORM_S: Final = 30.0
SHARE_OF_PASTES: Final = 0.1
CHAT: Final = (
    "morning all", "lunch?", "can somebody review my PR about the login page", "deploy of web-frontend is done",
    "the retro is at 3", "I'll be out tomorrow", "thanks!", "who owns the billing dashboard these days?",
    "restarting my laptop, back in 5", "is the error budget page up to date", "looks good to me :+1:",
    "rolled out v2.31.0 to staging, no alerts so far",
)  # fmt: skip
_CHANNELS: Final = 20
_ANSWERED_WITHIN_S: Final = 30.0
# Slower answers are shown with their calls.
_SLOW_S: Final = 2.0
_QUIET_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnds:
    """A running workspace and cluster, and a text for each incident of the cluster."""

    slack: SimulatedSlack
    cluster: SimulatedCluster
    channels: Sequence[str]
    pastes: Sequence[str]


@asynccontextmanager
async def far_ends(*, channels: int = _CHANNELS) -> AsyncIterator[FarEnds]:
    """Start both simulations with the added latency; Slack enforces its documented rate limits."""
    showcase = set_up(build_engine()[0].catalog)
    slack = SimulatedSlack()
    names = [slack.add_channel(f"channel-{number}") for number in range(channels)]
    await slack.start()
    await showcase.cluster.start()
    slack.latency = showcase.cluster.latency = LATENCY_S
    try:
        # One channel per incident, because a repeated error in a channel is counted, not answered again.
        pastes = tuple({sample.incident: sample.text for sample in showcase.samples}.values())
        yield FarEnds(slack=slack, cluster=showcase.cluster, channels=names, pastes=pastes)
    finally:
        await showcase.cluster.stop()
        await slack.stop()


async def measure_waits(
    ends: FarEnds,
    url: str,
    *,
    rounds: int = ROUNDS,
    apart: float = APART_S,
    quiet: float = _QUIET_S,
    within: float = _ANSWERED_WITHIN_S,
) -> list[Trace]:
    """Paste every text `rounds` times, each time in another channel, `apart` seconds after the previous one.

    Ends once all are answered and nothing happens for `quiet` seconds, or `within` seconds after the last paste.
    """
    slack = ends.slack
    asked: dict[str, float] = {}
    slack.deliver_to(url)
    for channel in ends.channels[:rounds]:
        for text in ends.pastes:
            at = time.time()
            ts = await slack.say(slack.add_user(f"person-{len(asked)}"), channel, text)
            asked[f"{slack.team_id}.{channel}.{ts}"] = at
            await asyncio.sleep(apart)
    until = time.time() + within
    while (now := time.time()) < until:
        traces = traced(slack.calls, asked)
        if all(trace.answer is not None for trace in traces) and now - slack.calls[-1].at > quiet:
            break
        await asyncio.sleep(0.1)
    slack.deliver_to(None)
    return traced(slack.calls, asked)


async def measure_acks(ends: FarEnds, url: str, *, rate: float = RATE, seconds: float = STORM_S) -> Acks:
    """Measure the acknowledgements of `rate` events per second for `seconds`."""
    events = await _events(ends, int(rate * seconds))
    arguments = {"url": url, "secret": ends.slack.signing_secret, "rate": rate, "events": events}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.storm", stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate(json.dumps(arguments).encode())
    return Acks(**json.loads(output))


async def _events(ends: FarEnds, count: int) -> list[Event]:
    """Return chat and pastes in random order, each from another user in its channel, so that no two are merged."""
    chance = random.Random(7)
    channels = len(ends.channels)
    users = [ends.slack.add_user(f"busy-{number}") for number in range(count // channels + 1)]
    events: list[Event] = []
    for number in range(count):
        is_paste = chance.random() < SHARE_OF_PASTES
        # No two texts are alike, so that what a cache of ours saves counts as little as with real people.
        text = f"{chance.choice(ends.pastes if is_paste else CHAT)}\n({number})"
        user, channel = users[number // channels], ends.channels[number % channels]
        # Posted before the app connects: its answers are thread replies and need a parent message.
        ts = await ends.slack.say(user, channel, text)
        message = ends.slack.message(channel, ts)
        events.append(Event(body=json.dumps(_envelope(ends.slack, message, channel, number)), paste=is_paste))
    return events


def _envelope(slack: SimulatedSlack, message: dict[str, Any], channel: str, number: int) -> dict[str, Any]:
    inner = message | {"channel": channel, "event_ts": message["ts"], "channel_type": "channel"}
    bot = {"team_id": slack.team_id, "user_id": slack.bot_user_id, "is_bot": True, "is_enterprise_install": False}
    return {
        "type": "event_callback", "team_id": slack.team_id, "api_app_id": slack.app_id, "event": inner,
        "event_id": f"Ev0STORM{number:06d}", "event_time": int(time.time()), "authorizations": [bot],
        "is_ext_shared_channel": False,
    }  # fmt: skip


def show_waits(console: Console, traces: Sequence[Trace]) -> None:
    title = f"One paste at a time, {LATENCY_S * 1000:.0f} ms added to each Kubernetes and Slack call"
    first = [trace.first for trace in traces if trace.first is not None]
    answer = [trace.answer for trace in traces if trace.answer is not None]
    console.print(_table(title, "from event to", first, answer, labels=("first message", "answer")))
    if len(answer) < len(traces):
        console.print(f"{len(traces) - len(answer)} pastes had no answer", style="red")
    minutes = (traces[-1].asked - traces[0].asked) / 60
    counted = reasons(traces)
    said = ", ".join(f"{why} {count}" for why, count in counted.most_common()) or "none"
    console.print(
        f"{counted.total()} edits after {len(answer)} answers ({_per_minute(counted.total(), minutes)}): {said}"
    )
    for trace in traces:
        if trace.edits or trace.answer is None or trace.answer > _SLOW_S:
            console.print("\n".join(trace.lines()), markup=False, highlight=False, soft_wrap=True)


def _per_minute(count: int, minutes: float) -> str:
    return f"{count / minutes:.1f} a minute" if minutes else "one paste"


def show_acks(console: Console, acks: Acks, *, rate: float = RATE, seconds: float = STORM_S) -> None:
    title = f"{rate:g} events/s for {seconds:g} s, {SHARE_OF_PASTES:.0%} of them pastes"
    console.print(_table(title, "ack of", acks.chat, acks.pastes, labels=("chat", "a paste")))
    late = sum(taken > 3 for taken in [*acks.chat, *acks.pastes])
    if late or acks.refused:
        console.print(f"late acknowledgements: {late}; other responses: {acks.refused or 'none'}", style="red")


def _table(title: str, what: str, *rows: Sequence[float], labels: Sequence[str]) -> Table:
    table = Table(title=title)
    for column in (what, "count", "p50", "p95", "p99", "max"):
        table.add_column(column, justify="left" if column == what else "right")
    for label, times in zip(labels, rows, strict=True):
        cuts = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else []
        shown = [cuts[at - 1] for at in (50, 95, 99)] + [max(times)] if cuts else []
        table.add_row(label, str(len(times)), *(f"{seconds * 1000:.0f} ms" for seconds in shown))
    return table


async def run(console: Console) -> None:
    """Print both tables."""
    async with far_ends() as ends, serving(ends.slack, ends.cluster) as url:
        show_waits(console, await measure_waits(ends, url))
    async with far_ends() as ends, serving(ends.slack, ends.cluster) as url:
        show_acks(console, await measure_acks(ends, url))


if __name__ == "__main__":
    asyncio.run(run(Console(width=110)))
