"""Tell the user who removed us from the channel of an open incident how to invite us again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.errors import SlackRefusal
from bot.store import ChannelState, Chronicle, IncidentChannel
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.chronicle.summary_page import forbidden
from bot.workflows.job_payloads import ArchivedJob, RemovedJob
from bot.workflows.services import Requester, Services
from bot.workflows.single_posts import post_once
from intents.chronicle.facts import NO_NEWS
from intents.domain import Language, Text
from responses.chronicle import incident_replies
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedWorkflow:
    """The job `removed`."""

    services: Services

    async def notify(self, payload: RemovedJob, id: str) -> None:
        """Tell the user and the audit channel, once per removal. Raise SlackUnavailable."""
        known = await self.services.store.chronicles.get(payload.channel)
        if known is None or known.state is not ChannelState.OPEN:
            return  # the incident is over, so nothing is missed
        user = payload.user
        person = await self.services.slack.person(user) if user else None
        if person is not None and not person.bot:
            language = await self.services.language_of(user, within=1.0)
            await self._say(_named(incident_replies.REMOVED, known.name), language, to=user, key=f"{id}/who")
        if self.services.audit_channel:
            says = await self._for_auditors(known, (person.name or user) if person else "?")
            await self._say(says, self.services.usual_language, to=self.services.audit_channel, key=f"{id}/audit")

    async def _for_auditors(self, known: IncidentChannel, remover: str) -> Text:
        """Return the text for the audit channel, without the name of a private or invisible channel."""
        place = await self.services.slack.place(known.channel)
        if place.private or place.unknown:
            return _named(incident_replies.REMOVED_PRIVATE, remover)
        return _named(incident_replies.REMOVED_BY, known.name, remover)

    async def _say(self, says: Text, language: Language, *, to: str, key: str) -> None:
        try:
            await post_once(self.services, notice(says, language=language), to=to, key=key)
        except SlackRefusal as error:
            _log.warning("removal_notice_failed", to=to, error=str(error))


def _named(says: Text, *names: str) -> Text:
    return Text(en=says.en.format(*names), zh=says.zh.format(*names))


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
