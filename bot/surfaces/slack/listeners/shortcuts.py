"""Handle message shortcuts: "Diagnose this", "Add to timeline", "Remove from timeline", "Save as incident"."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs import JobsUnavailable, StartJob
from bot.slack.client import Identity, Slack
from bot.slack.errors import SlackError
from bot.slack.message_events import files_of, text_of
from bot.store import LONGEST_TEXT, NewRequest, ReplyAddress, StoreUnavailable, Surface
from bot.surfaces.slack.entry_points import DIAGNOSE_THIS, PIN, SAVE_AS_INCIDENT, UNPIN
from bot.surfaces.slack.listeners import TELL_S
from bot.surfaces.slack.timeline_pins import TimelinePins
from bot.workflows.job_payloads import SaveDialogJob, TimelineMark
from bot.workflows.submissions import Submissions, TooManyRequests
from intents.domain import Language, Text
from responses.failures import BUSY, too_many_requests
from responses.language import choose
from responses.safety import safe
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_MARKS: Final = {PIN: TimelineMark.PIN, UNPIN: TimelineMark.REMOVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutListener:
    """Handles message shortcuts. `language` is the setting."""

    submissions: Submissions
    timeline_pins: TimelinePins
    start: StartJob
    slack: Slack
    identity: Identity
    language: Language | None

    async def diagnose_this(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Diagnose the message and answer in its thread."""
        new_request = self._new_request(body)
        try:
            await self.submissions.submit(new_request)
        except TooManyRequests as refused:
            language = choose(preferred=self.language, text=new_request.text)
            await self._respond(new_request.response_url, too_many_requests(refused.limit), language)
        except (StoreUnavailable, JobsUnavailable) as error:
            # Slack does not resend shortcuts, so ask the user to.
            _log.error("shortcut_recording_failed", error=str(error))
            await self._try_again(new_request.response_url, choose(preferred=self.language, text=new_request.text))
        await ack()

    async def marked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Add the message to the timeline, or remove it."""
        try:
            await self.timeline_pins.chosen(_MARKS[str(body["callback_id"])], body)
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.error("shortcut_recording_failed", error=str(error))
            await self._try_again(str(body.get("response_url") or ""), choose(preferred=self.language))
        await ack()

    async def save_as_incident(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Open the dialog that saves what was found out in the message's thread."""
        message, channel = body["message"], str(body["channel"]["id"])
        payload = SaveDialogJob(
            team=str((body.get("team") or {}).get("id") or self.identity.team),
            channel=channel,
            user=str(body["user"]["id"]),
            trigger=str(body["trigger_id"]),
            ts=str(message["ts"]),
            thread_ts=str(message.get("thread_ts") or message["ts"]),
            text=safe(text_of(message)),
        )
        try:
            await self.start(f"{channel}.save.{body['trigger_id']}", payload)
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.error("shortcut_recording_failed", error=str(error))
            await self._try_again(str(body.get("response_url") or ""), choose(preferred=self.language))
        await ack()

    def _new_request(self, body: dict[str, Any]) -> NewRequest:
        message = body["message"]
        team = str((body.get("team") or {}).get("id") or self.identity.team)
        channel, ts = str(body["channel"]["id"]), str(message["ts"])
        return NewRequest(
            # A second use on the same message is a new request, because Slack does not resend shortcuts.
            id=f"{team}.{channel}.s{body['trigger_id']}",
            origin=Surface.SHORTCUT,
            reply_to=ReplyAddress(
                team=team,
                channel=channel,
                thread_ts=str(message.get("thread_ts") or ts),
                response_url=str(body.get("response_url") or ""),
            ),
            source_ts=ts,
            user=str(body["user"]["id"]),
            text=safe(text_of(message), limit=LONGEST_TEXT),
            files=files_of(message),
            created=self.submissions.clock(),
        )

    async def _try_again(self, response_url: str, language: Language) -> None:
        await self._respond(response_url, BUSY, language)

    async def _respond(self, response_url: str, says: Text, language: Language) -> None:
        try:
            async with asyncio.timeout(TELL_S):
                await self.slack.respond(response_url, notice(says, language=language))
        except (SlackError, TimeoutError) as error:
            _log.warning("shortcut_reply_failed", error=str(error))


def register(app: AsyncApp, listener: ShortcutListener) -> None:
    """Register the listeners of all message shortcuts."""
    app.shortcut(DIAGNOSE_THIS)(listener.diagnose_this)
    app.shortcut(SAVE_AS_INCIDENT)(listener.save_as_incident)
    for callback_id in _MARKS:
        app.shortcut(callback_id)(listener.marked)
