"""Send 1,000 alerts of 12 causes within ten seconds from two Alertmanagers, kill Casebook in the middle, count posts.

Run it with `python -m tests.bench.alert_storm`; with `--postgres` two replicas share a database, each Alertmanager
sends to both in turn, and one of them is killed. Each sender repeats every request once, and until it gets 200. A
second storm of further alerts about the same causes shows whether memory grows with the number of alerts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp

from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import is_final, words_of
from tests.missing_config import world_without
from tests.postgres import running_server

TOKEN: Final = "alertmanager-bearer-of-the-storm"
_CAUSES: Final = 12
_GROUP: Final = 10
_QUIET_S: Final = 5.0
_PODS: Final = 3
_SUFFIXES: Final = ("bbbbb", "ccccc", "ddddd")


@dataclass(slots=True)
class Storm:
    """What is sent to `urls` in turn, and what became of it. The first replica is killed once, for `away` seconds.

    With `hurried` the processes are forks and neither side keeps Slack's rate limits.
    """

    alerts: int = 1_000
    seconds: float = 10.0
    killed_after: float = 4.0
    away: float = 0.0
    rounds: int = 2
    hurried: bool = False
    urls: list[str] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    again: int = 0
    memory: list[int] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)

    @property
    def causes(self) -> list[int]:
        """Return how many posts there are of each cause."""
        return [sum(f"config-{cause:02d}" in each for each in self.posts) for cause in range(_CAUSES)]


def world() -> dict[str, Any]:
    """Return a cluster in which each Deployment misses a ConfigMap of its own."""
    config_maps = {f"app{cause:02d}": f"config-{cause:02d}" for cause in range(_CAUSES)}
    pods = {name: [_pod(cause, index) for index in range(_PODS)] for cause, name in enumerate(config_maps)}
    return world_without(config_maps, pods)


def _pod(cause: int, index: int) -> str:
    return f"app{cause:02d}-7d9f8b6c54-{_SUFFIXES[index % _PODS]}"


def bodies(sender: str, *, alerts: int, shard: str) -> list[bytes]:
    """Return the requests of one Alertmanager."""
    all_of_them = [
        {
            "status": "firing",
            "labels": {
                "alertname": "KubePodNotReady",
                "namespace": "till",
                "pod": _pod(number % _CAUSES, number // _CAUSES),
                "prometheus": f"shard-{shard}-{number}",
            },
            "annotations": {"summary": "A pod is not ready."},
            "startsAt": "2026-11-20T08:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
        for number in range(alerts)
    ]
    return [
        json.dumps(
            {
                "version": "4",
                "groupKey": f"{{}}:{{shard={shard}-{start}}}",
                "status": "firing",
                "receiver": "casebook",
                "externalURL": f"http://{sender}:9093",
                "alerts": all_of_them[start : start + _GROUP],
            }
        ).encode()
        for start in range(0, alerts, _GROUP)
    ]


async def _send(session: aiohttp.ClientSession, storm: Storm, body: bytes, turn: int) -> None:
    while True:
        began = time.monotonic()
        url = storm.urls[turn % len(storm.urls)]
        try:
            async with session.post(
                f"{url}/alerts", data=body, headers={"Authorization": f"Bearer {TOKEN}"}
            ) as response:
                if response.status == 200:
                    storm.acknowledged.append(time.monotonic() - began)
                    return
        except aiohttp.ClientError:
            pass
        storm.again += 1
        turn += 1
        await asyncio.sleep(0.5)


async def _sender(storm: Storm, name: str, *, first: int, shard: str) -> None:
    sent: list[asyncio.Task[None]] = []
    requests = [each for body in bodies(name, alerts=storm.alerts, shard=shard) for each in (body, body)]
    async with aiohttp.ClientSession() as session:
        for turn, body in enumerate(requests, first):
            sent.append(asyncio.create_task(_send(session, storm, body, turn)))
            await asyncio.sleep(storm.seconds / len(requests))
        await asyncio.gather(*sent)


async def _kill(at: Premises, storm: Storm, replica: str) -> None:
    await asyncio.sleep(storm.killed_after)
    await at.processes[0].kill()
    await asyncio.sleep(storm.away)
    storm.urls[0] = (await at.start(forked=storm.hurried, replica=replica)).url


def resident(pid: int) -> int:
    """Return the resident memory of a process and its children in MiB."""
    pages = 0
    for process in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]:
        pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4 // 1024


async def _quiet(at: Premises, storm: Storm) -> None:
    """Wait until each cause is posted and nothing was called for a while."""

    def posted() -> bool:
        storm.posts = [words_of(each["blocks"]) for each in at.ours() if is_final(each)]
        return 0 not in storm.causes

    await at.slack.wait_for(posted, timeout=60)
    calls = -1
    while calls != (calls := len(at.slack.calls)):  # noqa: ASYNC110 - that nothing more comes, only time can show
        await asyncio.sleep(_QUIET_S if not storm.hurried else 1.0)
    posted()


async def measure(directory: Path, storm: Storm, *, database: str = "", replicas: int = 1) -> None:
    """Run a storm, and fill in what happened."""
    routes = directory / "routes.yaml"
    routes.write_text("- {channel: C0000000001, cluster: simulated}\n", encoding="utf-8")
    variables: dict[str, Any] = {"CASEBOOK_ALERTS_TOKEN": TOKEN, "CASEBOOK_ALERT_ROUTES": str(routes)}
    if database:
        variables["CASEBOOK_DATABASE_URL"] = database
    names = [f"replica-{number}" for number in range(replicas)]
    async with premises(directory, world(), pace=not storm.hurried, **variables) as at:
        storm.urls = [(await at.start(forked=storm.hurried, replica=name)).url for name in names]
        for number in range(storm.rounds):
            shard = str(number)
            senders = [_sender(storm, f"am-{each}", first=each, shard=shard) for each in range(2)]
            await asyncio.gather(*senders, *([_kill(at, storm, names[0])] if not number else []))
            await _quiet(at, storm)
            storm.memory.append(resident(at.processes[-1].process.pid or 0))


async def run(*, on_postgresql: bool) -> None:
    """Run the storm and print what happened."""
    storm = Storm()
    with TemporaryDirectory(prefix="casebook-alerts-") as directory, ExitStack() as stack:
        database = stack.enter_context(running_server()).create() if on_postgresql else ""
        await measure(Path(directory), storm, database=database, replicas=2 if on_postgresql else 1)
    waits = sorted(storm.acknowledged)
    print(f"requests acknowledged: {len(waits)}, sent again: {storm.again}")
    print(f"acknowledged after: median {waits[len(waits) // 2]:.3f} s, slowest {waits[-1]:.3f} s")
    print(f"posts: {len(storm.posts)}, of each cause: {storm.causes}")
    print(f"memory after each storm of {storm.alerts} alerts: {', '.join(f'{each} MiB' for each in storm.memory)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="two replicas on one PostgreSQL")
    asyncio.run(run(on_postgresql=parser.parse_args().postgres))
