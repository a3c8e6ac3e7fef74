"""Keep the pinned message of an incident channel up to date: it is rendered again after each change.

With any number of processes and messages, one process edits one message, a few times a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import (
    Archived,
    ChannelGone,
    MessageGone,
    MissingScope,
    NotInChannel,
    SlackError,
    SlackRefusal,
    SlackUnavailable,
)
from bot.store import ChannelState, Chronicle, IncidentChannel, StoreUnavailable
from bot.workflows.chronicle.summary_canvas import CANVAS_EVERY, SummaryCanvas
from bot.workflows.chronicle.summary_page import SummaryPage, page_of
from bot.workflows.job_payloads import SummaryJob
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.domain import Text
from responses import failures
from responses.chronicle import incident_replies
from responses.slack.chronicle.announcements import NEEDED_SCOPES, missing_scopes_message
from responses.slack.chronicle.summary import summary_message
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

# The longest wait for another process that shows earlier changes; longer than any update takes. Later changes are
# left to the job of their own slot, so that no slot has more than one edit.
_ROUNDS: Final = 30
_BETWEEN_S: Final = 3.0
_SAID_ONCE: Final = timedelta(hours=24)
# Notices are posted once in the life of an incident.
_TOLD_ONCE: Final = timedelta(days=90)
_PINNING: Final = "pins:write"
_OF_PUBLIC: Final = frozenset({"channels:history", "channels:join"})
_OF_PRIVATE: Final = frozenset({"groups:history"})
_WITHOUT_SUMMARY: Final = (ChannelState.DISMISSED, ChannelState.ARCHIVED)
_NOWHERE: Final = (NotInChannel, ChannelGone, Archived)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryWorkflow:
    """The job `summary`."""

    services: Services

    async def run(self, run: JobRun, payload: SummaryJob) -> Json | None:
        if payload.wait:
            await run.sleep(payload.wait)
        shown: Json | None = None
        for number in range(_ROUNDS):
            shown = await retry_step(run, f"show {number}", self.show, payload, f"{run.id}/{number}")
            if not shown or not shown["more"]:
                break
            await run.sleep(_BETWEEN_S)
        if shown and shown.get("canvas"):
            # The canvas is written less often; the last change follows a little later.
            await run.sleep(CANVAS_EVERY.total_seconds())
            await retry_step(run, "canvas", self.write, payload)
        return None

    async def show(self, payload: SummaryJob, by: str) -> Json:
        """Update the summary message. Raise SlackUnavailable, to be retried."""
        channel, chronicles = payload.channel, self.services.store.chronicles
        known = await chronicles.get(channel)
        if known is None or known.state in _WITHOUT_SUMMARY:
            return {"more": False}
        revision, behind = known.revision, False
        if await chronicles.claim_summary(channel, revision, by, self.services.clock()):
            try:
                # Read under the claim: the attempt before this one may have posted another message.
                chronicle = await chronicles.read(channel)
                if chronicle is None or chronicle.channel.state in _WITHOUT_SUMMARY:
                    await chronicles.release_summary(channel, by)
                    return {"more": False}
                revision = chronicle.channel.revision
                behind = await self._render(chronicle)
            except (SlackUnavailable, StoreUnavailable):
                # The retry is up to minutes away; the job of a later change must not wait for it.
                await chronicles.release_summary(channel, by)
                raise
            await chronicles.rendered(channel, revision, by)
        now = await chronicles.get(channel)
        return {"more": now is not None and now.shown < revision, "canvas": behind}

    async def _render(self, chronicle: Chronicle) -> bool:
        """Write the summary message and the canvas. Return whether the canvas is behind."""
        if await self._shared(chronicle.channel):
            return False
        try:
            page = await page_of(self.services, chronicle)
            await self._put(page)
            return not await SummaryCanvas(services=self.services).put(page)
        except _NOWHERE as error:
            # A new invitation triggers an update.
            _log.info("summary_channel_unavailable", channel=chronicle.channel.channel, error=str(error))
            return False

    async def write(self, payload: SummaryJob) -> None:
        """Update the canvas unless another process has. Raise SlackUnavailable."""
        chronicle = await self.services.store.chronicles.read(payload.channel)
        if chronicle is None or chronicle.channel.state in _WITHOUT_SUMMARY:
            return
        if not await self._shared(chronicle.channel):
            await SummaryCanvas(services=self.services).put(await page_of(self.services, chronicle))

    async def _shared(self, channel: IncidentChannel) -> bool:
        """Tell whether other organisations now read the channel; if so, announce once that cluster data is withheld."""
        place = await self.services.slack.place(channel.channel)
        if place.unknown or not place.external:
            return False
        _log.warning("shared_channel_summary_frozen", channel=channel.channel)
        await self._say_once(channel.channel, channel.summary_ts, "shared", incident_replies.SHARED_CHANNEL)
        return True

    def _message(self, page: SummaryPage, *, posted: bool) -> Message:
        # An edit notifies nobody; a new post would notify every mentioned user.
        return summary_message(
            page.summary, language=self.services.usual_language, permalink=page.permalink, mention=not posted
        )

    async def _put(self, page: SummaryPage) -> None:
        channel, old_ts = page.channel.channel, page.channel.summary_ts
        if old_ts and await self._edited(page, old_ts):
            return
        ts = await self._posted(page)
        lacks = await self._lacks(channel) | await self._pin(channel, ts)
        await self._say_lacking(channel, ts, lacks)
        # Last step: pin the message, if possible.
        await self.services.store.chronicles.placed(channel, summary_ts=ts)

    async def _edited(self, page: SummaryPage, ts: str) -> bool:
        """Edit our message `ts`; False if it was deleted, perhaps by mistake, and must be posted again."""
        channel, services = page.channel.channel, self.services
        message = self._message(page, posted=False)
        try:
            await services.slack.update(channel=channel, ts=ts, message=message, final=True, key=_key(channel))
        except MessageGone:
            await services.store.outbox.forget(_key(channel), ts=ts)
            await services.store.chronicles.displaced(channel, ts)
            return False
        return True

    async def _posted(self, page: SummaryPage) -> str:
        """Post the summary and return its ts. An interrupted attempt may have posted older content."""
        channel = page.channel.channel
        sent = await post_once(self.services, self._message(page, posted=True), to=channel, key=_key(channel))
        if sent.earlier and not await self._edited(page, sent.ts):
            return await self._posted(page)
        return sent.ts

    async def _pin(self, channel: str, ts: str) -> frozenset[str]:
        """Pin the summary; return the missing scope, if any. Other errors are posted below the summary."""
        try:
            await self.services.slack.pin(channel=channel, ts=ts)
        except SlackUnavailable:
            raise
        except MissingScope as error:
            _log.warning("summary_pin_failed", channel=channel, error=str(error))
            return frozenset({_PINNING})
        except SlackError as error:
            _log.warning("summary_pin_failed", channel=channel, error=str(error))
            why, words = error.says, failures.PIN_FAILED
            await self._say_once(channel, ts, "pin", Text(en=f"{words.en}: {why.en}", zh=f"{words.zh}：{why.zh}"))
        return frozenset()

    async def _lacks(self, channel: str) -> frozenset[str]:
        """Return the missing scopes for incident channels, if Slack returns the granted ones."""
        granted = self.services.slack.scopes
        if not granted:
            return frozenset()
        place = await self.services.slack.place(channel)
        return NEEDED_SCOPES - granted - (_OF_PUBLIC if place.private else _OF_PRIVATE)

    async def _say_lacking(self, channel: str, ts: str, lacks: frozenset[str]) -> None:
        """Post below the summary, once per scope, what does not work without it."""
        once, now = self.services.store.notices.once, self.services.clock()
        unreported = [each for each in sorted(lacks) if await once(f"{each}/{channel}", within=_TOLD_ONCE, now=now)]
        if not unreported:
            return
        says = missing_scopes_message(unreported, language=self.services.usual_language)
        try:
            await self.services.slack.post(
                channel=channel, message=says, thread_ts=ts, key=f"{channel}/lacks/{unreported[0]}"
            )
        except SlackRefusal as error:
            _log.warning("missing_scopes_notice_failed", channel=channel, error=str(error))

    async def _say_once(self, channel: str, ts: str, what: str, says: Text) -> None:
        if not await self.services.once(f"{what}/{channel}", within=_SAID_ONCE):
            return
        try:
            message = notice(says, language=self.services.usual_language)
            await self.services.slack.post(channel=channel, message=message, thread_ts=ts, key=f"{channel}/{what}")
        except SlackRefusal as error:
            _log.warning("failure_notice_post_failed", channel=channel, error=str(error))


def _key(channel: str) -> str:
    """Return the key of the summary in the outbox and in Slack."""
    return f"{channel}/summary"
