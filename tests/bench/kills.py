"""Kill two replicas at random moments under load, restart their PostgreSQL, and count what became of each request.

The replicas are processes of their own; Slack and the cluster are simulated in this one. Slack sends each event to
either replica, or over either's socket, and again until one acknowledges it. Every random choice follows from the seed;
the moments still vary with the machine's speed.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.bench.slack import CHAT
from tests.end_to_end.process import Premises, Serving, premises
from tests.end_to_end.workplace import Broken, is_final, words_of
from tests.postgres import Server

REPLICAS: Final = ("one", "another")
# Slack repeats at once, after one and after five minutes; a measurement cannot wait that long.
_RETRY_PAUSES: Final = (0.3, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
_CHANNELS: Final = 40
_UUID: Final = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{6})[0-9a-f]{6}\b")
_UNFINISHED: Final = (
    "SELECT name || ' ' || workflow_uuid || ' ' || status FROM casebook_jobs.workflow_status"
    " WHERE status IN ('PENDING', 'ENQUEUED') UNION ALL SELECT 'accepted ' || id FROM accepted_jobs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """The load and what happens during it. Pairs are the shortest and the longest time in seconds."""

    seconds: float = 60.0
    rate: float = 20.0
    seed: int = 1
    sockets: bool = False
    # Per replica.
    kill_after: tuple[float, float] = (4.0, 12.0)
    back_after: tuple[float, float] = (0.2, 5.0)
    database_away: tuple[float, float] = (0.5, 4.0)
    drop_after: tuple[float, float] = (0.5, 3.0)
    # Kills of both replicas together; None: as many as there is time for.
    kills: int | None = None
    answered_within: float = 180.0
    # A second post of the same answer would come within this time after the last one.
    quiet: float = 5.0


class Sort(StrEnum):
    """The sort of a request. Chat gets no answer."""

    CHAT = "chat"
    PASTE = "pastes"
    MENTION = "mentions"
    COMMAND = "commands"


# Out of 100 events.
_SHARES: Final = ((Sort.PASTE, 10), (Sort.MENTION, 3), (Sort.COMMAND, 2), (Sort.CHAT, 85))


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request with its own object. `ts` is its message, "" for a command."""

    sort: Sort
    number: int
    user: str
    channel: str
    ts: str = ""
    acked: bool = False


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The counts of one ordeal; `lost`, `twice` and `hanging` name what went wrong."""

    sent: Counter[Sort] = field(default_factory=Counter)
    acked: Counter[Sort] = field(default_factory=Counter)
    answered: Counter[Sort] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    hanging: list[str] = field(default_factory=list)


async def measure(directory: Path, server: Server, broken: Broken, ordeal: Ordeal) -> Outcome:
    """Run the ordeal, wait until all is answered or the time is up, and count."""
    chance = random.Random(ordeal.seed)
    outcome = Outcome()
    url = server.create()
    async with premises(directory, pace=False, CASEBOOK_DATABASE_URL=url, CASEBOOK_DRAIN="1") as at:
        at.slack.retry_pauses = _RETRY_PAUSES
        if ordeal.sockets:
            at.variables = {**at.variables, "CASEBOOK_SLACK_APP_TOKEN": at.slack.app_token}
        requests = _requests(at, broken, ordeal, chance)
        replicas = {name: await _started(at, name, ordeal, outcome) for name in REPLICAS}
        begun = time.monotonic()
        async with _trouble(at, server, ordeal, chance, replicas, outcome), asyncio.TaskGroup() as sending:
            for number, asked in enumerate(requests):
                await asyncio.sleep(max(0.0, begun + number / ordeal.rate - time.monotonic()))
                sending.create_task(_send(at, asked, _text_of(at, broken, asked, chance)))
        await _until_answered(at, url, requests, begun + ordeal.seconds + ordeal.answered_within)
        outcome.seconds = time.monotonic() - begun
        await asyncio.sleep(ordeal.quiet)
        outcome.hanging = unfinished(url)
        _count(at, requests, outcome)
        for serving in replicas.values():
            assert await serving.stop() == 0
    return outcome


# --- load ---


def _requests(at: Premises, broken: Broken, ordeal: Ordeal, chance: random.Random) -> list[Asked]:
    """Return the requests in random order, and load an object for each that names one."""
    channels = [at.slack.add_channel(f"channel-{number}") for number in range(_CHANNELS)]
    talkers = [at.slack.add_user(f"talker-{number}") for number in range(_CHANNELS)]
    sorts = [sort for sort, _ in _SHARES]
    weights = [weight for _, weight in _SHARES]
    requests = []
    for number in range(round(ordeal.seconds * ordeal.rate)):
        (sort,) = chance.choices(sorts, weights)
        channel, user = channels[number % _CHANNELS], talkers[number % _CHANNELS]
        if sort is not Sort.CHAT:
            # People of their own, so that nobody reaches the bound on one person's requests.
            user = at.slack.add_user(f"person-{number}")
            at.cluster.load(json.loads(own_copy(json.dumps(broken.world), number)))
        if sort is Sort.COMMAND:
            channel = at.slack.add_channel(f"command-{number}")
        requests.append(Asked(sort=sort, number=number, user=user, channel=channel))
    return requests


def own_copy(text: str, number: int) -> str:
    """Rename the namespace and the uids, so that no two requests are about the same object."""
    text = re.sub(r"(?<![A-Za-z0-9-])ledger(?![A-Za-z0-9-])", f"ledger-{number}", text)
    return _UUID.sub(rf"\g<1>{number:06x}", text)


def _text_of(at: Premises, broken: Broken, asked: Asked, chance: random.Random) -> str:
    match asked.sort:
        case Sort.CHAT:
            return chance.choice(CHAT)
        case Sort.PASTE:
            return own_copy(broken.text, asked.number)
        case Sort.MENTION:
            return f"<@{at.slack.bot_user_id}> {own_copy(broken.text, asked.number)}"
        case Sort.COMMAND:
            return f"pod ledger-{asked.number}/db-tikv-0"


async def _send(at: Premises, asked: Asked, text: str) -> None:
    if asked.sort is Sort.COMMAND:
        # Slack sends a command once, and tells its user if nobody acknowledges it.
        response = await at.slack.slash(asked.user, asked.channel, text)
        asked.acked = response.ok and "try again" not in str(response.body)
    else:
        asked.ts = await at.slack.say(asked.user, asked.channel, text)


# --- what happens during it ---


@asynccontextmanager
async def _trouble(
    at: Premises, server: Server, ordeal: Ordeal, chance: random.Random, replicas: dict[str, Serving], outcome: Outcome
) -> AsyncIterator[None]:
    """Kill replicas, drop sockets and restart the database during the block; afterwards both replicas serve."""
    calm = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for name in replicas:
            dice = random.Random(chance.random())
            tasks.create_task(_kill_always(at, name, ordeal, dice, replicas, outcome, calm))
        tasks.create_task(_restart(server, ordeal, random.Random(chance.random()), outcome))
        if ordeal.sockets:
            tasks.create_task(_drop_always(at, ordeal, random.Random(chance.random()), outcome, calm))
        try:
            yield
        finally:
            calm.set()


async def _kill_always(
    at: Premises, name: str, ordeal: Ordeal, dice: random.Random, replicas: dict[str, Serving], outcome: Outcome,
    calm: asyncio.Event,
) -> None:  # fmt: skip
    while not await _is_calm(calm, dice.uniform(*ordeal.kill_after)):
        if ordeal.kills is not None and outcome.happened["kills"] >= ordeal.kills:
            return
        outcome.happened["kills"] += 1
        await replicas[name].kill()
        await asyncio.sleep(dice.uniform(*ordeal.back_after))
        replicas[name] = await _started(at, name, ordeal, outcome)


async def _started(at: Premises, name: str, ordeal: Ordeal, outcome: Outcome) -> Serving:
    """Start a replica, again if its start fails because the database is away."""
    while True:
        try:
            serving = await at.start(replica=name)
        except RuntimeError:
            outcome.happened["failed starts"] += 1
            await asyncio.sleep(0.5)
            continue
        if ordeal.sockets:
            at.slack.deliver_to(None)
        return serving


async def _restart(server: Server, ordeal: Ordeal, dice: random.Random, outcome: Outcome) -> None:
    """Stop the database in the middle of the load, cleanly or not, and start it again."""
    await asyncio.sleep(ordeal.seconds * dice.uniform(0.4, 0.6))
    crash = dice.random() < 0.5
    await asyncio.to_thread(server.stop, crash=crash)
    await asyncio.sleep(dice.uniform(*ordeal.database_away))
    await asyncio.to_thread(server.start)
    outcome.happened["database crashes" if crash else "database restarts"] += 1


async def _drop_always(
    at: Premises, ordeal: Ordeal, dice: random.Random, outcome: Outcome, calm: asyncio.Event
) -> None:
    while not await _is_calm(calm, dice.uniform(*ordeal.drop_after)):
        if dice.random() < 0.25:
            await at.slack.sockets.refresh()
            outcome.happened["socket refreshes"] += 1
        else:
            outcome.happened["sockets dropped"] += at.slack.sockets.drop()


async def _is_calm(calm: asyncio.Event, seconds: float) -> bool:
    """Wait that long, or until the load ends. Return whether it has ended."""
    try:
        async with asyncio.timeout(seconds):
            await calm.wait()
    except TimeoutError:
        return False
    return True


# --- what became of it ---


async def _until_answered(at: Premises, url: str, requests: Sequence[Asked], deadline: float) -> None:
    """Wait until every acknowledged request is answered and no job is left, or until the deadline."""
    while time.monotonic() < deadline:
        _note_acks(at, requests)
        waiting = [asked for asked in requests if asked.acked and asked.sort is not Sort.CHAT]
        answered = all(any(map(is_final, _answers(at, asked))) for asked in waiting)
        if answered and _is_delivered(at) and not unfinished(url):
            return
        await asyncio.sleep(0.5)


def _is_delivered(at: Premises) -> bool:
    """Return whether Slack has delivered every event, or given up on it."""
    left: dict[str, bool] = {}
    for one in at.slack.deliveries:
        if one.event_id:
            failed = not 200 <= one.status < 300
            left[one.event_id] = failed and one.attempt < len(_RETRY_PAUSES)
    return not any(left.values())


def _note_acks(at: Premises, requests: Sequence[Asked]) -> None:
    acked = {
        (one.payload["event"]["channel"], one.payload["event"]["ts"])
        for one in at.slack.deliveries
        if 200 <= one.status < 300 and "ts" in one.payload.get("event", {})
    }
    for asked in requests:
        asked.acked = asked.acked or (asked.channel, asked.ts) in acked


def _answers(at: Premises, asked: Asked) -> list[dict[str, Any]]:
    if asked.sort is not Sort.COMMAND:
        return at.ours(asked.ts, asked.channel)
    told = [one for one in at.slack.ephemerals(asked.user) if "ledger" in words_of(one.get("blocks", []))]
    return at.ours(channel=asked.channel) or [one for one in told if is_final(one)]


def unfinished(url: str) -> list[str]:
    with psycopg.connect(url, connect_timeout=5) as database:
        return [row[0] for row in database.execute(_UNFINISHED)]


def _count(at: Premises, requests: Sequence[Asked], outcome: Outcome) -> None:
    for asked in requests:
        outcome.sent[asked.sort] += 1
        outcome.acked[asked.sort] += asked.acked
        answers = _answers(at, asked)
        finals = [*filter(is_final, answers)]
        outcome.answered[asked.sort] += bool(finals)
        shown = f"{asked.sort} {asked.number} {asked.ts} in {asked.channel}: {[one['text'][:60] for one in answers]}"
        if asked.acked and asked.sort is not Sort.CHAT and not finals:
            outcome.lost.append(shown)
        if len(answers) > (asked.sort is not Sort.CHAT):
            outcome.twice.append(shown)
