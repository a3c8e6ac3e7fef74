"""Remind incident channels of what is open, where the settings say so.

The reminder is posted in the channel, because few people follow the thread of a pinned message. There is at most one an
hour: the hour is claimed in the store before the post, so that an outage loses a reminder rather than posts two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

import structlog

from bot.jobs import JobRun, StartJob
from bot.slack.errors import log_refusal
from bot.slack.pacer import unasked
from bot.store import ChannelState, Chronicle, Store
from bot.workflows.chronicle.documents import SummaryPage, names_of, page_of
from bot.workflows.incident_payloads import NudgeJob
from bot.workflows.message_poster import post_once
from bot.workflows.services import Services, retry_step
from intents.chronicle.nudges import ACTIVE_WITHIN, Nudge, nudge_of, open_things
from intents.domain import Json
from responses.slack.channel_answers import REMINDERS
from responses.slack.chronicle.announcements import nudge_message

_log: Final = structlog.get_logger(__name__)

_EVERY: Final = timedelta(minutes=2)
_HOUR: Final = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class NudgeJobs:
    """Starts the jobs of active incident channels whose names match one of `patterns`."""

    store: Store
    start: StartJob
    patterns: tuple[str, ...]
    clock: Callable[[], datetime]
    _looked: int = -1

    async def look(self) -> None:
        """Start a job for each channel, the same one in every process. Raise StoreUnavailable, JobsUnavailable."""
        now = self.clock()
        slot = int(now.timestamp() // _EVERY.total_seconds())
        if not self.patterns or slot == self._looked:
            return
        for known in await self.store.chronicles.list_active(now - ACTIVE_WITHIN):
            if any(fnmatchcase(known.name, pattern) for pattern in self.patterns):
                await self.start(f"{known.channel}.nudge.{slot}", NudgeJob(channel=known.channel))
        self._looked = slot


async def run_nudge(services: Services, run: JobRun, payload: NudgeJob) -> Json | None:
    """Run the job `nudge`."""
    if await retry_step(run, "claim", _claim, services, payload):
        await retry_step(run, "post", _post, services, payload, f"{payload.channel}/nudge/{run.id}")
    return None


async def _claim(services: Services, payload: NudgeJob) -> Json | None:
    """Take the hour of a channel if there is something to post. Raise SlackUnavailable."""
    store, once = services.store, f"nudge/{payload.channel}"
    last = await store.notices.last(once)
    if last is not None and services.clock() - last < _HOUR:
        return None  # the channel is not read for nothing
    if any(each.about == REMINDERS for each in await store.channel_answers.of(payload.channel)):
        return None
    due = await _due(services, payload.channel) and await services.once(once, within=_HOUR)
    return {"due": True} if due else None


async def _post(services: Services, payload: NudgeJob, key: str) -> None:
    """Post what is open now, once. Raise SlackUnavailable."""
    channel = payload.channel
    due = await _due(services, channel)
    if due is None:
        return
    page, nudge = due
    message = nudge_message(
        nudge,
        now=page.summary.now,
        language=services.usual_language,
        permalink=page.permalink,
        names=await names_of(services, [*filter(None, [nudge.commander]), *page.summary.people]),
    )
    with log_refusal(_log.info, "nudge_post_failed", channel=channel), unasked():
        await post_once(services, message, to=channel, key=key)
    for one in nudge.things:
        await services.store.notices.note(_told(channel, one.key), services.clock())


async def _due(services: Services, channel: str) -> tuple[SummaryPage, Nudge] | None:
    chronicle = await services.store.chronicles.read(channel)
    if chronicle is None or not _is_read(chronicle) or (await services.slack.place(channel)).external:
        return None
    page = await page_of(services, chronicle)
    last = services.store.notices.last
    nudged = {one.key for one in open_things(page.summary) if await last(_told(channel, one.key))}
    wrote = [row.at for row in chronicle.facts if row.document.get("user")]
    nudge = nudge_of(page.summary, active=max(wrote, default=chronicle.channel.opened), nudged=nudged)
    return (page, nudge) if nudge else None


def _is_read(chronicle: Chronicle) -> bool:
    """Tell whether the incident goes on and all its messages are read: one of them may be the answer."""
    channel = chronicle.channel
    return channel.state is ChannelState.OPEN and channel.cursor == "" and not channel.missed


def _told(channel: str, key: str) -> str:
    """Return the key of the notice that a channel was reminded of a thing."""
    return f"nudge/{channel}/{key}"
