"""Send signed but mutated inputs to `casebook serve`, and measure what becomes of them."""

from __future__ import annotations

import asyncio
import io
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import build_engine
from intents.catalog.cases import ask_of
from tests.bench.hold_memory import resident_mb
from tests.end_to_end.process import premises
from tests.mutated_inputs import Input, People, mutated

COUNT: Final = 10_000
INCIDENT: Final = "image-pull-failed"
CHAT: Final = "who owns the billing dashboard these days?"
# A client that Slack would be: it waits this long for an answer.
_PATIENCE_S: Final = 10.0
_AT_ONCE: Final = 8
_SENT_AT_MOST: Final = 4
_SENT_AGAIN_S: Final = 0.5
# 413: larger than any payload of Slack.
_EXPECTED: Final = frozenset({200, 400, 413})
_ANSWERED_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Results: responses by status (0: none in time), the inputs that failed, the slowest response, and the memory.

    `before_mb` is the memory after the first tenth, when caches are filled. `tracebacks` counts those in the log.
    `answered_after_s` is the time until a paste afterwards is answered, behind the jobs of inputs that were still
    valid; None: not in time.
    """

    statuses: Counter[int]
    failed: tuple[str, ...]
    slowest_s: float
    before_mb: float
    after_mb: float
    tracebacks: int
    log: str
    answered_after_s: float | None


async def measure(count: int = COUNT, *, seed: int = 16, forked: bool = False) -> Held:
    """Send `count` inputs to a fresh process, and then a paste that must be answered."""
    incident = build_engine()[0].catalog.incidents[INCIDENT]
    text = ask_of(incident, incident.cases[0]).text
    statuses: Counter[int] = Counter()
    failed: list[str] = []
    slowest = 0.0
    with TemporaryDirectory(prefix="casebook-hold-") as temporary:
        async with (
            premises(Path(temporary), full_world_of(incident, incident.cases[0]), pace=False) as at,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE_S)) as session,
        ):
            serving = await at.start(forked=forked)
            pid = serving.process.pid
            assert pid is not None
            people = People.of(at.slack, at.alex, at.channel)

            async def send(each: Input) -> None:
                nonlocal slowest
                began, status = time.monotonic(), 0
                headers = at.slack.sign(each.body) | {"Content-Type": each.content_type}
                address = f"http://{urlsplit(serving.url).netloc}{each.path}"
                try:
                    # As Slack does, it comes again to a bot that is too busy to record it.
                    for _ in range(_SENT_AT_MOST):
                        began = time.monotonic()
                        async with session.post(address, data=io.BytesIO(each.body), headers=headers) as answer:
                            await answer.read()
                            status = answer.status
                        if status != HTTPStatus.SERVICE_UNAVAILABLE:
                            break
                        await asyncio.sleep(_SENT_AGAIN_S)
                except (aiohttp.ClientError, TimeoutError) as error:
                    status = 0
                    failed.append(f"{type(error).__name__}: {each.kind}")
                slowest = max(slowest, time.monotonic() - began)
                statuses[status] += 1
                if status not in _EXPECTED:
                    failed.append(f"{status}: {each.kind}")

            inputs = mutated(people, (text, CHAT, "pod web -n shop"), count=count, seed=seed)
            before = 0.0

            async def send_one_after_another() -> None:
                nonlocal before
                for each in inputs:
                    await send(each)
                    if not before and statuses.total() > count // 10:
                        before = resident_mb(pid, "VmRSS")

            # A slow one does not delay the others.
            await asyncio.gather(*(send_one_after_another() for _ in range(_AT_ONCE)))
            after = resident_mb(pid, "VmRSS")
            began = time.monotonic()
            channel = at.slack.add_channel("afterwards")
            said = await at.slack.say(at.slack.add_user("later"), channel, text)
            answered = None
            with suppress(TimeoutError):
                await at.answer(said, channel=channel, within=_ANSWERED_WITHIN_S)
                answered = time.monotonic() - began
            log = "".join(serving.said)
            return Held(
                statuses=statuses,
                failed=tuple(failed),
                slowest_s=slowest,
                before_mb=before,
                after_mb=after,
                tracebacks=log.count("Traceback") + log.count('"exception"'),
                log=log,
                answered_after_s=answered,
            )


async def run(console: Console, *, count: int = COUNT) -> None:
    """Print the figures."""
    held = await measure(count)
    table = Table(title=f"{count} mutated signed inputs")
    for column in ("what", "measured", "target"):
        table.add_column(column)
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(held.statuses.items()))
    table.add_row("responses", statuses, "200 and 400")
    table.add_row("tracebacks in the log", str(held.tracebacks), "0")
    table.add_row("slowest response", f"{held.slowest_s:.2f} s", "< 3 s")
    table.add_row("memory", f"{held.before_mb:.0f} → {held.after_mb:.0f} MB", "flat")
    after = (
        f"not within {_ANSWERED_WITHIN_S:g} s" if held.answered_after_s is None else f"{held.answered_after_s:.1f} s"
    )
    table.add_row("a paste afterwards is answered after", after, "")
    console.print(table)
    for line in held.failed[:20]:
        console.print(line, style="red", markup=False)


if __name__ == "__main__":
    asyncio.run(run(Console(width=110)))
