"""Create Bolt's app; it counts and times each arrival, and binds its request to the log lines."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from structlog.contextvars import bound_contextvars

from bot.common.tracing import SpanName, trace
from bot.jobs import JobsUnavailable
from bot.slack.client import Identity
from bot.store import StoreUnavailable
from bot.surfaces.slack.manifest import events

# The manifest lists message events with their kind of channel.
_EVENTS: Final = frozenset(event.partition(".")[0] for event in events())
_SURFACES: Final[Mapping[str, str]] = {
    "block_actions": "action",
    "block_suggestion": "suggestion",
    "view_submission": "dialog",
    "view_closed": "dialog",
    "message_action": "shortcut",
    "shortcut": "shortcut",
}
_OTHER: Final = "other"
# Bolt's status if no listener matches.
_UNHANDLED: Final = 404
_log: Final = structlog.get_logger(__name__)


class Delivered(Protocol):
    """Receives each arrival: its kind, whether Slack got an acknowledgement, and the duration."""

    def __call__(self, surface: str, *, acknowledged: bool, seconds: float) -> None: ...


# Receives the payload of an event. An exception means that the event is not acknowledged.
EventListener = Callable[[dict[str, Any]], Awaitable[None]]
# Logs the exception of a listener. Returns the response to Slack; None: an internal error.
FailureListener = Callable[[Exception], Awaitable[BoltResponse | None]]


class CountedApp(AsyncApp):
    """Bolt's app, which reports each arrival to `delivered`; that neither raises nor blocks.

    Events with a direct listener pass by Bolt, whose middleware takes four times longer than reading a chat message.
    """

    def __init__(self, *, delivered: Delivered, failed: FailureListener, **options: Any) -> None:
        super().__init__(**options)
        self.error(failed)
        self._delivered = delivered
        self._failed = failed
        self._direct: dict[str, EventListener] = {}

    def listen_directly(self, event: str, listener: EventListener) -> None:
        """Send the events of a type to `listener`, without Bolt's middleware and ours."""
        self._direct[event] = listener

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Dispatch as Bolt does, and report the arrival."""
        began = time.monotonic()
        request = request_of(req.body)
        acknowledged = False
        surface = surface_of(req.body)
        with (
            bound_contextvars(**({"request": request} if request else {})),
            trace(SpanName.REQUEST, kept=False, surface=surface),
        ):
            try:
                listener = self._direct_listener(req.body)
                answer = await (self._listened(listener, req.body) if listener else super().async_dispatch(req))
                if answer.status == _UNHANDLED:
                    _log.warning("payload_not_handled", type=surface)
                    answer = BoltResponse(status=400)
                acknowledged = answer.status < 400
                return answer
            finally:
                seconds = time.monotonic() - began
                self._delivered(surface, acknowledged=acknowledged, seconds=seconds)

    def _direct_listener(self, body: Mapping[str, Any]) -> EventListener | None:
        event = body.get("event") if body.get("type") == "event_callback" else None
        return self._direct.get(str(event.get("type"))) if isinstance(event, Mapping) else None

    async def _listened(self, listener: EventListener, body: dict[str, Any]) -> BoltResponse:
        try:
            await listener(body)
        except Exception as error:  # noqa: BLE001 - logged by the handler, as Bolt does with those of its listeners
            return await self._failed(error) or BoltResponse(status=500)
        return BoltResponse(status=200)


def surface_of(body: Mapping[str, Any]) -> str:
    """Return a bounded label for an arrival: an event's type, command, shortcut, action, dialog, other."""
    event = body.get("event")
    if isinstance(event, Mapping):
        kind = str(event.get("type"))
        return kind if kind in _EVENTS else _OTHER
    return "command" if "command" in body else _SURFACES.get(str(body.get("type")), _OTHER)


def request_of(body: Mapping[str, Any]) -> str:
    """Return the id of the request that an arrival creates or changes, as its listener forms it; "" for none."""
    event = body.get("event")
    if isinstance(event, Mapping):
        # Edits and deletions contain the message that they change.
        inner = event.get("message") or event.get("previous_message")
        message = inner if isinstance(inner, Mapping) else event
        return _joined(body.get("team_id"), event.get("channel"), message.get("ts"))
    if "command" in body:
        return _joined(body.get("team_id"), body.get("channel_id"), f"c{body.get('trigger_id')}")
    if body.get("type") == "message_action":
        team, channel = body.get("team") or {}, body.get("channel") or {}
        return _joined(team.get("id"), channel.get("id"), f"s{body.get('trigger_id')}")
    return ""


def _joined(*parts: Any) -> str:
    named = all(isinstance(part, str) and part for part in parts)
    return ".".join(parts) if named else ""


def bolt_app(client: AsyncWebClient, *, identity: Identity, signing_secret: str, delivered: Delivered) -> CountedApp:
    """Return an app without listeners; `client` has no token, `delivered` gets each arrival."""

    async def authorize() -> AuthorizeResult:
        # Bolt would call auth.test before the first event, and drop an acknowledged event if Slack does not respond.
        return AuthorizeResult(
            enterprise_id=None, team_id=identity.team, bot_id=identity.bot_id, bot_user_id=identity.user
        )

    # Otherwise Bolt's own loggers use the root's level.
    logger = logging.getLogger("slack_bolt")
    # Bolt also finds SLACK_BOT_TOKEN in the environment and warns at each start that it is unused.
    logger.addFilter(_is_news)
    return CountedApp(
        delivered=delivered,
        failed=_log_failure,
        # Without a name Bolt searches the source files of the whole call stack for one.
        name="casebook",
        logger=logger,
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        # Listeners run before the acknowledgement, so that an event that is not recorded is not acknowledged.
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )


async def _log_failure(error: Exception) -> BoltResponse | None:
    """Log the failure. An event that could not be recorded gets 503, and Slack delivers it again."""
    if isinstance(error, StoreUnavailable | JobsUnavailable):
        _log.error("event_recording_failed", error=str(error))
        return BoltResponse(status=503)
    _log.error("listener_failed", error=type(error).__name__, exc_info=error)
    return None


def _is_news(record: logging.LogRecord) -> bool:
    said = record.getMessage()
    # Unhandled requests have a line of ours; Bolt's quotes the payload and suggests code.
    return said != warning_client_prioritized_and_token_skipped() and not said.startswith("Unhandled request")
