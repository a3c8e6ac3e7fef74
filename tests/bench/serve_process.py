"""Run `casebook serve` as its own process, against a simulated Slack and cluster in this one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack

_ANNOUNCED: Final = re.compile(rb"http://[\d.]+:\d+")
_STARTS_WITHIN_S: Final = 30


@asynccontextmanager
async def serving(slack: SimulatedSlack, cluster: SimulatedCluster) -> AsyncIterator[str]:
    """Yield the address for Slack's events; Slack and cluster must run.

    Raise RuntimeError with the program's output if it does not start.
    """
    with TemporaryDirectory(prefix="casebook-bench-") as directory:
        path = Path(directory)
        kubeconfig = path / "kubeconfig"
        kubeconfig.write_text(json.dumps(cluster.kubeconfig()), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", stderr=PIPE, env=_environment(slack, path, kubeconfig)
        )
        try:
            yield f"{await _address(process)}/slack/events"
        finally:
            if process.returncode is None:
                process.terminate()
            # Read to the end, because a full pipe would block its exit.
            await process.communicate()


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
