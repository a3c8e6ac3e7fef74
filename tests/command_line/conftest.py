"""Call the command line like a user: arguments in, exit code, stdout and stderr out; with a cluster to query."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog

from bot.__main__ import main
from bot.cli.rehearsal import stage
from bot.playground.kubernetes import SimulatedCluster
from intents.catalog.cases import world_of
from intents.catalog.loader import builtin_directory, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the kubeconfig, settings, locale and terminal of the machine."""
    for name in ("KUBERNETES_SERVICE_HOST", "LC_ALL", "LC_MESSAGES", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    """Restore the process's logging, which a command configures."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process; `stdin` is the piped input."""

    def call(*argv: str, stdin: str | bytes = b"") -> Ran:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        try:
            code = main(argv)
        except SystemExit as error:
            code = int(error.code or 0)
        captured = capsys.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    return call


class FarEnd(Protocol):
    async def start(self) -> str: ...
    async def stop(self) -> None: ...


class Server:
    """A simulated server in a thread of its own, so that a command can run its own loop."""

    def __init__(self, end: FarEnd) -> None:
        self._end = end
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._end.start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    """Run a cluster with container images that run as root against their pods' settings."""
    incident = load((builtin_directory(),)).catalog.incidents["run-as-nonroot-root-image"]
    simulated = stage(world_of(incident, incident.cases[0]))
    with Server(simulated):
        yield simulated


@pytest.fixture
def kubeconfig(cluster: SimulatedCluster, tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(cluster.kubeconfig(namespace="ledger")), "utf-8")
    return str(path)
