"""Run `casebook simulate FILE`: serve a world on loopback to any Kubernetes client until it is stopped.

The world is one of `bot/playground/kubernetes/README.md`; a mistake is reported with file, line and field.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.cli.console import note
from bot.cli.errors import CommandError, ExitCode
from bot.cli.process import stop_event
from bot.playground.kubernetes import SimulatedCluster, WorldError
from intents.catalog.loader import Problem, Source
from intents.catalog.yaml_nodes import YamlError
from responses.safety import safe_line


def run(arguments: argparse.Namespace) -> ExitCode:
    """Serve the world of a file until the command is stopped. Raise CommandError for what cannot be served."""
    cluster = loaded(Path(arguments.file))
    asyncio.run(_serve(cluster, port=arguments.port, kubeconfig=arguments.kubeconfig))
    return ExitCode.ANSWERED


def loaded(path: Path) -> SimulatedCluster:
    """Return a cluster with the world of a file beside the healthy neighbours, not started. Raise CommandError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: cannot be read: {error}") from error
    source = Source(path=path, read=text, digest="")
    cluster = SimulatedCluster()
    cluster.load_neighbours()
    try:
        cluster.load(source.document.value)
    except YamlError as error:
        raise _failed(Problem(file=str(path), line=error.line, field="", says=error.problem)) from error
    except WorldError as error:
        raise _failed(source.problem(error.path, error.wrong)) from error
    return cluster


def _failed(problem: Problem) -> CommandError:
    return CommandError(safe_line(str(problem)))


async def _serve(cluster: SimulatedCluster, *, port: int, kubeconfig: str | None) -> None:
    stop = stop_event()
    with ExitStack() as stack:
        path = Path(kubeconfig or Path(stack.enter_context(TemporaryDirectory(prefix="casebook-"))) / "kubeconfig")
        try:
            await cluster.start(port=port)
        except OSError as error:
            raise CommandError(f"port {port} cannot be used: {error.strerror}; choose one with --port") from error
        try:
            await asyncio.to_thread(_write, path, json.dumps(cluster.kubeconfig(), indent=1) + "\n")
            note("the simulated cluster runs at the address below; press Ctrl-C to stop it")
            addresses = {"server": cluster.url, "kubeconfig": path, "prometheus": cluster.prometheus.url}
            sys.stdout.writelines(f"{name}: {address}\n" for name, address in addresses.items() if address)
            sys.stdout.flush()
            await stop.wait()
        finally:
            await cluster.stop()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}; choose one with --kubeconfig") from error
