"""Register the Web API methods, and read the arguments of a call from a query, a form or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.playground.slack.channel_actions import ChannelActions
from bot.playground.slack.events import EventPublisher
from bot.playground.slack.limits import RateLimits, Tier, check_view
from bot.playground.slack.marks import Marks
from bot.playground.slack.records import Json, Refused, invalid
from bot.playground.slack.scopes import RequiredScope
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel, Workspace

_FALSE = (None, "", "0", "false", "False", False, 0)


class Arguments:
    """The arguments of one call by name. Forms carry structures as JSON text."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.values.get(name, default)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """Return an argument as text. Refuse with `invalid_arguments` if it is missing or empty."""
        if not (value := self.text(name)):
            raise invalid(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument as a boolean."""
        value = self.values.get(name)
        return default if value is None else value not in _FALSE

    def number(self, name: str, default: int) -> int:
        """Return an argument as an integer. Refuse with `invalid_arguments` if it is not one."""
        value = self.values.get(name)
        if value in (None, ""):
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid(f"must be an integer [json-pointer:/{name}]") from None

    def structure(self, name: str, *, error: str = "invalid_arguments") -> Any:
        """Return a list or mapping, or None if not given. Refuse with `error` if it is not JSON."""
        value = self.values.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None


async def read_arguments(request: web.Request) -> Json:
    """Merge query and body; the body wins. Refuse with `invalid_json` or `json_not_object`."""
    values: Json = dict(request.query)
    if request.method != "POST":
        return values
    if request.content_type == "application/json":
        body = await request.read()
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(decoded, dict):
            raise Refused("json_not_object")
        return values | decoded
    form = await request.post()
    return values | {name: value for name, value in form.items() if isinstance(value, str)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodContext:
    """The parts of the workspace that a Web API method uses."""

    state: State
    publisher: EventPublisher
    rate_limits: RateLimits
    sockets: SocketMode
    marks: Marks
    channel_actions: ChannelActions


class Call(Arguments):
    """The arguments of a Web API call and what it works on; `channel` is set for methods that take one."""

    channel: Channel

    def __init__(self, values: Json, *, context: MethodContext) -> None:
        super().__init__(values)
        self.context = context
        self.state = context.state
        self.workspace = context.state.workspace
        self.bot = context.state.identity.bot_user_id

    def timestamp(self, name: str, *, missing: str = "", bad: str) -> str:
        """Return a message timestamp. Refuse with `missing` or `bad`; without `missing`, it may be left out."""
        if not (ts := self.text(name)):
            if missing:
                raise Refused(missing)
            return ""
        whole, dot, fraction = ts.partition(".")
        if not (dot and whole.isdigit() and fraction.isdigit()):
            raise Refused(bad)
        return ts


def read_view(call: Call, kind: str, *, called: str) -> Json:
    """Return the argument `view`. Refuse one that is invalid or of another kind."""
    view = call.structure("view")
    check_view(view)
    if view.get("type") != kind:
        raise invalid(f"must be {called} [json-pointer:/view/type]")
    return dict(view)


Handler = Callable[[Call], Json]
FindChannel = Callable[[Workspace, str], Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A Web API method: its handler, its rate limit tier and the token it takes.

    `scope` is the required scope, one for all conversations or one for each kind; "" if Slack requires none.
    `app_level` methods take the app token instead of the bot token. `channel` finds the channel that the argument
    `channel` names, or refuses.
    """

    handler: Handler
    tier: Tier
    app_level: bool
    scope: RequiredScope
    channel: FindChannel | None

    def run(self, context: MethodContext, values: Json) -> Json:
        """Run the method and return its answer. Raise Refused if Slack would refuse the call."""
        call = Call(values, context=context)
        if self.channel is not None:
            call.channel = self.channel(call.workspace, call.required("channel"))
        return self.handler(call)


METHODS: dict[str, Method] = {}


def method(
    name: str, tier: Tier, *, app_level: bool = False, scope: RequiredScope = "", channel: FindChannel | None = None
) -> Callable[[Handler], Handler]:
    """Register the decorated function under Slack's name for it."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(handler=handler, tier=tier, app_level=app_level, scope=scope, channel=channel)
        return handler

    return register
