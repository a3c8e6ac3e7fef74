"""Measure what many workspaces cost: two replicas on PostgreSQL, a simulated company and many clusters.

    many_workspaces.py [WORKSPACES]

Each replica is a real `casebook serve` process. Slack and the cluster, which stands for all of them, are simulated in
this process. Statements are counted by PostgreSQL itself. The first start creates the tables of all workspaces, the
second finds them; the second is measured. Nothing here passes or fails.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from bot.cli.showcase import set_up
from bot.diagnosing import build_engine
from bot.playground.kubernetes import SimulatedCluster
from tests.bench.cost import Memory, memory_of
from tests.bench.hold_speed import percentile
from tests.bench.offices import Offices, offices_of
from tests.bench.serve_process import Served, cpu_s, served
from tests.bench.slack import CHAT
from tests.end_to_end.company import Office
from tests.postgres import Server, running_server

WORKSPACES: Final = 200
SMALLER: Final = (10, 50)
CLUSTERS: Final = 20
REPLICAS: Final = ("one", "another")
IDLE_S: Final = 30.0
# What follows a start is not idling.
_SETTLES_S: Final = 15.0
ALONE: Final = 20
PASTES: Final = 120
WITHIN_S: Final = 60.0
CHAT_RATE: Final = 20.0
_ANSWERED_WITHIN_S: Final = 40.0
_STATEMENTS: Final = "SELECT calls, query FROM pg_stat_statements WHERE query NOT ILIKE '%pg_stat%' ORDER BY calls DESC"
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """The figures of two idle replicas that serve some workspaces."""

    workspaces: int
    first_start_s: float
    start_s: Sequence[float]
    start_cpu_s: float
    memory: Sequence[Memory]
    cpu_percent: Sequence[float]
    statements_per_s: float
    statements: Sequence[tuple[int, str]]
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Seconds from pastes to their answers."""

    seconds: Sequence[float]
    lost: Sequence[str]
    connections: int
    cpu_ms_per_answer: float


class Stage:
    """What outlives the processes: the company, the cluster and the database."""

    def __init__(
        self, offices: Offices, cluster: SimulatedCluster, pastes: Sequence[str], server: Server, directory: Path
    ) -> None:
        self.offices, self.pastes = offices, pastes
        self._clusters = {f"cluster-{number}": cluster for number in range(CLUSTERS)}
        self._server, self._directory = server, directory
        self.url = server.create()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        channels = offices.directory / "default" / "channels.yaml"
        channels.write_text("- {channels: [general], cluster: cluster-0}\n", "utf-8")

    @asynccontextmanager
    async def replica(self, name: str) -> AsyncIterator[Served]:
        """Serve with a replica of this name."""
        kept = self._directory / name
        kept.mkdir(mode=0o700, exist_ok=True)
        variables = {
            **self.offices.variables,
            "CASEBOOK_DATABASE_URL": self.url,
            "CASEBOOK_REPLICA": name,
            "XDG_CACHE_HOME": str(self._directory / "cache"),
        }
        slack = next(iter(self.offices.company.workspaces.values()))
        async with served(slack, self._clusters, data=kept, variables=variables) as one:
            yield one

    @asynccontextmanager
    async def replicas(self) -> AsyncIterator[tuple[Served, ...]]:
        """Serve with both replicas; Slack delivers to both in turn."""
        async with AsyncExitStack() as stack:
            found = [await stack.enter_async_context(self.replica(name)) for name in REPLICAS]
            self.offices.company.deliver_to(*(f"{one.url}/slack/events" for one in found))
            yield tuple(found)
            self.offices.company.deliver_to()

    def forget_statements(self) -> None:
        self._ask("SELECT pg_stat_statements_reset()")

    def statements(self) -> list[tuple[int, str]]:
        return [(int(calls), " ".join(str(query).split())) for calls, query in self._ask(_STATEMENTS)]

    def connections(self) -> int:
        """Return how many connections the replicas hold."""
        (row,) = self._ask(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(row[0])

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()


@asynccontextmanager
async def staged(workspaces: int) -> AsyncIterator[Stage]:
    """Run a company, a cluster and a database."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="casebook-many-")))
        server = stack.enter_context(
            running_server(shared_preload_libraries="pg_stat_statements", max_connections="100")
        )
        showcase = set_up(build_engine()[0].catalog)
        await showcase.cluster.start()
        stack.push_async_callback(showcase.cluster.stop)
        offices = await stack.enter_async_context(offices_of(directory, workspaces))
        pastes = tuple({sample.incident: sample.text for sample in showcase.samples}.values())
        yield Stage(offices, showcase.cluster, pastes, server, directory)


async def measure_idle(stage: Stage, replicas: Sequence[Served], first_start_s: float, *, idle_s: float) -> Idle:
    """Measure replicas to which nobody says anything."""
    await asyncio.sleep(_SETTLES_S)
    stage.forget_statements()
    began, cpu = time.monotonic(), [cpu_s(one.pid) for one in replicas]
    await asyncio.sleep(idle_s)
    took = time.monotonic() - began
    statements = stage.statements()
    return Idle(
        workspaces=len(stage.offices.teams),
        first_start_s=first_start_s,
        start_s=[one.ready_s for one in replicas],
        start_cpu_s=max(one.ready_cpu_s for one in replicas),
        memory=[memory_of(one.pid) for one in replicas],
        cpu_percent=[100 * (cpu_s(one.pid) - before) / took for one, before in zip(replicas, cpu, strict=True)],
        statements_per_s=sum(calls for calls, _ in statements) / took,
        statements=[(calls, query) for calls, query in statements[:_SHOWN]],
        connections=stage.connections(),
    )


async def measure_answers(
    stage: Stage, replicas: Sequence[Served], *, pastes: int, within: float, chat_rate: float = 0.0
) -> Answered:
    """Paste errors in workspaces chosen at random, and time their answers; `within` 0: one after the other."""
    chance = random.Random(pastes)
    offices = list(stage.offices.offices.values())
    before = sum(cpu_s(one.pid) for one in replicas)
    seconds: list[float] = []
    lost: list[str] = []
    connections: list[int] = []

    async def paste(number: int) -> None:
        office = chance.choice(offices)
        channel = office.slack.add_channel(f"general-{pastes}-{number}")
        began = time.monotonic()
        text = stage.pastes[number % len(stage.pastes)]
        # Mentioned, because some of the texts are sentences, which are not answered unasked.
        ts = await office.paste(f"<@{office.slack.bot_user_id}> {text}", channel)
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                await office.answer(ts, channel)
        except TimeoutError:
            lost.append(text)
            return
        seconds.append(time.monotonic() - began)

    chatting = asyncio.create_task(_chat(offices, chat_rate))
    begun = time.monotonic()
    tasks: list[asyncio.Task[None]] = []
    for number in range(pastes):
        tasks.append(asyncio.create_task(paste(number)))
        if within:
            await asyncio.sleep(max(0.0, begun + (number + 1) * within / pastes - time.monotonic()))
        else:
            await asyncio.wait(tasks)
        if not number % 10:
            connections.append(await asyncio.to_thread(stage.connections))
    await asyncio.gather(*tasks)
    chatting.cancel()
    used = sum(cpu_s(one.pid) for one in replicas) - before
    return Answered(
        seconds=seconds,
        lost=lost,
        connections=max(connections),
        cpu_ms_per_answer=1000 * used / max(1, len(seconds)),
    )


async def _chat(offices: Sequence[Office], rate: float) -> None:
    """Talk in all workspaces at this many messages a second."""
    chance = random.Random(1)
    while rate:
        office = chance.choice(offices)
        await office.slack.say(office.user, office.channel, chance.choice(CHAT))
        await asyncio.sleep(1 / rate)


def show_idle(console: Console, all_of_them: Sequence[Idle]) -> None:
    """Print one column per number of workspaces."""
    table = Table(title=f"Two idle replicas, {CLUSTERS} clusters, PostgreSQL")
    table.add_column("figure")
    for one in all_of_them:
        table.add_column(f"{one.workspaces} workspaces", justify="right")

    def row(title: str, *shown: str) -> None:
        table.add_row(title, *shown)

    def both(numbers: Sequence[float], form: str) -> str:
        return ", ".join(form.format(each) for each in numbers)

    row("first start: tables of all workspaces", *(f"{one.first_start_s:.1f} s" for one in all_of_them))
    row("start to ready", *(both(one.start_s, "{:.1f} s") for one in all_of_them))
    row("start to ready: processor", *(f"{one.start_cpu_s:.1f} s" for one in all_of_them))
    row("resident", *(both([each.rss for each in one.memory], "{:.0f} MiB") for one in all_of_them))
    row("proportional (PSS)", *(both([each.pss for each in one.memory], "{:.0f} MiB") for one in all_of_them))
    least = all_of_them[0]
    for title, get in (("resident", lambda each: each.rss), ("private", lambda each: each.own)):
        slopes = [
            1024
            * (sum(map(get, one.memory)) - sum(map(get, least.memory)))
            / len(one.memory)
            / (one.workspaces - least.workspaces)
            if one is not least
            else 0.0
            for one in all_of_them
        ]
        row(f"{title} per further workspace", *(f"{each:.0f} KiB" if each else "" for each in slopes))
    row("processor", *(both(one.cpu_percent, "{:.1f} %") for one in all_of_them))
    row("statements a second, both", *(f"{one.statements_per_s:.1f}" for one in all_of_them))
    row("connections, both", *(str(one.connections) for one in all_of_them))
    console.print(table)
    for calls, query in all_of_them[-1].statements:
        console.print(f"{calls:6} {query[:110]}", markup=False)


def show_answers(console: Console, answers: Mapping[str, Answered]) -> None:
    """Print one column per load."""
    table = Table(title="Answers to pastes spread over the workspaces")
    table.add_column("figure")
    for name in answers:
        table.add_column(name, justify="right")
    each = list(answers.values())
    table.add_row("answered", *(f"{len(one.seconds)} of {len(one.seconds) + len(one.lost)}" for one in each))
    table.add_row("median", *(f"{median(one.seconds):.2f} s" for one in each))
    table.add_row("p95", *(f"{percentile(one.seconds, 95):.2f} s" for one in each))
    table.add_row("longest", *(f"{max(one.seconds):.2f} s" for one in each))
    table.add_row("processor per answer, chat included", *(f"{one.cpu_ms_per_answer:.0f} ms" for one in each))
    table.add_row("connections, both", *(str(one.connections) for one in each))
    console.print(table)
    for text in {text for one in each for text in one.lost}:
        console.print(f"not answered: {text[:120]!r}", style="red", markup=False)


async def run(console: Console, workspaces: int = WORKSPACES, *, idle_s: float = IDLE_S) -> None:
    """Print all figures."""
    found = []
    answers: dict[str, Answered] = {}
    for count in sorted({*(each for each in SMALLER if each < workspaces), workspaces}):
        async with staged(count) as stage:
            await stage.offices.install(stage.url, *stage.offices.teams)
            async with stage.replica("one") as first:
                pass
            async with stage.replicas() as replicas:
                found.append(await measure_idle(stage, replicas, first.ready_s, idle_s=idle_s))
                if count == workspaces:
                    answers["one at a time"] = await measure_answers(stage, replicas, pastes=ALONE, within=0)
                    name = f"{PASTES} in {WITHIN_S:g} s, {CHAT_RATE:g} messages/s"
                    answers[name] = await measure_answers(
                        stage, replicas, pastes=PASTES, within=WITHIN_S, chat_rate=CHAT_RATE
                    )
    show_idle(console, found)
    show_answers(console, answers)


if __name__ == "__main__":
    asyncio.run(run(Console(width=140), *map(int, sys.argv[1:2])))
