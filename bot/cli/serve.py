"""`casebook serve`: the bot in a workspace, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bot.app import running
from bot.channels import ChannelDefaults, ChannelsError, load_channels
from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.cli.exit_codes import TERMINATED, ExitCode
from bot.cli.knowledge import report, settings
from bot.cli.stopping import ended_by, told_to_stop
from bot.clusters import Clusters
from bot.diagnosing import Engine, build_engine
from bot.jobs import JobsUnavailable
from bot.logs import configure_logging
from bot.policy import Policy, PolicyError, load_policy
from bot.settings import Settings, serve_problems
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
    clusters = Clusters.of(configured)
    channels = _channels(configured)
    for line in policy.unmatched(clusters.names):
        note(safe_line(f"{configured.policy}: {line}"))
    for line in channels.unmatched(clusters.names):
        note(safe_line(f"{configured.channels}: {line}"))
    engine, broken = build_engine(configured.catalog)
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
            note(safe_line(f"serving {app.identity.team_name} at {app.url}"))
            await stop.wait()
            note("stopping: work under way is finished first")
    except (StoreUnavailable, JobsUnavailable, SlackError, OSError) as error:
        raise CommandError(str(error)) from error


def _policy(configured: Settings) -> Policy:
    try:
        return load_policy(configured.policy) if configured.policy else Policy.default()
    except PolicyError as error:
        raise CommandError(str(error)) from error


def _channels(configured: Settings) -> ChannelDefaults:
    try:
        return load_channels(configured.channels) if configured.channels else ChannelDefaults()
    except ChannelsError as error:
        raise CommandError(str(error)) from error
