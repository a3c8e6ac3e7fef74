"""Run `casebook mcp`: answer one MCP client over standard input and output, with the kubeconfig of who runs it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bot.cli.errors import TERMINATED, CommandError, ExitCode
from bot.cli.inputs import chosen_language, engine_of
from bot.cli.process import cancelled_by, logged_settings, stop_event
from bot.cluster.clusters import Clusters, misnamed
from bot.policy import Actor, Policy
from bot.settings.required import INSTALL_MCP, has_mcp
from bot.surfaces.api.answer_service import AnswerService, Caller
from bot.surfaces.api.limited_calls import ApiCalls


def run(arguments: argparse.Namespace) -> ExitCode:
    """Answer until standard input ends."""
    if not has_mcp():
        raise CommandError(f"`casebook mcp` needs the package mcp: {INSTALL_MCP}")
    configured = logged_settings()
    if arguments.context:
        configured = configured.model_copy(update={"context": arguments.context, "contexts": ()})
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    if problems := misnamed(configured, kubeconfig=kubeconfig):
        raise CommandError("\n".join(problems))
    engine = engine_of(configured)
    clusters = Clusters.of(configured, kubeconfig=kubeconfig)
    service = AnswerService(
        clusters=clusters,
        engine=lambda _channel: engine,
        deadline=arguments.deadline or configured.deadline,
        language=chosen_language(arguments.lang, configured),
        namespace=arguments.namespace or configured.namespace,
    )
    asyncio.run(_serve(ApiCalls(service=service), clusters))
    return ExitCode.ANSWERED


async def _serve(calls: ApiCalls, clusters: Clusters) -> None:
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - part of the extra `mcp`

    from bot.surfaces.api.mcp_server import mcp_server  # noqa: PLC0415

    # The owner of a kubeconfig may see everything that it shows.
    caller = Caller(name="stdio", scope=Policy.default().scope(Actor(direct=True)))
    server = mcp_server(calls, lambda _context: caller)
    try:
        async with cancelled_by(stop_event()), stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    except asyncio.CancelledError:
        # A thread of the library may still wait for standard input, which would keep the process alive.
        sys.stderr.flush()
        os._exit(TERMINATED)
    finally:
        await clusters.aclose()
