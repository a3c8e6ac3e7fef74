"""`casebook serve`: the bot in a workspace, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bot.app import RunningApp, running
from bot.background import in_background
from bot.channels import ChannelDefaults, ChannelsError, load_channels
from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.cli.exit_codes import TERMINATED, ExitCode
from bot.cli.knowledge import report, settings
from bot.cli.not_starting import why
from bot.cli.stopping import ended_by, told_to_stop
from bot.cluster.errors import ClusterError
from bot.clusters import Clusters, misnamed
from bot.diagnosing import Engine, build_engine
from bot.jobs import JobsUnavailable
from bot.logs import configure_logging
from bot.policy import Policy, PolicyError, load_policy
from bot.remedies.names import action_names
from bot.settings import Settings, serve_problems, variable
from bot.slack.errors import SlackError
from bot.store import StoreUnavailable
from intents.catalog.loader import Problem
from responses.safety import safe_line


def run(_arguments: argparse.Namespace) -> ExitCode:
    configured = settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    if problems := serve_problems(configured):
        raise CommandError("\n".join(problems))
    policy = _policy(configured)
    if problems := misnamed(configured):
        name = variable("contexts" if configured.contexts else "context")
        raise CommandError("\n".join(f"{name}: {each}" for each in problems))
    clusters = Clusters.of(configured)
    channels = _channels(configured)
    for line in policy.unmatched(clusters.names):
        note(safe_line(f"{configured.policy}: {line}"))
    for line in channels.unmatched(clusters.names):
        note(safe_line(f"{configured.channels}: {line}"))
    engine, broken = build_engine(configured.catalog, actions=action_names())
    report(broken)
    # The catalog lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    try:
        asyncio.run(_serve(configured, engine, policy, clusters, channels, broken))
    except asyncio.CancelledError:
        raise SystemExit(TERMINATED) from None
    return ExitCode.ANSWERED


async def _serve(
    configured: Settings,
    engine: Engine,
    policy: Policy,
    clusters: Clusters,
    channels: ChannelDefaults,
    broken: Sequence[Problem],
) -> None:
    stop = told_to_stop()
    try:
        async with AsyncExitStack() as stack:
            # Slack or the store may keep it waiting: nobody waits for the end of that before it may stop.
            async with ended_by(stop):
                app = await stack.enter_async_context(
                    running(
                        configured,
                        engine=engine,
                        policy=policy,
                        clusters=clusters,
                        channel_defaults=channels,
                        broken=broken,
                    )
                )
            note(safe_line(_told(app, configured, engine, clusters)))
            async with in_background(_tell_of(clusters)):
                await stop.wait()
            note("stopping: work under way is finished first")
    except (StoreUnavailable, JobsUnavailable, SlackError, OSError) as error:
        raise CommandError(why(error, configured)) from error


def _told(app: RunningApp, configured: Settings, engine: Engine, clusters: Clusters) -> str:
    mode = "Socket Mode" if configured.slack_app_token.get_secret_value() else "HTTP"
    what = f"{len(engine.catalog)} incidents, clusters: {', '.join(clusters.names)}"
    return f"serving {app.identity.team_name} over {mode} at {app.url} ({what})"


async def _tell_of(clusters: Clusters) -> None:
    """Connect to each cluster, and tell of those that cannot be used: texts are answered without them."""

    async def tell(name: str) -> None:
        try:
            await clusters.get(name)
        except ClusterError as error:
            note(safe_line(f"cluster {name} cannot be used for now: {error}"))

    await asyncio.gather(*map(tell, clusters.names))


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
