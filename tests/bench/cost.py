"""Measure what a running `casebook serve` costs: seconds to ready, resident memory idle and busy, CPU while idle.

    cost.py [--fast] [NAME=COMMAND@DIRECTORY]...

Each NAME is one installation to compare: `COMMAND serve` is run in DIRECTORY. Without any, it is this checkout. All of
them get the same Slack, clusters and questions, one after the other, each as a process of its own; the bytecode is
written by an unmeasured start. The first measured start finds neither a cached catalog nor a database, as after an
installation by pip; the second finds the catalog, as in the image; the third finds both, as after a restart: its memory
is measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.cli.showcase import set_up
from bot.diagnosing import build_engine
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from tests.bench.hold_speed import measure_burst
from tests.bench.serve_process import Served, cpu_s, served
from tests.bench.slack import FarEnds

CLUSTERS: Final = 4
CHANNELS: Final = 40
DIAGNOSES: Final = 200
# Faster pastes would wait for Slack's limits, not for the bot.
PASTED_WITHIN_S: Final = 100.0
IDLE_S: Final = 60.0
# What follows a start is not idling: the first look at each cluster, and a minute in which the engine of jobs looks for
# schedules each second.
SETTLED_S: Final = 65.0
MOST_READY_S: Final = 3.0
MOST_IDLE_MIB: Final = 150
MOST_BUSY_MIB: Final = 300
MOST_IDLE_CPU: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A program to measure, and the directory it is started in."""

    name: str
    command: Sequence[str]
    directory: Path

    @classmethod
    def of(cls, text: str) -> Installation:
        name, _, rest = text.partition("=")
        command, _, directory = rest.rpartition("@")
        return cls(name=name, command=command.split(), directory=Path(directory).resolve())


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of a process in MiB: resident, its share of what it shares, and what only it has written."""

    rss: float
    pss: float
    own: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The figures of one installation."""

    bare_start_s: float
    first_start_s: float
    start_s: float
    start_cpu_s: float
    idle: Memory
    idle_cpu_percent: float
    busy: Memory
    busy_peak_mib: float
    answered: int
    answers_s: float
    cpu_ms_per_answer: float
    drew: bool


def memory_of(pid: int) -> Memory:
    """Return the memory of a process now."""
    found = _fields(Path(f"/proc/{pid}/smaps_rollup"))
    return Memory(
        rss=found["Rss"] / 1024,
        pss=found["Pss"] / 1024,
        own=found["Private_Dirty"] / 1024,
    )


def peak_mib(pid: int) -> float:
    """Return the most that a process had resident so far, in MiB."""
    return _fields(Path(f"/proc/{pid}/status"))["VmHWM"] / 1024


def _has_loaded(pid: int, library: str) -> bool:
    return library in Path(f"/proc/{pid}/maps").read_text("utf-8")


def _fields(file: Path) -> dict[str, int]:
    lines = (line.split() for line in file.read_text("ascii").splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) == 3 and words[2] == "kB"}


@asynccontextmanager
async def _far_ends() -> AsyncIterator[tuple[FarEnds, Mapping[str, SimulatedCluster]]]:
    """Run a workspace and some clusters with the same broken objects."""
    catalog = build_engine()[0].catalog
    async with AsyncExitStack() as stack:
        slack = SimulatedSlack()
        channels = [slack.add_channel(f"channel-{number}") for number in range(CHANNELS)]
        await slack.start()
        stack.push_async_callback(slack.stop)
        clusters: dict[str, SimulatedCluster] = {}
        pastes: tuple[str, ...] = ()
        for number in range(CLUSTERS):
            showcase = set_up(catalog)
            await showcase.cluster.start()
            stack.push_async_callback(showcase.cluster.stop)
            clusters[f"cluster-{number}"] = showcase.cluster
            pastes = tuple({sample.incident: sample.text for sample in showcase.samples}.values())
        yield FarEnds(slack=slack, cluster=clusters["cluster-0"], channels=channels, pastes=pastes), clusters


async def measure(one: Installation, *, idle_s: float = IDLE_S, diagnoses: int = DIAGNOSES) -> Cost:
    """Start an installation twice, let it idle, then ask it about all clusters."""
    with TemporaryDirectory(prefix="casebook-cost-") as temporary:
        directory = Path(temporary)
        channels = directory / "channels.yaml"
        names = [f"cluster-{number}" for number in range(CLUSTERS)]
        channels.write_text(
            "".join(
                f"- {{channels: [channel-{number}], cluster: {names[number % CLUSTERS]}}}\n"
                for number in range(CHANNELS)
            ),
            "utf-8",
        )
        caches = {"XDG_CACHE_HOME": str(directory / "cache"), "MPLCONFIGDIR": str(directory / "matplotlib")}
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory / "bytecode"), "PYTHONPATH": ""}
        variables = {"CASEBOOK_CHANNELS": str(channels), **bytecode}
        unmeasured = {**variables, "XDG_CACHE_HOME": str(directory / "unmeasured")}
        (data := directory / "data").mkdir(mode=0o700)
        (bare_data := directory / "bare").mkdir(mode=0o700)
        start = partial(served, command=one.command, directory=one.directory)
        async with _far_ends() as (ends, clusters):
            async with start(ends.slack, clusters, variables=unmeasured):
                pass
            async with start(ends.slack, clusters, data=bare_data, variables={**variables, **caches}) as bare:
                pass
            async with start(ends.slack, clusters, data=data, variables={**variables, **caches}) as first:
                pass
            async with start(ends.slack, clusters, data=data, variables={**variables, **caches}) as program:
                return await _measured(program, (bare, first), ends, idle_s=idle_s, diagnoses=diagnoses)


async def _measured(
    program: Served, before: tuple[Served, Served], ends: FarEnds, *, idle_s: float, diagnoses: int
) -> Cost:
    (bare, first), pid = before, program.pid
    await asyncio.sleep(SETTLED_S)
    cpu, began = cpu_s(pid), time.monotonic()
    await asyncio.sleep(idle_s)
    idle_cpu = 100 * (cpu_s(pid) - cpu) / (time.monotonic() - began)
    idle = memory_of(pid)
    cpu = cpu_s(pid)
    burst = await measure_burst(
        ends, f"{program.url}/slack/events", pastes=diagnoses, within=PASTED_WITHIN_S * diagnoses / DIAGNOSES
    )
    return Cost(
        bare_start_s=bare.ready_s,
        first_start_s=first.ready_s,
        start_s=program.ready_s,
        start_cpu_s=program.ready_cpu_s,
        idle=idle,
        idle_cpu_percent=idle_cpu,
        busy=memory_of(pid),
        busy_peak_mib=peak_mib(pid),
        answered=burst.answered,
        answers_s=burst.seconds,
        cpu_ms_per_answer=1000 * (cpu_s(pid) - cpu) / max(1, burst.answered),
        drew=_has_loaded(pid, "matplotlib"),
    )


def show(console: Console, costs: Mapping[str, Cost]) -> None:
    """Print one column per installation."""
    table = Table(title=f"casebook serve, {CLUSTERS} clusters, {next(iter(costs.values())).answered} answers")
    table.add_column("figure")
    for name in costs:
        table.add_column(name, justify="right")
    table.add_column("target", justify="right")

    def row(title: str, shown: Sequence[str], target: str = "") -> None:
        table.add_row(title, *shown, target)

    each = list(costs.values())
    target = f"≤ {MOST_READY_S:g} s"
    row("start to ready, nothing there yet", [f"{one.bare_start_s:.2f} s" for one in each])
    row("start to ready, with the image's cache", [f"{one.first_start_s:.2f} s" for one in each], target)
    row("start to ready", [f"{one.start_s:.2f} s" for one in each], target)
    row("start to ready: processor", [f"{one.start_cpu_s:.2f} s" for one in each])
    row("idle: resident", [f"{one.idle.rss:.0f} MiB" for one in each], f"≤ {MOST_IDLE_MIB} MiB")
    row("idle: proportional (PSS)", [f"{one.idle.pss:.0f} MiB" for one in each])
    row("idle: private, written", [f"{one.idle.own:.0f} MiB" for one in each])
    row("idle: processor", [f"{one.idle_cpu_percent:.2f} %" for one in each], f"≤ {MOST_IDLE_CPU:g} %")
    row("busy: resident afterwards", [f"{one.busy.rss:.0f} MiB" for one in each], f"≤ {MOST_BUSY_MIB} MiB")
    row("busy: peak", [f"{one.busy_peak_mib:.0f} MiB" for one in each], f"≤ {MOST_BUSY_MIB} MiB")
    row("busy: answered", [str(one.answered) for one in each])
    row("busy: until all are answered", [f"{one.answers_s:.1f} s" for one in each])
    row("busy: processor per answer", [f"{one.cpu_ms_per_answer:.0f} ms" for one in each])
    row("pictures drawn in the process", ["yes" if one.drew else "no" for one in each])
    console.print(table)


async def run(console: Console, *texts: str, fast: bool = False) -> None:
    """Measure the installations one after the other."""
    own = Installation(name="checkout", command=(sys.executable, "-m", "bot"), directory=Path.cwd())
    costs: dict[str, Cost] = {}
    for one in [Installation.of(text) for text in texts] or [own]:
        costs[one.name] = await (measure(one, idle_s=10.0, diagnoses=60) if fast else measure(one))
    show(console, costs)


if __name__ == "__main__":
    _texts = [text for text in sys.argv[1:] if text != "--fast"]
    asyncio.run(run(Console(width=110), *_texts, fast="--fast" in sys.argv[1:]))
