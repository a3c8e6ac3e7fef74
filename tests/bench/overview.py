"""Measure `diagnose cluster` on clusters of several sizes, beside the bare lists of the same kinds.

The simulated API server runs in this process, each measurement in a fresh one: its peak memory is its own. It
adds 20 ms to each response. "Bare lists" reads the same pages, parses them and keeps nothing. Each is done once before
it is measured, as in a bot that has answered before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import reachable, stage
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.resources import well_known
from bot.cluster.snapshot import Snapshot
from bot.cluster.watching import PageReader
from bot.diagnosing import build_engine
from bot.overviews.overview import OverviewProgress, overview
from bot.overviews.scan import KINDS
from bot.settings.prometheus import ClusterSettings
from tests.diagnosing.healthy_cluster import healthy_cluster

# Copies of every healthy object, and Deployments of 20 pods beside them: 500, 5,000 and 20,000 pods.
SIZES: Final = ((4, 2), (40, 90), (40, 840))
RUNS: Final = 3
LATENCY_S: Final = 0.020
FAULTS: Final[dict[str, Any]] = {
    "scene": {
        "Deployment/bench-a/web": {
            "replicas": 20,
            "containers": {"app": {"image": "app:1", "limits": {"memory": "64Mi"}}},
        },
        "Deployment/bench-b/api": {"replicas": 20, "containers": {"app": "api:1"}},
        "Service/bench-b/api": {"ports": 80},
    },
    "faults": {
        "Deployment/bench-a/web": {"exited": "OOMKilled", "restarts": 9, "waiting": "CrashLoopBackOff"},
        "Deployment/bench-b/api": {"pull_error": "pull access denied", "waiting": "ImagePullBackOff"},
    },
}


async def run(console: Console) -> None:
    """Print a row per size."""
    table = Table(title=f"diagnose cluster: the best of {RUNS} runs, two workloads broken")
    for column in (
        "pods",
        "objects",
        "API calls",
        "findings",
        "first progress",
        "overview",
        "bare lists",
        "ratio",
        "peak",
    ):
        table.add_column(column, justify="right")
    for copies, fillers in SIZES:
        cluster = stage(healthy_cluster(copies=copies, fillers=fillers).world, FAULTS)
        cluster.latency = LATENCY_S
        async with reachable(cluster) as kubeconfig:
            told = [await _measured("overview", kubeconfig) for _ in range(RUNS)]
            bare = [await _measured("bare", kubeconfig) for _ in range(RUNS)]
        best = min(told, key=lambda each: each["seconds"])
        lists = min(each["seconds"] for each in bare)
        table.add_row(
            f"{best['pods']:,}", f"{best['objects']:,}", str(best["calls"]), str(best["findings"]),
            f"{best['first']:.2f} s", f"{best['seconds']:.2f} s", f"{lists:.2f} s", f"{best['seconds'] / lists:.2f}×",
            f"{max(each['peak_mb'] for each in told):.0f} MB",
        )  # fmt: skip
    console.print(table)


async def _measured(what: str, kubeconfig: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.overview", what, str(kubeconfig), stdout=PIPE
    )
    out, _ = await process.communicate()
    return dict(json.loads(out))


async def _measure(what: str, kubeconfig: Path) -> dict[str, Any]:
    engine = build_engine()[0]
    async with connect(kubeconfig=kubeconfig, settings=ClusterSettings()) as connection:
        if what == "bare":
            await _bare(connection)
            started = time.perf_counter()
            await _bare(connection)
            return {"seconds": time.perf_counter() - started}
        await overview("", engine=engine, connection=connection, deadline=300)
        started = time.perf_counter()
        first: list[float] = []

        def progress(_progress: OverviewProgress) -> None:
            first.append(time.perf_counter() - started)

        found = await overview("", engine=engine, connection=connection, deadline=300, progress=progress)
        return {
            "seconds": time.perf_counter() - started,
            "first": first[0],
            "calls": found.api_calls,
            "findings": len(found.findings),
            "pods": found.looked_at["pods"],
            "objects": sum(found.looked_at.values()),
            "peak_mb": _peak_mb(),
        }


def _peak_mb() -> float:
    """Return the most memory that this process has held; getrusage would count that of its parent before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


async def _bare(connection: Connection) -> None:
    """Read the lists as an overview does, at most four at a time, and keep nothing."""
    reader = PageReader(connection=connection, deadline=time.monotonic() + 300)
    async with Snapshot(connection, deadline=300) as snapshot:
        custom = await snapshot.custom_kinds()
    seats = asyncio.Semaphore(4)
    kinds = [resource for kind in KINDS if (resource := well_known(kind)) is not None]

    async def read(number: int) -> None:
        async with seats:
            async for _page in reader.pages([*kinds, *custom][number]):
                pass

    await asyncio.gather(*map(read, range(len(kinds) + len(custom))))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.stdout.write(json.dumps(asyncio.run(_measure(sys.argv[1], Path(sys.argv[2])))))
    else:
        asyncio.run(run(Console(width=140)))
