"""Run `casebook serve`: the bot in a workspace until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from bot.app import RunningApp, running
from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.cli.exit_codes import TERMINATED, ExitCode
from bot.cli.logs import configure_logging
from bot.cli.reload_signal import ReloadSignal
from bot.cli.start_errors import start_error_line
from bot.cli.stop_signals import cancelled_by, stop_event
from bot.cli.user_files import report, settings
from bot.cluster.clusters import Clusters, misnamed
from bot.cluster.errors import ClusterError
from bot.common.background import in_background
from bot.diagnosing import Engine, build_engine
from bot.jobs import JobsUnavailable
from bot.policy import Policy, PolicyError, load_policy
from bot.policy.alert_routes import NO_ROUTES, AlertRoutes, AlertRoutesError, load_alert_routes
from bot.policy.channel_defaults import ChannelDefaults, ChannelsError, load_channels
from bot.remedies.names import action_names, unknown_actions
from bot.settings import Settings, serve_problems, variable
from bot.slack.errors import SlackError
from bot.store import StoreUnavailable
from intents.catalog.loader import Problem
from responses.safety import safe_line

# New objects until the garbage collector looks at them.
_COLLECTED_AFTER: Final = 10_000


def run(_arguments: argparse.Namespace) -> ExitCode:
    """Check the settings and run the bot."""
    # Before the first file is read: a file that changes during the start is read again.
    reload_signal = ReloadSignal.received()
    configured = settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    if problems := serve_problems(configured):
        raise CommandError("\n".join(problems))
    policy = _policy(configured)
    if problems := misnamed(configured):
        name = variable("contexts" if configured.contexts else "context")
        raise CommandError("\n".join(f"{name}: {each}" for each in problems))
    clusters = Clusters.of(configured)
    channels, alert_routes = _channels(configured), _alert_routes(configured)
    for line in policy.unmatched(clusters.names):
        note(safe_line(f"{configured.policy}: {line}"))
    for line in channels.unmatched(clusters.names):
        note(safe_line(f"{configured.channels}: {line}"))
    engine, broken = build_engine(configured.catalog, check=unknown_actions)
    report(broken)
    _skip_in_collections()
    # A message makes about a thousand objects, which live until its acknowledgement: fewer and larger collections.
    gc.set_threshold(_COLLECTED_AFTER)
    try:
        asyncio.run(_serve(configured, engine, policy, clusters, channels, alert_routes, broken, reload_signal))
    except asyncio.CancelledError:
        raise SystemExit(TERMINATED) from None
    return ExitCode.ANSWERED


async def _serve(
    configured: Settings,
    engine: Engine,
    policy: Policy,
    clusters: Clusters,
    channels: ChannelDefaults,
    alert_routes: AlertRoutes,
    broken: Sequence[Problem],
    reload_signal: ReloadSignal,
) -> None:
    stop = stop_event()
    try:
        async with AsyncExitStack() as stack:
            # Starting may wait for Slack or the store; a signal to stop must not wait for that.
            async with cancelled_by(stop):
                app = await stack.enter_async_context(
                    running(
                        configured,
                        engine=engine,
                        policy=policy,
                        clusters=clusters,
                        channel_defaults=channels,
                        alert_routes=alert_routes,
                        broken=broken,
                    )
                )
            _skip_in_collections()
            reload_signal.forward(app.reload)
            note(safe_line(_start_line(app, configured, engine, clusters)))
            async with in_background(_report_unusable(clusters)):
                await stop.wait()
            note("stopping: finishing the work in flight")
    except (StoreUnavailable, JobsUnavailable, SlackError, OSError) as error:
        raise CommandError(start_error_line(error, configured)) from error


def _skip_in_collections() -> None:
    """Let the garbage collector skip what exists: catalog and modules live as long as the process."""
    gc.collect()
    gc.freeze()


def _start_line(app: RunningApp, configured: Settings, engine: Engine, clusters: Clusters) -> str:
    mode = "Socket Mode" if configured.slack_app_token.get_secret_value() else "HTTP"
    what = f"{len(engine.catalog)} incidents, clusters: {', '.join(clusters.names)}"
    return f"serving {app.identity.team_name} over {mode} at {app.url} ({what})"


async def _report_unusable(clusters: Clusters) -> None:
    """Connect to each cluster and report unusable ones: texts are answered without them."""

    async def report_unusable(name: str) -> None:
        try:
            await clusters.get(name)
        except ClusterError as error:
            note(safe_line(f"cluster {name} cannot be used for now: {error}"))

    await asyncio.gather(*map(report_unusable, clusters.names))


def _policy(configured: Settings) -> Policy:
    try:
        return load_policy(configured.policy, actions=action_names()) if configured.policy else Policy.default()
    except PolicyError as error:
        raise CommandError(str(error)) from error


def _channels(configured: Settings) -> ChannelDefaults:
    try:
        return load_channels(configured.channels) if configured.channels else ChannelDefaults()
    except ChannelsError as error:
        raise CommandError(str(error)) from error


def _alert_routes(configured: Settings) -> AlertRoutes:
    try:
        return load_alert_routes(configured.alert_routes) if configured.alert_routes else NO_ROUTES
    except AlertRoutesError as error:
        raise CommandError(str(error)) from error
