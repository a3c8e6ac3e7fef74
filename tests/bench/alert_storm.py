"""Send 1,000 alerts of 12 causes within ten seconds from two Alertmanagers, kill Casebook in the middle, count posts.

Run it with `python -m tests.bench.alert_storm`. Each sender repeats every request once, and until it gets 200.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp

from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import is_final, words_of

_TOKEN: Final = "alertmanager-bearer-of-the-storm"
_CAUSES: Final = 12
_ALERTS: Final = 1_000
_SECONDS: Final = 10.0
_KILLED_AFTER: Final = 4.0
_GROUP: Final = 10
_PODS: Final = 3
_SUFFIXES: Final = ("bbbbb", "ccccc", "ddddd")


@dataclass(slots=True)
class Storm:
    """What became of the requests."""

    acknowledged: list[float] = field(default_factory=list)
    again: int = 0
    memory: list[int] = field(default_factory=list)
    url: str = ""


def world() -> dict[str, Any]:
    """Return a cluster in which each Deployment misses a ConfigMap of its own."""
    scene: dict[str, Any] = {}
    faults: dict[str, Any] = {}
    for cause in range(_CAUSES):
        config = f"config-{cause:02d}"
        scene[f"Deployment/till/app{cause:02d}"] = {
            "containers": {"app": {"image": "app:1", "envFrom": [{"configMapRef": {"name": config}}]}},
            "pods": [_pod(cause, index) for index in range(_PODS)],
        }
        for index in range(_PODS):
            faults[f"Pod/till/{_pod(cause, index)}"] = {
                "waiting": "CreateContainerConfigError",
                "message": f'configmap "{config}" not found',
            }
    return {"scene": scene, "faults": faults}


def _pod(cause: int, index: int) -> str:
    return f"app{cause:02d}-7d9f8b6c54-{_SUFFIXES[index % _PODS]}"


def bodies(sender: str) -> list[bytes]:
    """Return the requests of one Alertmanager."""
    alerts = [
        {
            "status": "firing",
            "labels": {
                "alertname": "KubePodNotReady",
                "namespace": "till",
                "pod": _pod(number % _CAUSES, number // _CAUSES),
                "prometheus": f"shard-{number}",
            },
            "annotations": {"summary": "A pod is not ready."},
            "startsAt": "2026-11-20T08:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
        for number in range(_ALERTS)
    ]
    return [
        json.dumps(
            {
                "version": "4",
                "groupKey": f"{{}}:{{shard={start}}}",
                "status": "firing",
                "receiver": "casebook",
                "externalURL": f"http://{sender}:9093",
                "alerts": alerts[start : start + _GROUP],
            }
        ).encode()
        for start in range(0, _ALERTS, _GROUP)
    ]


async def _send(session: aiohttp.ClientSession, storm: Storm, body: bytes) -> None:
    while True:
        began = time.monotonic()
        try:
            async with session.post(
                f"{storm.url}/alerts", data=body, headers={"Authorization": f"Bearer {_TOKEN}"}
            ) as response:
                if response.status == 200:
                    storm.acknowledged.append(time.monotonic() - began)
                    return
        except aiohttp.ClientError:
            pass
        storm.again += 1
        await asyncio.sleep(0.5)


async def _sender(storm: Storm, name: str) -> None:
    sent: list[asyncio.Task[None]] = []
    requests = [each for body in bodies(name) for each in (body, body)]
    async with aiohttp.ClientSession() as session:
        for body in requests:
            sent.append(asyncio.create_task(_send(session, storm, body)))
            await asyncio.sleep(_SECONDS / len(requests))
        await asyncio.gather(*sent)


async def _kill(at: Premises, storm: Storm) -> None:
    await asyncio.sleep(_KILLED_AFTER)
    await at.processes[-1].kill()
    again = await at.start(forked=False)
    storm.url = again.url
    for _ in range(30):
        storm.memory.append(_resident(again.process.pid or 0))
        await asyncio.sleep(1)


def _resident(pid: int) -> int:
    """Return the resident memory of a process and its children in MiB."""
    pages = 0
    for process in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]:
        pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4 // 1024


async def run() -> None:
    """Run the storm and print what happened."""
    storm = Storm()
    with TemporaryDirectory(prefix="casebook-alerts-") as directory:
        path = Path(directory)
        routes = path / "routes.yaml"
        routes.write_text("- {channel: C0000000001, cluster: simulated}\n", encoding="utf-8")
        variables: dict[str, Any] = {"CASEBOOK_ALERTS_TOKEN": _TOKEN, "CASEBOOK_ALERT_ROUTES": str(routes)}
        async with premises(path, world(), **variables) as at:
            storm.url = (await at.start(forked=False)).url
            await asyncio.gather(_sender(storm, "am-0"), _sender(storm, "am-1"), _kill(at, storm))
            posts = [words_of(each["blocks"]) for each in at.ours() if is_final(each)]
            waits = sorted(storm.acknowledged)
            causes = sum(any(f"config-{cause:02d}" in each for each in posts) for cause in range(_CAUSES))
            print(f"requests acknowledged: {len(waits)}, sent again: {storm.again}")
            print(f"acknowledged after: median {waits[len(waits) // 2]:.3f} s, slowest {waits[-1]:.3f} s")
            print(f"posts: {len(posts)}, causes named: {causes} of {_CAUSES}")
            print(f"memory after the restart: {storm.memory[0]} MiB, at the end {storm.memory[-1]} MiB")


if __name__ == "__main__":
    asyncio.run(run())
