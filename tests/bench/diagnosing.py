"""Measure the API calls and the time of a diagnosis, and the time of the same reads one after another.

The simulated API server adds 20 ms to each response. "One after another" is the same diagnosis through a connection
with one call in flight at a time.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import full_world_of, reachable, request_of
from bot.cluster.contexts import connect
from bot.diagnosing import Engine, build_engine, diagnose
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from intents.catalog.schema import Incident
from intents.request import DiagnoseObject, Request

LATENCY_S: Final = 0.020
RUNS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Calls to the API server and median seconds of a whole diagnosis, for one request."""

    calls: int
    concurrent: float
    serial: float


async def measure(engine: Engine, incident: Incident, request: Request) -> Measured:
    cluster = SimulatedCluster()
    cluster.load_neighbours()
    cluster.load(full_world_of(incident, incident.cases[0]))
    async with (
        reachable(cluster) as path,
        connect(kubeconfig=path, settings=ClusterSettings()) as many,
        connect(kubeconfig=path, settings=ClusterSettings(concurrency=1)) as one,
    ):
        calls = (await diagnose(request, engine=engine, connection=many)).api_calls
        cluster.latency = LATENCY_S
        times: dict[str, list[float]] = {"many": [], "one": []}
        for _ in range(RUNS):  # Interleaved, so that noise of the machine affects both equally.
            for name, connection in (("many", many), ("one", one)):
                started = time.perf_counter()
                await diagnose(request, engine=engine, connection=connection, deadline=60)
                times[name].append(time.perf_counter() - started)
    return Measured(calls=calls, concurrent=statistics.median(times["many"]), serial=statistics.median(times["one"]))


def _pod_of(incident: Incident) -> Request | None:
    """Return the first pod of the broken case, as an object to diagnose."""
    for obj in full_world_of(incident, incident.cases[0])["objects"]:
        if obj["kind"] == "Pod":
            return DiagnoseObject(kind="Pod", namespace=obj["metadata"]["namespace"], name=obj["metadata"]["name"])
    return None


async def run(console: Console) -> None:
    """Print a row per incident, for its text and for its pod."""
    engine = build_engine()[0]
    table = Table(title=f"Diagnosis, {LATENCY_S * 1000:.0f} ms added to each API call, median of {RUNS}")
    for column in ("asked", "API calls", "concurrent", "one by one", "ratio"):
        table.add_column(column, justify="left" if column == "asked" else "right")
    for incident in engine.catalog:
        for how, request in (("text", request_of(incident, incident.cases[0])), ("pod", _pod_of(incident))):
            if request is None:
                continue
            measured = await measure(engine, incident, request)
            table.add_row(
                f"{incident.id} ({how})",
                str(measured.calls),
                f"{measured.concurrent * 1000:.0f} ms",
                f"{measured.serial * 1000:.0f} ms",
                f"{measured.serial / measured.concurrent:.1f}×",
            )
    console.print(table)


if __name__ == "__main__":
    asyncio.run(run(Console(width=110)))
