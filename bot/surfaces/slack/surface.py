"""Register all Slack listeners in the order that they need: each creates a request or starts a job, and responds.

The app runs a listener before it acknowledges (`process_before_response`). A listener that raises, because nothing
could be recorded, is not acknowledged, and Slack sends the event again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from slack_bolt.response import BoltResponse

from bot.jobs import StartJob, TooManyJobs
from bot.slack.client import Identity
from bot.slack.message_events import moment_of, read_channel_event, read_event
from bot.surfaces.slack.arrivals import CountedApp
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.commands import CommandListener, ShortcutListener
from bot.surfaces.slack.gesture_intake import GestureIntake
from bot.surfaces.slack.health import MissedEvents
from bot.surfaces.slack.manifest import events
from bot.surfaces.slack.message_intake import MessageIntake
from bot.surfaces.slack.presses import PressListener
from bot.workflows.job_payloads import HomeJob, PaneJob

_log: Final = structlog.get_logger(__name__)

# Every subscribed event has a listener: in Socket Mode an event without one is never acknowledged.
MESSAGE_EVENTS: Final = ("message", "app_mention")
REACTION_EVENTS: Final = ("reaction_added", "reaction_removed")
HOME_OPENED: Final = "app_home_opened"
REVOKED_EVENTS: Final = ("tokens_revoked", "app_uninstalled")
CHANNEL_EVENTS: Final = tuple(each for each in events() if each.startswith(("channel_", "group_", "member_")))
_FILLED: Final = {"home": HomeJob, "messages": PaneJob}
_RATE_LIMITED: Final = "app_rate_limited"
_ANY: Final = re.compile(".*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSurface:
    """The handlers of events, commands, shortcuts and presses of one workspace."""

    identity: Identity
    intake: MessageIntake
    recorder: ChannelRecorder
    commands: CommandListener
    shortcuts: ShortcutListener
    gestures: GestureIntake
    start: StartJob
    presses: PressListener
    revoked: Callable[[], Awaitable[None]]
    missed_events: MissedEvents

    def register(self, bolt: CountedApp) -> None:
        """Register the listeners with `bolt`: foreign workspaces are rejected first, unknown events come last."""

        @bolt.middleware
        async def turned_away(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
            # Foreign events are not recorded, and a foreign uninstall changes nothing.
            return BoltResponse(status=200) if _is_ignored(body, self.identity.team) else await next()

        for event in MESSAGE_EVENTS:
            # Messages are most of what Slack sends, and most of them are chat: they are read without Bolt's middleware.
            bolt.listen_directly(event, self._message_arrived)
        for event in CHANNEL_EVENTS:
            bolt.event(event)(self._channel_changed)
        self.commands.register(bolt)
        self.shortcuts.register(bolt)
        for event in REACTION_EVENTS:
            bolt.event(event)(self._reacted)
        bolt.event(HOME_OPENED)(self._opened)
        self.presses.register(bolt)
        for event in REVOKED_EVENTS:
            bolt.event(event)(self._revoked)
        bolt.event(_ANY)(_passed_over)
        bolt.middleware(self.missed_events.middleware)
        bolt.middleware(self._rate_limited)

    async def _message_arrived(self, body: dict[str, Any]) -> None:
        """Record the facts of a message, then create its request."""
        if _is_ignored(body, self.identity.team):
            return
        self.missed_events.note_event()
        event: dict[str, Any] = body["event"]
        if _is_ours(event, self.identity):
            return
        team = self._team(body)
        await self.recorder.message_arrived(event, team=team)
        await self.intake.take(read_event(event, team=team, us=self.identity.user, our_bot=self.identity.bot_id))

    async def _channel_changed(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        change = read_channel_event(event, team=self._team(body))
        if change is not None:
            await self.recorder.channel_changed(change)

    async def _reacted(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        await self.gestures.reacted(event, team=self._team(body))

    async def _opened(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """Fill what a person opened: the Home tab, or the direct message with its prompts."""
        kind = _FILLED.get(str(event.get("tab")))
        user, channel = str(event.get("user") or ""), str(event.get("channel") or "")
        if kind is not None and user and channel:
            payload = kind(team=self._team(body), channel=channel, user=user)
            with contextlib.suppress(TooManyJobs):  # one of those that wait fills it
                await self.start(f"{kind.kind}.{user}.{event.get('event_ts')}", payload)

    async def _revoked(self, event: dict[str, Any]) -> None:
        tokens = event.get("tokens")
        if isinstance(tokens, Mapping) and not tokens.get("bot"):
            # Those of people, of which we have none.
            return
        _log.error("app_uninstalled", type=str(event.get("type")))
        await self.revoked()

    async def _rate_limited(self, body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        """Take Slack's notice that events were dropped, which is not an event."""
        if body.get("type") != _RATE_LIMITED:
            return await next()
        since = str(body.get("minute_rate_limited") or "")
        _log.error("slack_events_rate_limited", since=since)
        if since:
            self.missed_events.left_out(moment_of(since))
        return BoltResponse(status=200)

    def _team(self, body: Mapping[str, Any]) -> str:
        return str(body.get("team_id") or self.identity.team)


async def _passed_over(event: dict[str, Any]) -> None:
    # Without an acknowledgement Slack would resend it, and finally disable all events.
    _log.info("event_ignored", type=str(event.get("type")))


def _is_ignored(body: Mapping[str, Any], ours: str) -> bool:
    """Tell whether an event names workspaces without ours, and log it.

    An event of a shared channel names the workspace where it happened and one that receives it; an event of an
    enterprise installation names any of its workspaces.
    """
    if body.get("type") != "event_callback":
        return False
    authorizations = body.get("authorizations")
    installed = (
        [each for each in authorizations if isinstance(each, Mapping)] if isinstance(authorizations, list) else []
    )
    if any(each.get("is_enterprise_install") for each in installed):
        return False
    named = {body.get("team_id"), body.get("context_team_id"), *(each.get("team_id") for each in installed)}
    if ours in named or not named - {None, ""}:
        return False
    _log.warning("foreign_workspace_event_ignored", team=str(body.get("team_id")))
    return True


def _is_ours(event: Mapping[str, Any], identity: Identity) -> bool:
    """Tell whether a message is our own, or the change of one."""
    if event.get("bot_id") == identity.bot_id:
        return True
    for message in (event, event.get("message"), event.get("previous_message")):
        if isinstance(message, Mapping) and message.get("user"):
            return bool(message["user"] == identity.user)
    return False
