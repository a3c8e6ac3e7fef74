"""Measure the memory of `casebook serve` while the API servers of its clusters attack it.

In the benchmark each attack gets a fresh process; several people paste at the same time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import build_engine
from intents.catalog.cases import ask_of
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import is_final, words_of
from tests.hostile_api_server import ATTACKS, HostileApiServer, hostile_api_server

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Besieged:
    """A process at `pid` whose clusters attack it, each by the attack with its name."""

    at: Premises
    pid: int
    attackers: Mapping[str, HostileApiServer]
    texts: Mapping[str, str]

    async def measure(self, name: str, *, pastes: int = PASTES) -> Held:
        """Paste an incident of the attacking cluster in several channels at once, and wait for the answers."""
        at, hostile = self.at, self.attackers[name]
        before = resident_mb(self.pid, "VmRSS")
        forget_peak(self.pid)
        began = time.monotonic()
        places = [
            (at.slack.add_channel(f"{_context(name)}-{number}"), at.slack.add_user(f"{_context(name)}-{number}"))
            for number in range(pastes)
        ]
        text = self.texts[READS_LOGS if "log" in name else INCIDENT] + f'\ncluster="{_context(name)}"'
        said = [(channel, await at.slack.say(user, channel, text)) for channel, user in places]
        finals = await at.slack.wait_for(
            lambda: _finals(at.ours(ts, channel) for channel, ts in said), timeout=_ANSWERED_WITHIN_S
        )
        return Held(
            before_mb=before,
            peak_mb=resident_mb(self.pid, "VmHWM"),
            seconds=time.monotonic() - began,
            attacked=len(hostile.attacked),
            sent_mb=hostile.sent / 1e6,
            answers=finals,
        )


@asynccontextmanager
async def besieged(directory: Path, *names: str, forked: bool = False) -> AsyncIterator[Besieged]:
    """Run a process with a cluster for each of these attacks. `forked` starts faster."""
    incidents = build_engine()[0].catalog.incidents
    cases = {id: incidents[id].cases[0] for id in (INCIDENT, READS_LOGS)}
    worlds = [full_world_of(incidents[id], case) for id, case in cases.items()]
    contexts = ",".join(map(_context, names))
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(premises(directory, *worlds, pace=False, CASEBOOK_CONTEXTS=contexts))
        attackers = {
            name: await stack.enter_async_context(hostile_api_server(at.cluster, ATTACKS[name])) for name in names
        }
        config = at.cluster.kubeconfig()
        (user,) = config["users"]
        servers = {_context(name): hostile.url for name, hostile in attackers.items()}
        config["clusters"] = [{"name": name, "cluster": {"server": url}} for name, url in servers.items()]
        config["contexts"] = [{"name": name, "context": {"cluster": name, "user": user["name"]}} for name in servers]
        config["current-context"] = next(iter(servers))
        (directory / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
        serving = await at.start(forked=forked)
        assert serving.process.pid is not None
        texts = {id: ask_of(incidents[id], case).text for id, case in cases.items()}
        yield Besieged(at=at, pid=serving.process.pid, attackers=attackers, texts=texts)


def _context(attack: str) -> str:
    """Return the name of the cluster that attacks so."""
    return attack.lower().replace(" ", "-")


def _finals(threads: Iterable[list[dict[str, Any]]]) -> tuple[str, ...]:
    """Return the final answers once every thread has one, else nothing."""
    found = [next((one for one in thread if is_final(one)), None) for thread in threads]
    return tuple(words_of(one["blocks"]) for one in found if one) if all(found) else ()


def forget_peak(pid: int) -> None:
    """Let the peak of a process begin anew from the memory that it holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


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
            with TemporaryDirectory(prefix="casebook-hold-") as directory:
                async with besieged(Path(directory), name) as siege:
                    held = await siege.measure(name)
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
