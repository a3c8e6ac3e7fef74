"""Define the registry of Web API methods and the context they run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.channel_actions import ChannelActions
from bot.playground.slack.event_publisher import EventPublisher
from bot.playground.slack.marks import Marks
from bot.playground.slack.payload_sender import PayloadSender
from bot.playground.slack.rate_limits import RateLimits, Tier
from bot.playground.slack.records import Json
from bot.playground.slack.scopes import RequiredScope
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodContext:
    """The parts of the workspace that a Web API method uses."""

    state: State
    publisher: EventPublisher
    sender: PayloadSender
    rate_limits: RateLimits
    sockets: SocketMode
    marks: Marks
    channel_actions: ChannelActions


Handler = Callable[[MethodContext, Arguments], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A Web API method: its handler, its rate limit tier and the token it takes.

    `scope` is the required scope, one for all conversations or one for each kind; "" if Slack requires none.
    `app_level` methods take the app token instead of the bot token.
    """

    run: Handler
    tier: Tier
    app_level: bool = False
    scope: RequiredScope = ""


Table = dict[str, Method]


def method(
    table: Table, name: str, tier: Tier, *, app_level: bool = False, scope: RequiredScope = ""
) -> Callable[[Handler], Handler]:
    """Register the decorated function in `table` under Slack's name for it."""

    def register(run: Handler) -> Handler:
        table[name] = Method(run=run, tier=tier, app_level=app_level, scope=scope)
        return run

    return register
