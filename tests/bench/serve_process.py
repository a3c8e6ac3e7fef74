"""Run `casebook serve` as its own process, against a simulated Slack and clusters in this one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ANNOUNCED: Final = re.compile(rb"http://[\d.]+:\d+")
# A first start may have to compile everything on a busy machine.
_STARTS_WITHIN_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `casebook serve`, with its seconds from start to announcement, and those of a processor in them."""

    pid: int
    url: str
    ready_s: float
    ready_cpu_s: float


@asynccontextmanager
async def serving(slack: SimulatedSlack, cluster: SimulatedCluster) -> AsyncIterator[str]:
    """Yield the address for Slack's events; Slack and cluster must run.

    Raise RuntimeError with the program's output if it does not start.
    """
    async with served(slack, {"simulated": cluster}) as one:
        yield f"{one.url}/slack/events"


@asynccontextmanager
async def served(
    slack: SimulatedSlack,
    clusters: Mapping[str, SimulatedCluster],
    *,
    command: Sequence[str] = (sys.executable, "-m", "bot"),
    directory: Path | None = None,
    data: Path | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Served]:
    """Run `command serve` in `directory` with one context per cluster; `variables` are added to its environment.

    It keeps its database in `data`, or in a directory of its own.
    """
    with TemporaryDirectory(prefix="casebook-bench-") as temporary:
        data = data or Path(temporary)
        kubeconfig = Path(temporary) / "kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(clusters)), encoding="utf-8")
        environment = {**_environment(slack, data, kubeconfig), "CASEBOOK_CONTEXTS": ",".join(clusters), **variables}
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(*command, "serve", stderr=PIPE, cwd=directory, env=environment)
        try:
            url = await _address(process)
            ready_s = time.monotonic() - began
            yield Served(pid=process.pid, url=url, ready_s=ready_s, ready_cpu_s=cpu_s(process.pid))
        finally:
            if process.returncode is None:
                process.terminate()
            # Read to the end, because a full pipe would block its exit.
            await process.communicate()


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def _kubeconfig(clusters: Mapping[str, SimulatedCluster]) -> Mapping[str, Any]:
    """Return a kubeconfig with a context of each name."""
    single = {name: cluster.kubeconfig() for name, cluster in clusters.items()}

    def named(name: str, part: str, of: str) -> dict[str, Any]:
        return {"name": name, of: {**single[name][part][0][of]}}

    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [named(name, "clusters", "cluster") for name in clusters],
        "users": [named(name, "users", "user") for name in clusters],
        "contexts": [
            {"name": name, "context": {**single[name]["contexts"][0]["context"], "cluster": name, "user": name}}
            for name in clusters
        ],
        "current-context": next(iter(clusters)),
    }


def _environment(slack: SimulatedSlack, data: Path, kubeconfig: Path) -> Mapping[str, str]:
    of_shell = {name: value for name, value in os.environ.items() if not name.startswith(("CASEBOOK_", "SLACK_"))}
    return of_shell | {
        "CASEBOOK_SLACK_API_URL": slack.api_url,
        "CASEBOOK_SLACK_BOT_TOKEN": slack.bot_token,
        "CASEBOOK_SLACK_SIGNING_SECRET": slack.signing_secret,
        "CASEBOOK_LISTEN": "127.0.0.1:0",
        "CASEBOOK_DATA": str(data),
        "CASEBOOK_LOG_LEVEL": "error",
        "CASEBOOK_DRAIN": "1",
        "KUBECONFIG": str(kubeconfig),
    }


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(_STARTS_WITHIN_S):
        while line := await process.stderr.readline():
            said += line
            if found := _ANNOUNCED.search(line):
                return found.group().decode()
    raise RuntimeError(f"casebook serve did not start: {said.decode().strip()}")
