"""Run `casebook serve`: the bot in a workspace until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import os
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Final

from bot.app import RunningApp, running
from bot.app.configured_files import read_files
from bot.cli.console import note
from bot.cli.errors import TERMINATED, CommandError, ExitCode, told
from bot.cli.inputs import report
from bot.cli.process import ReloadSignal, cancelled_by, logged_settings, stop_event
from bot.cluster.clusters import Clusters, misnamed
from bot.cluster.errors import ClusterError
from bot.common.background import in_background
from bot.common.encryption import Encryption, KeyUnusable
from bot.diagnosing import Engine, build_engine
from bot.doctor import CheckState
from bot.doctor.database_checks import examine_directory
from bot.jobs import JobsUnavailable
from bot.policy import Policy
from bot.policy.strict_yaml import FileError
from bot.remedies.actions import unknown_actions
from bot.settings import Settings, serve_problems, variable
from bot.slack.errors import SlackError
from bot.slack.scopes import advice_on
from bot.store import StoreUnavailable, place_of
from bot.workflows.services import Configuration
from responses.safety import safe_line

# New objects until the garbage collector looks at them.
_COLLECTED_AFTER: Final = 10_000


def run(_arguments: argparse.Namespace) -> ExitCode:
    """Check the settings and run the bot."""
    # Before the first file is read: a file that changes during the start is read again.
    reload_signal = ReloadSignal.received()
    configured = logged_settings()
    if problems := serve_problems(configured):
        raise CommandError("\n".join(problems))
    if configured.slack_client_id:
        with told(KeyUnusable, what=variable("encryption_keys")):
            Encryption(configured.keys)
    # A mistake in a file is reported at once: the engine takes seconds where nothing is cached.
    with told(FileError):
        files = {"policy": Policy.default(), **read_files(configured)}
    if problems := misnamed(configured):
        name = variable("contexts" if configured.contexts else "context")
        raise CommandError("\n".join(f"{name}: {each}" for each in problems))
    clusters = Clusters.of(configured)
    engine, broken = build_engine(configured.catalog, check=unknown_actions)
    initial = Configuration(engine=engine, left_out=broken, **files)
    for line in initial.policy.unmatched(clusters.names):
        note(safe_line(f"{configured.policy}: {line}"))
    for line in initial.defaults.unmatched(clusters.names):
        note(safe_line(f"{configured.channels}: {line}"))
    report(broken)
    start = partial(running, configured, initial, clusters=clusters)
    _skip_in_collections()
    # A message makes about a thousand objects, which live until its acknowledgement: fewer and larger collections.
    gc.set_threshold(_COLLECTED_AFTER)
    try:
        asyncio.run(_serve(configured, engine, clusters, start, reload_signal))
    except asyncio.CancelledError:
        raise SystemExit(TERMINATED) from None
    return ExitCode.ANSWERED


async def _serve(
    configured: Settings,
    engine: Engine,
    clusters: Clusters,
    start: Callable[[], AbstractAsyncContextManager[RunningApp]],
    reload_signal: ReloadSignal,
) -> None:
    stop = stop_event()
    try:
        async with AsyncExitStack() as stack:
            # Starting may wait for Slack or the store; a signal to stop must not wait for that.
            async with cancelled_by(stop):
                app = await stack.enter_async_context(start())
            _skip_in_collections()
            reload_signal.forward(app.reload)
            note(safe_line(_start_line(app, configured, engine, clusters)))
            async with in_background(_report_unusable(clusters)):
                await stop.wait()
            note("stopping: finishing the work in flight")
    except (SlackError, StoreUnavailable, JobsUnavailable, OSError) as error:
        raise CommandError(_start_error(error, configured)) from error


def _skip_in_collections() -> None:
    """Let the garbage collector skip what exists: catalog and modules live as long as the process."""
    gc.collect()
    gc.freeze()


def _start_line(app: RunningApp, configured: Settings, engine: Engine, clusters: Clusters) -> str:
    mode = "Socket Mode" if configured.slack_app_token.get_secret_value() else "HTTP"
    what = f"{len(engine.catalog)} incidents, clusters: {', '.join(clusters.names)}"
    several = len(app.workspaces.ids) if app.workspaces else None
    where = app.identity.team_name if several is None else f"{several} workspace{'s' if several != 1 else ''}"
    return f"serving {where} over {mode} at {app.url} ({what})"


async def _report_unusable(clusters: Clusters) -> None:
    """Connect to each cluster and report unusable ones: texts are answered without them."""

    async def report_unusable(name: str) -> None:
        try:
            await clusters.get(name)
        except ClusterError as error:
            note(safe_line(f"cluster {name} cannot be used for now: {error}"))

    await asyncio.gather(*map(report_unusable, clusters.names))


def _start_error(error: SlackError | StoreUnavailable | JobsUnavailable | OSError, settings: Settings) -> str:
    """Return the line for an error at the app's start."""
    match error:
        case SlackError():
            return str(advice_on(error, api_url=settings.slack_api_url))
        case StoreUnavailable():
            return _of_database(error, settings, url=settings.store_url)
        case JobsUnavailable():
            return _of_database(error, settings, url=settings.jobs_url)
        case _:
            return _of_address(error, settings.listen)


def _of_database(error: StoreUnavailable | JobsUnavailable, settings: Settings, *, url: str) -> str:
    if settings.database_url.get_secret_value():
        return f"{variable('database_url')}: {place_of(url)}: {error}"
    name = variable("data")
    # SQLite does not say why it cannot open a file.
    for check in examine_directory(settings.data.expanduser()):
        if check.state is CheckState.MISSING:
            return f"{name}: {check.says}: {check.remedy}"
    return f"{name}: {place_of(url)}: {error}"


def _of_address(error: OSError, listen: str) -> str:
    if isinstance(error, socket.gaierror):
        reason = error.strerror or str(error)
    else:
        # asyncio's versions word this differently, some without an errno if the address is not local.
        reason = os.strerror(error.errno or errno.EADDRNOTAVAIL)
    name = variable("listen")
    return f"{name} is {listen!r}: {reason.lower()}: set it to a free address and port of this machine"
