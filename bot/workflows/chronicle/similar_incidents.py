"""Tell users in one incident channel that another one works on the same incident.

Only public channels are named: a private one is never named outside it. Guests and shared channels get no names,
whatever cluster data they may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.errors import SlackRefusal
from bot.store import Chronicle, StoredRequest
from bot.workflows.chronicle.answer_facts import found_facts
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.services import Exchange, Services
from bot.workflows.single_posts import post_once
from intents.chronicle.facts import Fact
from intents.chronicle.similarity import common_incident
from intents.domain import Language, Text
from responses.slack.chronicle import announcements
from responses.slack.message import Message

_log: Final = structlog.get_logger(__name__)

# Incidents that ended earlier are unrelated.
_WITHIN: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarIncidents:
    """Links an answer to another channel that works on the same incident."""

    services: Services

    async def notify(self, exchange: Exchange, answer: KeptAnswer | None, *, ts: str) -> None:
        """Post below the answer, once, which other incident channel has the same incident. Raise SlackUnavailable."""
        if answer is None or not answer.diagnosis.hypotheses:
            return
        request, who = exchange.request, exchange.scope.who
        mine = found_facts(request, answer, ts=ts, at=self.services.clock())
        if not any(fact.objects for fact in mine):
            return
        if who.guest or who.foreign or who.external:
            return
        for other, title in await self._alike(mine, besides=request.original.channel):
            if await self._may_be_named(other):
                await self._say(request, other, await self._message(other, title, answer.language))
                return

    async def _alike(self, mine: Sequence[Fact], *, besides: str) -> list[tuple[Chronicle, Text]]:
        """Return the other channels that have one of these incidents, with its title."""
        incidents = {fact.incident for fact in mine if fact.objects}
        since = self.services.clock() - _WITHIN
        alike: list[tuple[Chronicle, Text]] = []
        for other in await self.services.store.chronicles.elsewhere(incidents, besides=besides, since=since):
            incident = common_incident(mine, facts_in(other.facts))
            title = next((fact.title for fact in mine if fact.incident == incident), None)
            if incident is not None and title is not None:
                alike.append((other, title))
        return alike

    async def _message(self, other: Chronicle, title: Text, language: Language) -> Message:
        url = (await self.services.slack.identify()).url.rstrip("/")
        return announcements.looks_like(
            title,
            where=f"#{other.channel.name}",
            address=f"{url}/archives/{other.channel.channel}" if url else "",
            ago=self.services.clock() - other.channel.opened,
            language=language,
        )

    async def _may_be_named(self, other: Chronicle) -> bool:
        place = await self.services.slack.place(other.channel.channel)
        return not (place.private or place.external or place.unknown)

    async def _say(self, request: StoredRequest, other: Chronicle, message: Message) -> None:
        original = request.original
        key = f"{request.id}/like/{other.channel.channel}"
        try:
            await post_once(self.services, message, to=original.channel, thread_ts=original.thread_ts, key=key)
        except SlackRefusal as error:
            _log.info("similar_incident_notice_failed", request=request.id, error=str(error))
