"""What every Web API method works with, and the table they enter themselves into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.slack.announcing import Announcer
from bot.playground.slack.arguments import Arguments
from bot.playground.slack.courier import Courier
from bot.playground.slack.pace import Pace, Tier
from bot.playground.slack.records import Json
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The workspace as a Web API method sees it."""

    state: State
    announcer: Announcer
    courier: Courier
    pace: Pace
    sockets: SocketMode


Handler = Callable[[Desk, Arguments], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method: what it does, how often it may be called, and whether it takes the app's token, not the bot's."""

    run: Handler
    tier: Tier
    app_level: bool = False


Table = dict[str, Method]


def method(table: Table, name: str, tier: Tier, *, app_level: bool = False) -> Callable[[Handler], Handler]:
    """Enter the decorated function into `table` under Slack's name for it."""

    def enter(run: Handler) -> Handler:
        table[name] = Method(run=run, tier=tier, app_level=app_level)
        return run

    return enter
