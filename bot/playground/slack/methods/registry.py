"""What every Web API method works with, and the table they enter themselves into."""

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
    """The workspace as a Web API method sees it."""

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
    """One method: what it does, how often it may be called, and whether it takes the app's token, not the bot's.

    `scope`: what the token must have, for any conversation or for each kind of one; "" where Slack asks for none.
    """

    run: Handler
    tier: Tier
    app_level: bool = False
    scope: RequiredScope = ""


Table = dict[str, Method]


def method(
    table: Table, name: str, tier: Tier, *, app_level: bool = False, scope: RequiredScope = ""
) -> Callable[[Handler], Handler]:
    """Enter the decorated function into `table` under Slack's name for it."""

    def enter(run: Handler) -> Handler:
        table[name] = Method(run=run, tier=tier, app_level=app_level, scope=scope)
        return run

    return enter
