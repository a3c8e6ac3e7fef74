"""Run `casebook serve` as a separate process that tests kill and restart; Slack and the cluster are in the test.

Each process is forked from one that has imported the app and read the catalog, which takes longer than most tests.
`forked=False` runs the real command; a `Program` is an installed one.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.__main__ import main
from bot.app import RuntimeOptions, running
from bot.app.configured_files import read_files
from bot.cli.console import note
from bot.cli.process import configure_logging
from bot.cli.rehearsal import stage
from bot.cluster.clusters import Clusters
from bot.diagnosing import build_engine, engine_for
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.policy import Policy
from bot.remedies.actions import unknown_actions
from bot.settings import load_settings
from bot.workflows.services import Configuration
from intents.catalog.loader import load
from tests.databases import lay_out
from tests.end_to_end.workplace import GRANTED, HEARD, UNPACED, is_final
from tests.waiting import until

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.end_to_end.warmed"])
_ANNOUNCED: Final = re.compile(r"http://[\d.]+:\d+")
_STARTS_WITHIN_S: Final = 40
_ENDS_WITHIN_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command with its working directory and environment, without the settings."""

    command: Sequence[str]
    directory: Path
    environment: Mapping[str, str]

    @classmethod
    def of_checkout(cls) -> Program:
        of_shell = {name: value for name, value in os.environ.items() if not name.startswith(("CASEBOOK_", "SLACK_"))}
        return cls(command=(sys.executable, "-m", "bot"), directory=Path.cwd(), environment=of_shell)


@dataclass(slots=True)
class Serving:
    """One process. `url` is its address, `said` its stderr."""

    process: BaseProcess
    url: str
    said: list[str]
    _reading: asyncio.Task[None]

    async def kill(self) -> None:
        """Kill the process with SIGKILL and wait for its end."""
        self.process.kill()
        assert await self._ended() == -signal.SIGKILL

    async def end(self) -> None:
        """Kill the process with SIGKILL unless it has ended."""
        self.process.kill()
        await self._ended()
        self.process.close()

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code after the drain."""
        self.process.terminate()
        return await self._ended()

    async def readiness(self) -> tuple[int, dict[str, str]]:
        """Return the status of /readyz and its problems by part."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/readyz") as response:
            return response.status, (await response.json())["problems"]

    async def _ended(self) -> int:
        await asyncio.to_thread(self.process.join, _ENDS_WITHIN_S)
        await self._reading
        code = self.process.exitcode
        assert code is not None, "the process does not end"
        return code


@dataclass(slots=True)
class Premises:
    """A channel with members and a cluster, which outlive the processes between them."""

    slack: SimulatedSlack
    cluster: SimulatedCluster
    directory: Path
    channel: str
    alex: str
    bo: str
    variables: Mapping[str, str]
    pace: bool
    processes: list[Serving] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def store_url(self) -> str:
        return self.variables.get("CASEBOOK_DATABASE_URL") or f"sqlite:///{self.data / 'casebook.db'}"

    async def start(
        self, *, forked: bool = True, program: Program | None = None, replica: str = "test", **app: Any
    ) -> Serving:
        """Start a process on the existing data; Slack delivers to all running processes in turn.

        `app` is the `bot.app.RuntimeOptions` of a forked process; `catalog_alone` leaves out the built-in catalog.
        """
        if program is None and not forked:
            program = Program.of_checkout()
        serving, announced = await self._begin(program, replica, app)
        async with asyncio.timeout(_STARTS_WITHIN_S):
            serving.url = await announced
        alive = [each for each in self.processes if each.url and each.process.exitcode is None]
        self.slack.deliver_to(*(f"{each.url}/slack/events" for each in alive))
        return serving

    async def begin(self) -> Serving:
        """Start the real command without waiting until it serves."""
        serving, announced = await self._begin(Program.of_checkout(), "test", {})
        announced.cancel()
        return serving

    async def _begin(
        self, program: Program | None, replica: str, app: Mapping[str, Any]
    ) -> tuple[Serving, asyncio.Future[str]]:
        """Start a process, forked if `program` is None; the future holds its address."""
        if program is None and "CASEBOOK_DATABASE_URL" not in self.variables:
            lay_out(self.data)
        reader, writer = _FORKS.Pipe(duplex=False)
        process = _FORKS.Process(
            target=_serve, args=(self._settings(replica), writer, {**app, "pace": self.pace}, program)
        )
        await asyncio.to_thread(process.start)
        writer.close()
        said: list[str] = []
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        reading = asyncio.create_task(_read(reader, said, announced))
        serving = Serving(process, "", said, reading)
        self.processes.append(serving)
        return serving, announced

    def ours(self, thread_ts: str = "", channel: str = "") -> list[dict[str, Any]]:
        """Return all our messages in the channel or in one thread."""
        said = self.slack.messages(channel or self.channel, thread_ts=thread_ts or None)
        return [message for message in said if message.get("bot_id") == self.slack.bot_id]

    async def answer(self, thread_ts: str, *, channel: str = "", within: float = 50) -> dict[str, Any]:
        """Wait for the final answer in a message's thread and return it."""
        try:
            finals = await self.slack.wait_for(
                lambda: [*filter(is_final, self.ours(thread_ts, channel))], timeout=within
            )
        except TimeoutError as error:
            said = [(each.get("text"), each.get("metadata")) for each in self.ours(thread_ts, channel)]
            error.add_note(f"below {thread_ts} in {channel} stands {said}")
            raise
        return finals[0]

    async def end(self) -> None:
        for serving in self.processes:
            await serving.end()

    def _settings(self, replica: str) -> dict[str, str]:
        return {
            "CASEBOOK_SLACK_API_URL": self.slack.api_url,
            "CASEBOOK_SLACK_BOT_TOKEN": self.slack.bot_token,
            "CASEBOOK_SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "CASEBOOK_LISTEN": "127.0.0.1:0",
            "CASEBOOK_DATA": str(self.data),
            "CASEBOOK_REPLICA": replica,
            "KUBECONFIG": str(self.directory / "kubeconfig"),
            **self.variables,
        }


@asynccontextmanager
async def premises(
    directory: Path, *worlds: Mapping[str, Any], pace: bool = True, **variables: Any
) -> AsyncIterator[Premises]:
    """Run a simulated Slack and cluster. `variables` are environment variables for every process.

    Without `pace` neither Slack nor the processes apply rate limits, so that many users take no longer than one.
    """
    async with premises_of(directory, stage(*worlds), pace=pace, variables=variables) as at:
        yield at


@asynccontextmanager
async def premises_of(
    directory: Path, cluster: SimulatedCluster, *, pace: bool, variables: Mapping[str, Any]
) -> AsyncIterator[Premises]:
    """Run a simulated Slack beside this cluster, which is not started yet."""
    async with AsyncExitStack() as stack:
        await cluster.start()
        stack.push_async_callback(cluster.stop)
        (directory / "kubeconfig").write_text(json.dumps(cluster.kubeconfig()), encoding="utf-8")
        slack = SimulatedSlack(retry_pauses=(), paced=pace, events=HEARD, scopes=GRANTED)
        await slack.start()
        stack.push_async_callback(slack.stop)
        alex, bo = slack.add_user("alex"), slack.add_user("bo")
        at = Premises(slack, cluster, directory, slack.add_channel("general"), alex, bo, variables, pace)
        stack.push_async_callback(at.end)
        yield at


async def first_line_of(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command of Casebook in a forked process until its first line on stderr, and return that line."""
    reader, writer = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_run_command, args=(arguments, dict(environment), writer))
    await asyncio.to_thread(process.start)
    writer.close()
    with os.fdopen(os.dup(reader.fileno())) as stderr:
        line = await asyncio.to_thread(stderr.readline)
    process.kill()
    await asyncio.to_thread(process.join)
    process.close()
    reader.close()
    return line


def handles(serving: Serving, number: signal.Signals) -> bool:
    """Return whether the kernel lists a handler of the process for a signal."""
    return _lists(serving, "SigCgt", number)


def ignores(serving: Serving, number: signal.Signals) -> bool:
    """Return whether the kernel lists a signal as ignored by the process."""
    return _lists(serving, "SigIgn", number)


def _lists(serving: Serving, mask: str, number: signal.Signals) -> bool:
    status = Path(f"/proc/{serving.process.pid}/status").read_text("ascii")
    bits = next(line for line in status.splitlines() if line.startswith(f"{mask}:"))
    return bool(int(bits.split()[1], 16) & 1 << number - 1)


def imports_protobuf(serving: Serving) -> bool:
    """Return whether the process has imported the library that OpenTelemetry encodes with, a compiled one."""
    return "google/_upb/" in Path(f"/proc/{serving.process.pid}/maps").read_text("utf-8")


@asynccontextmanager
async def locked(data: Path, name: str) -> AsyncIterator[None]:
    """Hold a write lock on the database, as another program would."""
    other = sqlite3.connect(data / name, isolation_level=None, timeout=0)

    def has_it() -> bool:
        # Must not block: the app may be in the middle of a write and shares this loop.
        with suppress(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        return other.in_transaction

    try:
        await until(has_it)
        yield
    finally:
        other.close()


async def _read(reader: Connection, said: list[str], announced: asyncio.Future[str]) -> None:
    """Collect the output of a process until it ends. `announced` receives its address."""
    stream = asyncio.StreamReader()
    file = os.fdopen(os.dup(reader.fileno()), "rb", buffering=0)
    reader.close()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), file
    )
    try:
        while line := (await stream.readline()).decode():
            said.append(line)
            if not announced.done() and (found := _ANNOUNCED.search(line)):
                announced.set_result(found.group())
    finally:
        transport.close()
    if not announced.done():
        announced.set_exception(RuntimeError(f"casebook serve did not start: {''.join(said).strip()}"))


def _run_command(arguments: Sequence[str], environment: Mapping[str, str], errors: Connection) -> None:
    os.dup2(errors.fileno(), 2)
    _begin_as_new(environment)
    sys.argv[1:] = arguments
    sys.exit(main())


def _begin_as_new(environment: Mapping[str, str]) -> None:
    """Give a forked process its environment, and a stderr that writes each line at once."""
    os.environ.clear()
    os.environ.update(environment)
    sys.stderr = os.fdopen(2, "w", buffering=1)


def _serve(settings: dict[str, str], errors: Connection, app: dict[str, Any], program: Program | None) -> None:
    """Run the app in the new process."""
    os.dup2(errors.fileno(), 2)
    if program is not None:
        os.chdir(program.directory)
        os.execve(program.command[0], [*program.command, "serve"], {**program.environment, **settings})
    _begin_as_new({**Program.of_checkout().environment, **settings})
    asyncio.run(_serve_forked(app))


async def _serve_forked(app: dict[str, Any]) -> None:
    """Serve like `casebook serve`, with the loaded engine unless a custom catalog is given."""
    from tests.end_to_end.warmed import ENGINE  # noqa: PLC0415 - not in the process that tests

    configured = load_settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    if not app.pop("pace"):
        app.setdefault("slack_limits", UNPACED)
    if app.pop("catalog_alone", False):
        # A few entries are read and matched quickly.
        engine = engine_for(load(configured.catalog).catalog)
    else:
        engine = build_engine(configured.catalog, check=unknown_actions)[0] if configured.catalog else ENGINE
    initial = Configuration(engine=engine, **{"policy": Policy.default(), **read_files(configured)})
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clusters, options = Clusters.of(configured), RuntimeOptions(**app)
    async with running(configured, initial, clusters=clusters, options=options) as serving:
        note(f"serving at {serving.url}")
        await stop.wait()
