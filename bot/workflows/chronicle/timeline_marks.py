"""Add a message to the timeline or remove it: by a reaction, or by a message shortcut."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from bot.slack.errors import SlackError, SlackRefusal
from bot.store import FactRow
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.chronicle.message_facts import pinned_fact
from bot.workflows.chronicle.summary_page import forbidden
from bot.workflows.job_payloads import PinJob, TimelineMark
from bot.workflows.services import Services
from intents.chronicle.facts import FactKind
from intents.domain import Language, Text
from responses.chronicle import incident_replies
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_SAID_ONCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinWorkflow:
    """The job `pin`. A reaction is answered only by a refusal, once a day."""

    services: Services

    async def mark(self, payload: PinJob) -> None:
        channel, chronicles = payload.channel, self.services.store.chronicles
        requester = await self.services.presser(payload)
        known = await chronicles.get(channel)
        if known is None or not known.is_recorded:
            says = incident_replies.NO_INCIDENT if known is None else incident_replies.DISMISSED_HERE
            await self._answer(payload, says, requester.language)
            return
        if refused := forbidden(requester, changes=True):
            await self._refuse(payload, refused, requester.language)
            return
        if payload.ts == known.summary_ts:
            # The summary would quote itself, and its content changes all the time.
            await self._refuse(payload, incident_replies.SUMMARY_ITSELF, requester.language)
            return
        changed = await self._do(payload)
        if changed:
            await self.services.changed(channel)
        if payload.mark is TimelineMark.PIN:
            says = incident_replies.PINNED if changed else incident_replies.PINNED_ALREADY
        else:
            says = incident_replies.UNPINNED if changed else incident_replies.NOT_ON_IT
        await self._answer(payload, says, requester.language)

    async def _do(self, payload: PinJob) -> bool:
        channel, ts, user = payload.channel, payload.ts, payload.user
        at, chronicles = payload.at, self.services.store.chronicles
        match payload.mark:
            case TimelineMark.PIN:
                return await chronicles.pin(channel, ts, by=user, at=at, fact=await self._fact(payload))
            case TimelineMark.UNPIN:
                return await chronicles.unpin(channel, ts, by=user, at=at)
            case TimelineMark.REMOVE:
                return await chronicles.remove(channel, ts, by=user, at=at)

    async def _fact(self, payload: PinJob) -> FactRow | None:
        """Return the fact of the message itself; None if its other facts suffice, or it is gone."""
        channel, ts = payload.channel, payload.ts
        if payload.chosen:
            return payload.fact
        rows = [row for row in await self.services.store.chronicles.facts(channel) if row.ts == ts]
        if any(fact.kind is not FactKind.ANSWERED for fact in facts_in(rows)):
            return None
        try:
            message = await self.services.slack.message(channel=channel, ts=ts)
        except SlackRefusal as error:
            _log.warning("pinned_message_read_failed", channel=channel, error=str(error))
            return None
        return pinned_fact(message) if message else None

    async def _answer(self, payload: PinJob, says: Text, language: Language) -> None:
        address, message = payload.response_url, notice(says, language=language)
        if not address:
            return
        thread = payload.thread_ts
        # An ephemeral message at a response URL is outside of the thread.
        if thread and await self._send(self._private(payload, message, thread)):
            return
        await self._send(self.services.slack.respond(address, message))

    async def _refuse(self, payload: PinJob, says: Text, language: Language) -> None:
        if payload.response_url:
            await self._answer(payload, says, language)
            return
        channel, user = payload.channel, payload.user
        once = f"pin/{channel}/{user}"
        if await self.services.once(once, within=_SAID_ONCE):
            message = notice(says, language=language)
            await self._send(self._private(payload, message, await self._thread(channel, payload.ts)))

    async def _thread(self, channel: str, ts: str) -> str:
        """Return the thread of a message, which a reaction's event does not name."""
        try:
            message = await self.services.slack.message(channel=channel, ts=ts)
        except SlackError as error:
            _log.info("pinned_message_read_failed", channel=channel, error=str(error))
            return ""
        return thread_of(message) if message else ""

    def _private(self, payload: PinJob, message: Message, thread_ts: str) -> Awaitable[None]:
        return self.services.slack.post_ephemeral(
            channel=payload.channel, user=payload.user, message=message, thread_ts=thread_ts
        )

    async def _send(self, reply: Awaitable[None]) -> bool:
        """Send a reply; return whether Slack took it. Raise SlackUnavailable."""
        try:
            await reply
        except SlackRefusal as error:
            _log.warning("pin_reply_failed", error=str(error))
            return False
        return True


def thread_of(message: Mapping[str, Any]) -> str:
    """Return the thread that a message was posted in; "" for one in the channel, also where a thread begins."""
    thread = str(message.get("thread_ts") or "")
    return "" if thread == message.get("ts") else thread
