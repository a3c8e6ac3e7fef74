"""Watch a cluster of 5,000 pods for an accelerated day: 30 incidents and normal churn must make 30 posts, no other.

Run it with `python -m tests.bench.watch_day`. The bot runs as a process of its own; it and the simulated cluster read
the same clock, which the day moves on in steps of half a minute, each once the bot has come to rest. During the day
the API server drops all watches, forgets the history that they would resume from, and the bot is killed twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.cli.rehearsal import stage
from bot.playground.kubernetes import SimulatedCluster
from tests.bench.alert_storm import resident
from tests.end_to_end.process import Premises, premises_of
from tests.end_to_end.workplace import is_final, words_of

CHANNEL: Final = "C0000000001"
STEP: Final = timedelta(seconds=30)
MINUTE: Final = timedelta(minutes=1)
_PODS: Final = 20
_PER_NAMESPACE: Final = 5
_SUFFIXES: Final = ("bbbbb", "ccccc", "ddddd")
# Calls follow each other sooner than this as long as the bot works.
_REST_S: Final = 0.05
# What happens in a step besides, out of a hundred steps.
_FLAPS, _RESTARTS, _STARTS, _ROLLOUTS, _JOBS = 20, 10, 20, 10, 5

_PLAIN: Final[Mapping[str, Any]] = {"image": "app:1"}
_PROBED: Final[Mapping[str, Any]] = {"image": "app:1", "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
_NEW: Final[Mapping[str, str]] = {"age": "20s"}
# What breaks: the container as it is written, and how its pods fail.
KINDS: Final[tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]] = (
    (
        {"image": "app:1", "envFrom": [{"configMapRef": {"name": "pay-config"}}]},
        {"waiting": "CreateContainerConfigError", "message": 'configmap "pay-config" not found'},
    ),
    (
        {"image": "app:1", "envFrom": [{"secretRef": {"name": "pay-key"}}]},
        {"waiting": "CreateContainerConfigError", "message": 'secret "pay-key" not found'},
    ),
    (_PLAIN, {"pull_error": "pull access denied, repository does not exist", "waiting": "ImagePullBackOff"}),
    (
        {"image": "app:1", "limits": {"memory": "64Mi"}},
        {"exited": "OOMKilled", "restarts": 9, "waiting": "CrashLoopBackOff"},
    ),
    (_PLAIN, {"exited": 3, "restarts": 8, "waiting": "CrashLoopBackOff", "previous": "KeyError: 'DATABASE_URL'"}),
    (_PROBED, {"readiness": "HTTP probe failed with statuscode: 503"}),
    (
        {"image": "app:1", "requests": {"cpu": "400"}},
        {"unschedulable": "0/3 nodes are available: 3 Insufficient cpu."},
    ),
    (_PLAIN, {"exited": "Completed", "restarts": 8, "waiting": "CrashLoopBackOff"}),
)


@dataclass(frozen=True, slots=True)
class FileClock:
    """A clock for several processes: as far ahead as the file says, in seconds."""

    path: Path

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.path.read_text(encoding="ascii")))

    def advance(self, by: timedelta) -> None:
        ahead = float(self.path.read_text(encoding="ascii")) + by.total_seconds()
        new = self.path.with_suffix(".new")
        new.write_text(str(ahead), encoding="ascii")
        new.replace(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A Deployment that breaks at a time of the day and is well again later."""

    number: int
    begins: timedelta
    lasts: timedelta

    @property
    def name(self) -> str:
        return f"pay{self.number:02d}"

    @property
    def namespace(self) -> str:
        return f"team-{self.number:02d}"

    def world(self, *, broken: bool) -> dict[str, Any]:
        container, fault = KINDS[self.number % len(KINDS)]
        # Those that fail are new, as after a rollout.
        pods = {f"{self.name}-7d9f8b6c54-{suffix}": _NEW if broken else {} for suffix in _SUFFIXES}
        about = f"Deployment/{self.namespace}/{self.name}"
        return {
            "scene": {about: {"containers": {"app": dict(container)}, "pods": pods}},
            "faults": {f"Pod/{self.namespace}/{pod}": dict(fault) for pod in pods} if broken else {},
        }


@dataclass(slots=True, kw_only=True)
class Day:
    """What the day brings, and what came of it. Pods are those of ordinary workloads."""

    pods: int = 5_000
    incidents: int = 30
    hours: float = 24.0
    kills: int = 2
    seed: int = 20
    posts: list[str] = field(default_factory=list)
    edits: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    churn: Counter[str] = field(default_factory=Counter)

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=self.hours)

    def plan(self) -> list[Incident]:
        """Return the incidents, spread over the day; each lasts from five minutes to a quarter of the rest."""
        chance = random.Random(self.seed)
        apart = (self.lasts - 10 * MINUTE) / self.incidents
        longest = max(min(apart * 3, timedelta(hours=2)), 10 * MINUTE)
        return [
            Incident(
                number=number,
                begins=apart * number + apart * chance.random() / 2,
                lasts=5 * MINUTE + (longest - 5 * MINUTE) * chance.random() * (1 - number / self.incidents),
            )
            for number in range(self.incidents)
        ]

    def missed(self) -> list[str]:
        return [one.name for one in self.plan() if not any(one.name in each for each in self.posts)]


def calm(day: Day) -> dict[str, Any]:
    """Return the cluster as the day begins: everything is well."""
    scene: dict[str, Any] = {}
    for number in range(day.pods // _PODS):
        about = f"Deployment/calm-{number // _PER_NAMESPACE:02d}/app{number:03d}"
        scene[about] = {"replicas": _PODS, "containers": {"app": dict(_PROBED)}}
    for incident in day.plan():
        scene |= incident.world(broken=False)["scene"]
    return {"scene": scene, "faults": {}}


@dataclass(slots=True)
class _Churn:
    """Ordinary changes of a cluster that are no incident: each is over within two minutes."""

    cluster: SimulatedCluster
    day: Day
    chance: random.Random
    spare: Iterator[int]
    over: dict[timedelta, list[dict[str, Any]]] = field(default_factory=dict)

    def step(self, now: timedelta) -> None:
        """End what is over, and begin something as long as the day lasts."""
        for world in self.over.pop(now, []):
            self.cluster.load(world)
        if now >= self.day.lasts:
            return
        for share, happens in (
            (_FLAPS, self._flaps),
            (_RESTARTS, self._restarts),
            (_STARTS, self._starts),
            (_ROLLOUTS, self._rolls_out),
            (_JOBS, self._runs_a_job),
        ):
            if self.chance.randrange(100) < share:
                happens(now)
                self.day.churn[happens.__name__.strip("_")] += 1

    def _one(self, container: Mapping[str, Any] = _PROBED) -> tuple[dict[str, Any], str]:
        """Return a Deployment of one pod that no other churn touches, and its pod."""
        number = next(self.spare)
        name, namespace = f"churn{number % 200:03d}", f"calm-{number % 10:02d}"
        pod = f"{name}-6b6d5c4f9-{_SUFFIXES[number % 3]}"
        scene = {f"Deployment/{namespace}/{name}": {"containers": {"app": dict(container)}, "pods": {pod: _NEW}}}
        return scene, f"Pod/{namespace}/{pod}"

    def _for(self, now: timedelta, steps: int, scene: Mapping[str, Any], pod: str, fault: Mapping[str, Any]) -> None:
        self.cluster.load({"scene": dict(scene), "faults": {pod: dict(fault)}})
        self.over.setdefault(now + STEP * steps, []).append({"scene": dict(scene), "faults": {}})

    def _flaps(self, now: timedelta) -> None:
        self._for(now, self.chance.randint(1, 4), *self._one(), {"readiness": "HTTP probe failed with statuscode: 503"})

    def _restarts(self, now: timedelta) -> None:
        crashed = {"exited": 1, "ago": "15s", "restarts": 1, "running": "10s"}
        self._for(now, 1, *self._one(_PLAIN), crashed)

    def _starts(self, now: timedelta) -> None:
        self._for(now, self.chance.randint(1, 3), *self._one(), {"waiting": "ContainerCreating"})

    def _rolls_out(self, now: timedelta) -> None:
        number = self.chance.randrange(self.day.pods // _PODS)
        about = f"Deployment/calm-{number // _PER_NAMESPACE:02d}/app{number:03d}"
        image = f"app:{self.chance.randrange(2, 9)}"
        self.cluster.load({"scene": {about: {"replicas": _PODS, "containers": {"app": {**_PROBED, "image": image}}}}})

    def _runs_a_job(self, now: timedelta) -> None:
        number = next(self.spare)
        self.cluster.load({"scene": {f"Job/calm-{number % 10:02d}/once{number}": {"containers": {"job": "job:1"}}}})


async def _rests(at: Premises, least: int = 0) -> None:
    """Wait until the bot has called nobody for a moment."""
    calls = -1
    while calls != (calls := len(at.cluster.requests) + len(at.slack.calls)) or at.cluster.watches < least:  # noqa: ASYNC110
        await asyncio.sleep(_REST_S)


async def live(directory: Path, day: Day, **variables: Any) -> None:
    """Let the day pass, and fill in what came of it."""
    clock = FileClock(directory / "ahead")
    clock.path.write_text("0", encoding="ascii")
    app: dict[str, Any] = {"clock": clock, "beat_s": 0.02, "watch_look_s": 0.02}
    watch = {"CASEBOOK_WATCH": f"{CHANNEL} *", **variables}
    async with premises_of(directory, stage(calm(day), clock=clock), pace=False, variables=watch) as at:
        await at.start(**app)
        await _rests(at, least=_WATCHES)
        churn = _Churn(at.cluster, day, random.Random(day.seed), iter(range(10**9)))
        begin = {one.begins // STEP: one for one in day.plan()}
        end = {(one.begins + one.lasts) // STEP: one for one in day.plan()}
        steps = day.lasts // STEP
        kills = {steps * (each + 1) // (day.kills + 1) for each in range(day.kills)}
        for number in range(steps + 12):
            clock.advance(STEP)
            if incident := begin.get(number):
                at.cluster.load(incident.world(broken=True))
            if incident := end.get(number):
                at.cluster.load(incident.world(broken=False))
            churn.step(STEP * number)
            if number in kills:
                await at.processes[-1].kill()
                await at.start(**app)
                await _rests(at, least=_WATCHES)
            elif number % 97 == 50:
                at.cluster.store.compact()
                at.cluster.drop_watches()
            await _rests(at)
            if number % max(steps // 12, 1) == 0:
                day.memory.append(resident(at.processes[-1].process.pid or 0))
        own = [one for one in at.ours() if is_final(one)]
        day.posts = [words_of(one["blocks"]) for one in own]
        day.edits = Counter(str(call.arguments.get("ts")) for call in at.slack.calls if call.method == "chat.update")
        day.calls = Counter(_verb(sent.method, sent.path, sent.query) for sent in at.cluster.requests)


_WATCHES: Final = 8


def _verb(method: str, path: str, query: Mapping[str, str]) -> str:
    if method != "GET":
        return method.lower()
    if query.get("watch"):
        return "watch"
    return "list" if path.rpartition("/")[2].endswith("s") else "get"


async def run() -> None:
    """Let the day pass and print what came of it."""
    day = Day()
    with TemporaryDirectory(prefix="casebook-day-") as directory:
        await live(Path(directory), day)
    print(f"pods: {day.pods}, incidents: {day.incidents}, churn: {dict(day.churn)}")
    print(f"posts: {len(day.posts)}, missed: {day.missed() or 'none'}")
    print(f"edits of a post: {dict(Counter(day.edits.values()))}")
    print(f"calls to the API server: {dict(day.calls)}")
    print(f"memory over the day: {', '.join(map(str, day.memory))} MiB")


if __name__ == "__main__":
    asyncio.run(run())
