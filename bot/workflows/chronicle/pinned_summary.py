"""Keep the pinned message and the canvas of an incident channel up to date: rendered again after each change.

With any number of processes and messages, one process edits one message, a few times a minute. The canvas is written
less often than the message, but the last change is always written. Without a canvas, nothing else is affected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import JobRun
from bot.slack.errors import (
    Archived,
    CanvasGone,
    CanvasTaken,
    ChannelGone,
    MissingScope,
    NotInChannel,
    SlackRefusal,
    SlackUnavailable,
    log_refusal,
)
from bot.store import ChannelState, Chronicle, IncidentChannel, StoreUnavailable
from bot.workflows.chronicle.documents import SummaryPage, page_of
from bot.workflows.incident_payloads import SummaryJob
from bot.workflows.message_poster import post_once, show_once
from bot.workflows.services import Services, retry_step
from intents.chronicle.timeline import timeline_of
from intents.domain import Json, Text
from responses import failures
from responses.chronicle import incident_replies
from responses.postmortem import canvas
from responses.slack.chronicle.announcements import NEEDED_SCOPES, missing_scopes_message
from responses.slack.chronicle.mark_dialog import with_correct_button
from responses.slack.chronicle.summary import summary_message
from responses.slack.message import Message
from responses.slack.notices import notice
from responses.words import COLON

_log: Final = structlog.get_logger(__name__)

CANVAS_EVERY: Final = timedelta(minutes=1)
# After a failure, creation is not retried with each change.
_TRIED_EVERY: Final = timedelta(hours=6)
# Stored instead of an id: a user deleted the canvas and does not want it.
_UNWANTED: Final = "deleted"


async def put_canvas(services: Services, page: SummaryPage) -> bool:
    """Write the summary to the canvas. False: too early, retry later. Raise SlackUnavailable."""
    channel = page.channel
    name = channel.channel
    if channel.canvas == _UNWANTED or not (channel.canvas or await _may_be_made(services, name)):
        return True
    if not await services.once(f"canvas/{name}", within=CANVAS_EVERY):
        return False
    moments = timeline_of(page.facts)
    text = canvas(page.summary, moments, language=services.usual_language, permalink=page.permalink)
    try:
        if channel.canvas:
            await services.slack.canvases.edit(canvas=channel.canvas, markdown=text)
        else:
            made = await services.slack.canvases.create(channel=name, title=channel.name, markdown=text)
            await services.store.chronicles.placed(name, canvas=made)
    except CanvasGone:
        await services.store.chronicles.placed(name, canvas=_UNWANTED)
    except SlackRefusal as error:
        _log.warning("canvas_update_failed", channel=name, error=str(error))
        if not channel.canvas:
            await services.store.notices.note(_refused(name), services.clock())
        if isinstance(error, CanvasTaken):
            await _say_taken(services, channel, error)
    return True


async def _may_be_made(services: Services, channel: str) -> bool:
    """Tell whether creation may be tried: only a refusal blocks it. An interrupted attempt's canvas is found."""
    refused = await services.store.notices.last(_refused(channel))
    return refused is None or services.clock() - refused >= _TRIED_EVERY


async def _say_taken(services: Services, channel: IncidentChannel, error: CanvasTaken) -> None:
    """Post below the summary, once, that only the message has it."""
    name = channel.channel
    says = notice(incident_replies.NO_CANVAS.filled(error.says), language=services.usual_language)
    known = await services.store.chronicles.get(name)
    below = known.summary_ts if known else channel.summary_ts
    with log_refusal(_log.warning, "failure_notice_post_failed", channel=name):
        await post_once(services, says, to=name, thread_ts=below, key=f"canvas/{name}/taken")


async def take_back_canvas(services: Services, channel: IncidentChannel) -> None:
    """Replace our canvas's content with the notice that the channel is no incident. Raise SlackUnavailable."""
    if channel.canvas in ("", _UNWANTED):
        return
    says = incident_replies.DISMISSED_HERE.in_(services.usual_language)
    with log_refusal(_log.warning, "canvas_delete_failed", channel=channel.channel):
        await services.slack.canvases.edit(canvas=channel.canvas, markdown=says)


def _refused(channel: str) -> str:
    """Return the key of the notice that the channel got no canvas."""
    return f"canvas/{channel}/made"


# The longest wait for another process that shows earlier changes; longer than any update takes. Later changes are
# left to the job of their own slot, so that no slot has more than one edit.
_ROUNDS: Final = 30
_BETWEEN_S: Final = 3.0
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
            return not await put_canvas(self.services, page)
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
            await put_canvas(self.services, await page_of(self.services, chronicle))

    async def _shared(self, channel: IncidentChannel) -> bool:
        """Tell whether other organisations now read the channel; if so, announce once that cluster data is withheld."""
        place = await self.services.slack.place(channel.channel)
        if place.unknown or not place.external:
            return False
        _log.warning("shared_channel_summary_frozen", channel=channel.channel)
        await self._say_once(channel.channel, channel.summary_ts, "shared", incident_replies.SHARED_CHANNEL)
        return True

    async def _put(self, page: SummaryPage) -> None:
        """Show the summary; one that was deleted, perhaps by mistake, is posted again."""
        channel, services = page.channel.channel, self.services
        # An edit notifies nobody; a new post would notify every mentioned user.
        language = services.usual_language
        first, edited = (
            with_correct_button(
                summary_message(page.summary, language=language, permalink=page.permalink, mention=mention), language
            )
            for mention in (False, True)
        )
        sent = await show_once(services, edited, to=channel, key=summary_key(channel), first=first)
        if sent.ts == page.channel.summary_ts:
            return
        lacks = await self._lacks(channel) | await self._pin(channel, sent.ts)
        await self._say_lacking(channel, sent.ts, lacks)
        # Last step: pin the message, if possible.
        await services.store.chronicles.placed(channel, summary_ts=sent.ts)

    async def _pin(self, channel: str, ts: str) -> frozenset[str]:
        """Pin the summary; return the missing scope, if any. Other errors are posted below the summary."""
        try:
            await self.services.slack.pins.add(channel=channel, ts=ts)
        except MissingScope as error:
            _log.warning("summary_pin_failed", channel=channel, error=str(error))
            return frozenset({_PINNING})
        except SlackRefusal as error:
            _log.warning("summary_pin_failed", channel=channel, error=str(error))
            says = Text.joined((failures.PIN_FAILED, error.says), COLON)
            await self._say_once(channel, ts, "pin", says)
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
        await self._say_below(channel, ts, f"lacks/{unreported[0]}", says)

    async def _say_once(self, channel: str, ts: str, what: str, says: Text) -> None:
        if await self.services.once(f"{what}/{channel}"):
            await self._say_below(channel, ts, what, notice(says, language=self.services.usual_language))

    async def _say_below(self, channel: str, ts: str, what: str, message: Message) -> None:
        with log_refusal(_log.warning, "failure_notice_post_failed", channel=channel):
            await self.services.slack.post(channel=channel, message=message, thread_ts=ts, key=f"{channel}/{what}")


def summary_key(channel: str) -> str:
    """Return the key of the summary in the outbox and in Slack."""
    return f"{channel}/summary"
