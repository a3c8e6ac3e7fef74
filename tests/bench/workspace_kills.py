"""Many workspaces ask two replicas on PostgreSQL: one replica is killed, one workspace leaves, and one floods.

    workspace_kills.py [WORKSPACES [SECONDS]]

Each request is about an object of its own, so that an answer shows whose it is. The replicas are processes of their
own; Slack and the cluster are simulated in this one. Slack sends each event to either replica, and again until one
acknowledges it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bot.cli.rehearsal import stage
from bot.diagnosing import build_engine
from tests.bench.hold_kills import INCIDENT
from tests.bench.hold_speed import percentile
from tests.bench.kills import own_copy, unfinished
from tests.bench.offices import Offices, offices_of
from tests.end_to_end.company import Office
from tests.end_to_end.process import Premises, Serving
from tests.end_to_end.workplace import Broken, broken_of, is_final, words_of
from tests.postgres import Server, running_server

REPLICAS: Final = ("one", "another")
WORKSPACES: Final = 50
_RETRY_PAUSES: Final = (0.3, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
_OBJECT: Final = re.compile(r"\bledger-(\d+)\b")
_LOOK_S: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The load: each workspace asks `each` times within `seconds`, one asks `flood` times at the begin."""

    workspaces: int = WORKSPACES
    seconds: float = 60.0
    each: int = 4
    flood: int = 100
    killed_after: float = 0.4
    back_after: float = 1.0
    left_after: float = 0.5
    answered_within: float = 180.0
    # A second post of the same answer would come within this time after the last one.
    quiet: float = 5.0


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request about an object of its own. `seconds`: until its answer."""

    number: int
    team: str
    channel: str
    at: float = 0.0
    ts: str = ""
    seconds: float = 0.0
    flooded: bool = False


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of the requests; each list names what went wrong."""

    asked: Sequence[Asked] = ()
    gone: str = ""
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    hanging: list[str] = field(default_factory=list)

    def seconds(self, *, flooded: bool) -> list[float]:
        """Return how long the answers took, those of the flood or the others."""
        return [one.seconds for one in self.asked if one.seconds and one.flooded is flooded]


async def measure(directory: Path, server: Server, broken: Broken, trial: Trial) -> Result:
    """Run the trial, wait until all is answered or the time is up, and look at every post."""
    url = server.create()
    cluster = stage()
    async with offices_of(directory, trial.workspaces, retry_pauses=_RETRY_PAUSES) as offices:
        await offices.install(url, *offices.teams)
        await cluster.start()
        (directory / "kubeconfig").write_text(json.dumps(cluster.kubeconfig()), encoding="utf-8")
        first = next(iter(offices.offices.values()))
        variables = {**offices.variables, "CASEBOOK_DATABASE_URL": url, "CASEBOOK_DRAIN": "1"}
        at = Premises(
            first.slack, cluster, directory, first.channel, first.user, first.user, variables=variables, pace=False
        )
        try:
            return await _tried(at, offices, broken, trial, url)
        finally:
            await at.end()
            await cluster.stop()


async def _tried(at: Premises, offices: Offices, broken: Broken, trial: Trial, url: str) -> Result:
    gone, flooding = offices.teams[1], offices.teams[0]
    asked = _requests(at, offices, broken, trial, flooding)
    replicas = {name: await at.start(replica=name) for name in REPLICAS}
    _deliver(offices, replicas)
    begun = time.monotonic()
    watching = asyncio.create_task(_note_answers(offices.offices, asked))
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_kill(at, offices, replicas, trial))
            tasks.create_task(_leave(offices, gone, trial))
            for one in asked:
                await asyncio.sleep(max(0.0, begun + one.at - time.monotonic()))
                tasks.create_task(_ask(offices.offices[one.team], one, broken))
        stay = [one for one in asked if one.team != gone]
        until = begun + trial.seconds + trial.answered_within
        while time.monotonic() < until and not all(one.seconds for one in stay):  # noqa: ASYNC110 - Slack is many
            await asyncio.sleep(_LOOK_S)
        await asyncio.sleep(trial.quiet)
    finally:
        watching.cancel()
    result = Result(asked=stay, gone=gone, hanging=[each for each in unfinished(url) if f"{gone}/" not in each])
    _look(offices, asked, result)
    for serving in replicas.values():
        assert await serving.stop() == 0
    return result


def _requests(at: Premises, offices: Offices, broken: Broken, trial: Trial, flooding: str) -> list[Asked]:
    """Return the requests in the order of their times; each person of the flood has few of them."""
    planned = [
        Asked(
            number=0,
            team=team,
            channel=office.channel,
            at=trial.seconds * (turn + part / trial.workspaces) / trial.each,
        )
        for turn in range(trial.each)
        for part, (team, office) in enumerate(offices.offices.items())
    ]
    planned += [Asked(number=0, team=flooding, channel="", at=0.0, flooded=True) for _ in range(trial.flood)]
    planned.sort(key=lambda one: one.at)
    for number, one in enumerate(planned):
        one.number = number
        one.channel = offices.offices[one.team].slack.add_channel(f"channel-{number}")
        at.cluster.load(json.loads(own_copy(json.dumps(broken.world), number)))
    return planned


async def _ask(office: Office, one: Asked, broken: Broken) -> None:
    one.at = time.monotonic()
    user = office.slack.add_user(f"person-{one.number}")
    one.ts = await office.slack.say(user, one.channel, own_copy(broken.text, one.number))


async def _kill(at: Premises, offices: Offices, replicas: dict[str, Serving], trial: Trial) -> None:
    await asyncio.sleep(trial.seconds * trial.killed_after)
    await replicas["one"].kill()
    await asyncio.sleep(trial.back_after)
    replicas["one"] = await at.start(replica="one")
    _deliver(offices, replicas)


async def _leave(offices: Offices, gone: str, trial: Trial) -> None:
    await asyncio.sleep(trial.seconds * trial.left_after)
    offices.company.uninstall(gone)


def _deliver(offices: Offices, replicas: Mapping[str, Serving]) -> None:
    offices.company.deliver_to(*(f"{each.url}/slack/events" for each in replicas.values()))


# --- what became of it ---


async def _note_answers(offices: Mapping[str, Office], asked: Sequence[Asked]) -> None:
    while True:
        for one in asked:
            if one.ts and not one.seconds and any(map(is_final, _posts(offices[one.team], one))):
                one.seconds = time.monotonic() - one.at
        await asyncio.sleep(_LOOK_S)


def _posts(office: Office, one: Asked) -> list[dict[str, Any]]:
    return [each for each in office.slack.messages(one.channel) if each.get("bot_id")] + [
        each for each in office.slack.messages(one.channel, thread_ts=one.ts) if each.get("bot_id")
    ]


def _look(offices: Offices, asked: Sequence[Asked], result: Result) -> None:
    for one in asked:
        posts = {each["ts"]: each for each in _posts(offices.offices[one.team], one)}
        shown = f"{one.team} {one.number}: {[each['text'][:60] for each in posts.values()]}"
        if one.team != result.gone and not one.seconds:
            result.lost.append(shown)
        if len(posts) > 1:
            result.twice.append(shown)
        named = {int(found) for each in posts.values() for found in _OBJECT.findall(words_of(each.get("blocks", [])))}
        if named - {one.number}:
            result.crossed.append(f"{shown} names {sorted(named)}")


def show(console: Console, trial: Trial, result: Result) -> None:
    happened = f"one is killed, a workspace leaves, another asks {trial.flood} at once"
    title = f"{trial.workspaces} workspaces, two replicas: {happened}"
    table = Table(title=title)
    for column in ("figure", "measured", "target"):
        table.add_column(column)
    for flooded, name in ((False, "answers to the others"), (True, "answers to the flood")):
        seconds = result.seconds(flooded=flooded)
        count = sum(one.flooded is flooded for one in result.asked)
        middle = median(seconds) if seconds else 0.0
        table.add_row(name, f"{len(seconds)} of {count}", "all")
        table.add_row("  median, p95", f"{middle:.1f} s, {percentile(seconds, 95):.1f} s", "")
    failed = {"lost": result.lost, "twice": result.twice, "crossed": result.crossed, "hanging": result.hanging}
    for name, those in failed.items():
        table.add_row(name, str(len(those)), "0", style="red" if those else "")
    console.print(table)
    for name, those in failed.items():
        for each in those[:10]:
            console.print(f"{name}: {each}", style="red", markup=False)


async def run(console: Console, workspaces: int = WORKSPACES, seconds: float = 60.0) -> None:
    """Print what became of the requests."""
    trial = Trial(workspaces=workspaces, seconds=seconds)
    broken = broken_of(build_engine()[0], INCIDENT)
    with running_server(synchronous_commit="on", max_connections="100") as server, TemporaryDirectory() as directory:
        show(console, trial, await measure(Path(directory), server, broken, trial))


if __name__ == "__main__":
    asyncio.run(run(Console(width=140), *map(int, sys.argv[1:])))
