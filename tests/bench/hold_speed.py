"""Measure how fast a burst of pastes is answered at Slack's documented rate limits, and acknowledgements under load.

The simulated Slack refuses calls over its tiers with a 429. Answers are timed from the paste to the last change of
the answer. The figures come with their targets; nothing here passes or fails.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.playground.slack import ChangeKind
from tests.bench.serve_process import serving
from tests.bench.slack import FarEnds, far_ends, measure_acks
from tests.bench.storm import Acks

CHANNELS: Final = 40
PASTES: Final = 75
BURST_S: Final = 30.0
BACKLOG: Final = 300
RATE: Final = 300.0
STORM_S: Final = 20.0
# All windows of Slack's limits are this long.
_WINDOW_S: Final = 60.0
_LONGEST_S: Final = 400.0
_QUIET_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Results of a burst of pastes: seconds from the first paste to the last answer, and calls by method."""

    pastes: int
    answered: int
    seconds: float
    longest_wait: float
    calls: Counter[str]
    refused: int

    @property
    def calls_per_answer(self) -> float:
        return self.calls.total() / max(1, self.answered)

    @property
    def answers_a_minute(self) -> float:
        return 60 * self.answered / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Answer:
    """The app's first message in a thread: when it was last changed, and whether it is still a placeholder."""

    ts: str
    at: float
    final: bool


async def measure_burst(
    ends: FarEnds, url: str, *, pastes: int = PASTES, within: float = BURST_S, first: int = 0
) -> Burst:
    """Paste `pastes` errors evenly over `within` seconds in all channels, and wait for the answers.

    The same error is not repeated in a channel before all others were pasted there; `first` continues that order.
    """
    slack = ends.slack
    calls_before = len(slack.calls)
    asked: dict[str, float] = {}
    answers: dict[str, _Answer] = {}
    people = [slack.add_user(f"person-{first}-{number}") for number in range(pastes)]
    begun = time.time()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch(ends, answers))
        slack.deliver_to(url)
        for number, user in enumerate(people, start=first):
            await asyncio.sleep(max(0.0, begun + (number - first) * within / pastes - time.time()))
            channel = ends.channels[number % len(ends.channels)]
            text = ends.pastes[(number // len(ends.channels) + number) % len(ends.pastes)]
            at = time.time()
            asked[await slack.say(user, channel, text)] = at
        await _until_answered(answers, pastes)
        slack.deliver_to(None)
        watching.cancel()
    final = {thread: answer.at for thread, answer in answers.items() if answer.final and thread in asked}
    calls = slack.calls[calls_before:]
    return Burst(
        pastes=pastes,
        answered=len(final),
        seconds=max(final.values(), default=begun) - begun,
        longest_wait=max((at - asked[thread] for thread, at in final.items()), default=0.0),
        calls=Counter(call.method for call in calls),
        refused=sum(call.status == 429 for call in calls),
    )


async def _watch(ends: FarEnds, answers: dict[str, _Answer]) -> None:
    """Record the app's first message of each thread and its last change."""
    with ends.slack.subscribe() as changes:
        async for change in changes:
            thread, ts = change.data.get("thread_ts"), change.data.get("ts", "")
            if change.data.get("user") != ends.slack.bot_user_id or not thread:
                continue
            known = answers.setdefault(thread, _Answer(ts=ts, at=change.at, final=False))
            if known.ts == ts and change.kind in (ChangeKind.MESSAGE_POSTED, ChangeKind.MESSAGE_CHANGED):
                known.at, known.final = change.at, not str(change.data.get("text", "")).startswith("⏳")


async def _until_answered(answers: dict[str, _Answer], wanted: int) -> None:
    until = time.time() + _LONGEST_S
    while (now := time.time()) < until:
        final = [answer.at for answer in answers.values() if answer.final]
        if len(final) >= wanted and now - max(final) > _QUIET_S:
            return
        await asyncio.sleep(0.1)


def percentile(times: Sequence[float], part: int) -> float:
    """Return the percentile of `times` in seconds; 0 if there are too few."""
    return statistics.quantiles(times, n=100, method="inclusive")[part - 1] if len(times) > 1 else 0.0


def show_burst(console: Console, title: str, burst: Burst, *, within: float | None = 40.0) -> None:
    table = Table(title=title)
    for column in ("figure", "measured", "target"):
        table.add_column(column)
    table.add_row("answered", f"{burst.answered} of {burst.pastes}", "all")
    table.add_row("until all are answered", f"{burst.seconds:.1f} s", f"<= {within:g} s" if within else "")
    table.add_row("longest wait of one paste", f"{burst.longest_wait:.1f} s", "")
    table.add_row("answers a minute", f"{burst.answers_a_minute:.0f}", "")
    table.add_row("Slack calls per answer", f"{burst.calls_per_answer:.2f}", "1.2")
    table.add_row("calls refused with 429", str(burst.refused), "0")
    console.print(table)
    console.print(", ".join(f"{method} {times}" for method, times in burst.calls.most_common()))


def show_acks(console: Console, acks: Acks, *, rate: float, seconds: float) -> None:
    times = [*acks.chat, *acks.pastes]
    table = Table(title=f"{rate:g} events/s for {seconds:g} s, a tenth of them pastes")
    for column in ("figure", "measured", "target"):
        table.add_column(column)
    table.add_row("acknowledged", f"{len(times)} of {round(rate * seconds)}", "all")
    table.add_row("other responses", str(acks.refused or "none"), "none")
    for part in (50, 95, 99):
        table.add_row(f"ack p{part}", f"{percentile(times, part) * 1000:.0f} ms", "< 1000 ms" if part == 99 else "")
    table.add_row("ack p99 of pastes", f"{percentile(acks.pastes, 99) * 1000:.0f} ms", "")
    table.add_row("slowest ack", f"{max(times, default=0) * 1000:.0f} ms", "")
    console.print(table)


async def run(console: Console, *parts: str) -> None:
    """Print all figures, or those of `parts`: burst, backlog, acks."""
    wanted = parts or ("burst", "backlog", "acks")
    if "burst" in wanted:
        async with far_ends(channels=CHANNELS) as ends, serving(ends.slack, ends.cluster) as url:
            show_burst(console, f"Cold start: {PASTES} pastes in {BURST_S:g} s", await measure_burst(ends, url))
            await asyncio.sleep(_WINDOW_S)
            warm = await measure_burst(ends, url, first=PASTES)
            show_burst(console, f"Warm: {PASTES} pastes in {BURST_S:g} s", warm)
    if "backlog" in wanted:
        async with far_ends(channels=CHANNELS) as ends, serving(ends.slack, ends.cluster) as url:
            title = f"Backlog: {BACKLOG} pastes in {BURST_S:g} s"
            show_burst(console, title, await measure_burst(ends, url, pastes=BACKLOG), within=None)
    if "acks" in wanted:
        async with far_ends(channels=CHANNELS) as ends, serving(ends.slack, ends.cluster) as url:
            acks = await measure_acks(ends, url, rate=RATE, seconds=STORM_S)
            show_acks(console, acks, rate=RATE, seconds=STORM_S)


if __name__ == "__main__":
    asyncio.run(run(Console(width=110), *sys.argv[1:]))
