"""Send the last summary to the user who archived an incident channel: archived channels accept no posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.errors import SlackRefusal
from bot.store import Chronicle
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.chronicle.permissions import forbidden
from bot.workflows.job_payloads import ArchivedJob
from bot.workflows.services import Requester, Services
from bot.workflows.single_posts import post_once
from intents.chronicle.facts import NO_NEWS
from intents.domain import Text
from responses import incident_replies
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedWorkflow:
    """The job `archived`."""

    services: Services
    documents: ChronicleDocuments

    async def notify(self, payload: ArchivedJob, id: str) -> None:
        channel, user = payload.channel, payload.user
        chronicle = await self.services.store.chronicles.read(channel)
        if chronicle is None or not chronicle.channel.is_recorded or not user:
            return
        if all(fact.kind in NO_NEWS for fact in facts_in(chronicle.facts)):
            return
        requester = await self.services.presser(payload)
        if requester.scope.who.bot:
            return
        try:
            await post_once(self.services, await self._message(chronicle, requester), to=user, key=f"{id}/final")
        except SlackRefusal as error:
            _log.warning("archive_notice_failed", channel=channel, error=str(error))

    async def _message(self, chronicle: Chronicle, requester: Requester) -> Message:
        why = forbidden(requester, changes=False)
        if why is None:
            return await self.documents.final(chronicle, language=requester.language, archived=True)
        words, name = incident_replies.ARCHIVED_NOT_SHOWN, chronicle.channel.name
        return notice(
            Text(en=words.en.format(name, why.en), zh=words.zh.format(name, why.zh)), language=requester.language
        )
