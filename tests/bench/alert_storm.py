"""Send 1,000 alerts of 12 causes within ten seconds from two Alertmanagers, kill Casebook meanwhile, count posts.

Run it with `python -m tests.bench.alert_storm [--postgres] [--kill MOMENT]`. Each sender repeats every request once,
and until it gets 200. With `--postgres` two replicas share a PostgreSQL, the senders alternate between them, and one
is killed and started again.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp

from tests.end_to_end.process import Premises, Serving, premises
from tests.end_to_end.workplace import is_final, words_of
from tests.postgres import running_server
from tests.waiting import until

_TOKEN: Final = "alertmanager-bearer-of-the-storm"
_CAUSES: Final = 12
_ALERTS: Final = 1_000
_SECONDS: Final = 10.0
_MIDDLE_S: Final = 4.0
_WATCHED_S: Final = 30
_GROUP: Final = 10
_PODS: Final = 3
_SUFFIXES: Final = ("bbbbb", "ccccc", "ddddd")
_SENDERS: Final = ("am-0", "am-1")
_POST: Final = "chat.postMessage"
_REPLICAS: Final = ("one", "another")


class Kill(StrEnum):
    """The moment at which a process is killed."""

    MIDDLE = "middle"
    """Four seconds after the first request."""
    ACK = "ack"
    """Right after the first acknowledgement."""
    POST_SENT = "post-sent"
    """While the first post is in flight, before Slack handles it."""
    POST_ACCEPTED = "post-accepted"
    """After Slack accepted the first post, before its answer arrives."""
    POSTED = "posted"
    """Right after the third post."""
    LAST_ACK = "last-ack"
    """Right after the last acknowledgement."""
    NEVER = "never"


@dataclass(slots=True)
class Storm:
    """What became of the requests."""

    kill: Kill = Kill.MIDDLE
    urls: dict[str, str] = field(default_factory=dict)
    acknowledged: list[float] = field(default_factory=list)
    again: int = 0
    memory: list[int] = field(default_factory=list)
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.time)

    def address(self) -> Iterator[str]:
        """Yield the addresses of the running replicas in turn."""
        for number in itertools.count():
            urls = list(self.urls.values())
            yield urls[number % len(urls)] if urls else "http://127.0.0.1:9"


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


async def _send(session: aiohttp.ClientSession, storm: Storm, urls: Iterator[str], body: bytes) -> None:
    while True:
        began = time.monotonic()
        try:
            async with session.post(
                f"{next(urls)}/alerts", data=body, headers={"Authorization": f"Bearer {_TOKEN}"}
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
    urls = storm.address()
    requests = [each for body in bodies(name) for each in (body, body)]
    async with aiohttp.ClientSession() as session:
        for body in requests:
            sent.append(asyncio.create_task(_send(session, storm, urls, body)))
            await asyncio.sleep(_SECONDS / len(requests))
        await asyncio.gather(*sent)


async def _send_all(storm: Storm) -> None:
    await asyncio.gather(*(_sender(storm, name) for name in _SENDERS))
    storm.sent.set()


async def _kill(at: Premises, storm: Storm) -> None:
    """Kill the first replica at its moment and start it again; then watch the memory of all."""
    if storm.kill in (Kill.POST_SENT, Kill.POST_ACCEPTED):
        at.slack.fail(_POST, hang=True, after_execution=storm.kill is Kill.POST_ACCEPTED)
    match storm.kill:
        case Kill.MIDDLE:
            await asyncio.sleep(_MIDDLE_S)
        case Kill.ACK:
            await until(lambda: storm.acknowledged)
        case Kill.POST_SENT | Kill.POST_ACCEPTED:
            await until(lambda: [each for each in at.slack.calls if each.method == _POST and not each.status])
        case Kill.POSTED:
            await until(lambda: len(at.ours()) >= 3)
        case Kill.LAST_ACK | Kill.NEVER:
            await storm.sent.wait()
    running: list[Serving] = [*at.processes]
    if storm.kill is not Kill.NEVER:
        name = next(iter(storm.urls))
        del storm.urls[name]
        await running.pop(0).kill()
        at.slack.clear_faults()
        running.append(await at.start(forked=False, replica=name))
        storm.urls[name] = running[-1].url
    for _ in range(_WATCHED_S):
        storm.memory.append(sum(_resident(each.process.pid or 0) for each in running))
        await asyncio.sleep(1)


def _resident(pid: int) -> int:
    """Return the resident memory of a process and its children in MiB."""
    pages = 0
    for process in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]:
        pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4 // 1024


async def run(kill: Kill, *, postgres: bool) -> None:
    """Run the storm and print what happened."""
    storm = Storm(kill)
    with ExitStack() as stack:
        path = Path(stack.enter_context(TemporaryDirectory(prefix="casebook-alerts-")))
        routes = path / "routes.yaml"
        routes.write_text("- {channel: C0000000001, cluster: simulated}\n", encoding="utf-8")
        variables: dict[str, Any] = {"CASEBOOK_ALERTS_TOKEN": _TOKEN, "CASEBOOK_ALERT_ROUTES": str(routes)}
        if postgres:
            server = stack.enter_context(running_server(synchronous_commit="on"))
            variables["CASEBOOK_DATABASE_URL"] = server.create()
        async with premises(path, world(), **variables) as at:
            for name in _REPLICAS if postgres else _REPLICAS[:1]:
                storm.urls[name] = (await at.start(forked=False, replica=name)).url
            storm.began = time.time()
            await asyncio.gather(_send_all(storm), _kill(at, storm))
            _show(at, storm)


def _show(at: Premises, storm: Storm) -> None:
    shown = [each for each in at.ours() if is_final(each)]
    after = sorted(float(each["ts"]) - storm.began for each in shown)
    posts = [words_of(each["blocks"]) for each in shown]
    named = [sum(f"config-{cause:02d}" in each for each in posts) for cause in range(_CAUSES)]
    waits, memory = sorted(storm.acknowledged), storm.memory
    print(f"killed: {storm.kill}, requests acknowledged: {len(waits)}, sent again: {storm.again}")
    print(f"acknowledged after: median {waits[len(waits) // 2]:.3f} s, slowest {waits[-1]:.3f} s")
    print(f"posts: {len(posts)}, causes with one post: {named.count(1)} of {_CAUSES}")
    print(f"first post after {after[0]:.1f} s, last after {after[-1]:.1f} s")
    print(f"memory after the kill: {memory[0]} MiB, each five seconds {memory[5::5]}, at the end {memory[-1]} MiB")


def main() -> None:
    """Read the arguments and run one storm."""
    parser = argparse.ArgumentParser(description="Send a storm of alerts and kill Casebook in it.")
    parser.add_argument("--postgres", action="store_true", help="two replicas on one PostgreSQL")
    parser.add_argument("--kill", type=Kill, choices=list(Kill), default=Kill.MIDDLE, help="when a process is killed")
    given = parser.parse_args()
    asyncio.run(run(given.kill, postgres=given.postgres))


if __name__ == "__main__":
    main()
