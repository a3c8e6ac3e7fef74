"""Measure the memory of `casebook serve` while its API server attacks it.

Each attack gets a fresh process, and several people paste at the same time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import build_engine
from intents.catalog.cases import ask_of
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import is_final, words_of
from tests.hostile_api_server import ATTACKS, hostile_api_server

TARGET_MB: Final = 400
PASTES: Final = 3
INCIDENT: Final = "image-pull-failed"
READS_LOGS: Final = "crashloop-cluster-id-mismatch"
_ANSWERED_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The result of one attack; `attacked` counts the requests that it concerned, `answers` are the final texts."""

    before_mb: float
    peak_mb: float
    seconds: float
    attacked: int
    sent_mb: float
    answers: tuple[str, ...]


async def measure(name: str, *, pastes: int = PASTES, forked: bool = False) -> Held:
    """Paste an incident in several channels at once, and wait for the answers. `forked` starts faster."""
    attack, incident = ATTACKS[name], READS_LOGS if "log" in name else INCIDENT
    catalog = build_engine()[0].catalog
    case = catalog.incidents[incident].cases[0]
    world, text = full_world_of(catalog.incidents[incident], case), ask_of(catalog.incidents[incident], case).text
    with TemporaryDirectory(prefix="casebook-hold-") as temporary:
        directory = Path(temporary)
        async with (
            premises(directory, world, pace=False) as at,
            hostile_api_server(at.cluster, attack) as hostile,
        ):
            (directory / "kubeconfig").write_text(json.dumps(hostile.kubeconfig), encoding="utf-8")
            serving = await at.start(forked=forked)
            pid = serving.process.pid
            assert pid is not None
            before = resident_mb(pid, "VmRSS")
            began = time.monotonic()
            places = [
                (at.slack.add_channel(f"held-{number}"), at.slack.add_user(f"p{number}")) for number in range(pastes)
            ]
            said = [(channel, await at.slack.say(user, channel, text)) for channel, user in places]
            finals = await at.slack.wait_for(
                lambda: _finals(at.ours(ts, channel) for channel, ts in said), timeout=_ANSWERED_WITHIN_S
            )
            return Held(
                before_mb=before,
                peak_mb=resident_mb(pid, "VmHWM"),
                seconds=time.monotonic() - began,
                attacked=len(hostile.attacked),
                sent_mb=hostile.sent / 1e6,
                answers=finals,
            )


def _finals(threads: Iterable[list[dict[str, Any]]]) -> tuple[str, ...]:
    """Return the final answers once every thread has one, else nothing."""
    found = [next((one for one in thread if is_final(one)), None) for thread in threads]
    return tuple(words_of(one["blocks"]) for one in found if one) if all(found) else ()


def resident_mb(pid: int, field: str) -> float:
    """Return VmRSS (now) or VmHWM (peak) of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


async def run(console: Console) -> None:
    """Print a row per attack."""
    table = Table(title=f"Memory of casebook serve, {PASTES} pastes at once; target below {TARGET_MB} MB")
    for column in ("attack", "before", "peak", "attacked requests", "sent", "answered after"):
        table.add_column(column, justify="left" if column == "attack" else "right")
    for name in ATTACKS:
        try:
            held = await measure(name)
        except TimeoutError:
            table.add_row(name, "", "no answer", "", "", f"not within {_ANSWERED_WITHIN_S:g} s", style="red")
            continue
        table.add_row(
            name,
            f"{held.before_mb:.0f} MB",
            f"{held.peak_mb:.0f} MB",
            str(held.attacked),
            f"{held.sent_mb:.0f} MB",
            f"{held.seconds:.1f} s",
            style="" if held.peak_mb < TARGET_MB else "red",
        )
    console.print(table)


if __name__ == "__main__":
    asyncio.run(run(Console(width=110)))
