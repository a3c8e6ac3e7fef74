"""Measure the memory of one more workspace: a Slack client with its pacing, Bolt's app and all its listeners.

Collaborators that do not depend on the workspace are left out, as are rows in the database and what is remembered of
people and channels, which grow with use.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from dataclasses import fields
from typing import Any, Final

from rich.console import Console

from bot.metrics import Metrics
from bot.slack.client import Identity, Slack
from bot.slack.web_client import web_client
from bot.surfaces.slack.arrivals import bolt_app
from bot.surfaces.slack.commands import CommandListener, ShortcutListener
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.presses import PressListener
from bot.surfaces.slack.surface import SlackSurface
from tests.bench.cost import memory_of

WORKSPACES: Final = 100
_URL: Final = "http://127.0.0.1:1/api/"


def _with_nothing(kind: type[Any], **given: Any) -> Any:
    """Return an object whose fields are None unless they are given."""
    made = object.__new__(kind)
    for each in fields(kind):
        object.__setattr__(made, each.name, given.get(each.name))
    return made


class _Missed:
    async def middleware(self, next: Any) -> Any:
        return await next()


def workspace(number: int, metrics: Metrics) -> Any:
    """Return what a workspace has for itself."""
    identity = _with_nothing(Identity, team=f"T{number}", user=f"U{number}", bot_id=f"B{number}")
    health = SlackHealth(metrics=metrics, by_http=True)
    slack = Slack(web_client(api_url=_URL, token=f"xoxb-{number}"), watch=health, lists=True)
    app = bolt_app(web_client(api_url=_URL), identity=identity, signing_secret="s", delivered=metrics.delivered)
    surface = _with_nothing(
        SlackSurface,
        identity=identity,
        commands=_with_nothing(CommandListener),
        shortcuts=_with_nothing(ShortcutListener),
        presses=_with_nothing(PressListener),
        missed_events=_Missed(),
        health=health,
    )
    surface.register(app)
    return slack, app, surface


async def measure(count: int = WORKSPACES) -> tuple[float, float]:
    """Return the KiB and the milliseconds of one workspace, the mean of `count`."""
    metrics = Metrics(interruptions=())
    kept = [workspace(0, metrics)]
    gc.collect()
    before, began = memory_of(os.getpid()).own, time.process_time()
    kept += [workspace(number, metrics) for number in range(1, count + 1)]
    seconds = time.process_time() - began
    gc.collect()
    return 1024 * (memory_of(os.getpid()).own - before) / count, 1000 * seconds / count


if __name__ == "__main__":
    _kib, _ms = asyncio.run(measure())
    Console().print(f"one more workspace: {_kib:.0f} KiB, {_ms:.1f} ms")
