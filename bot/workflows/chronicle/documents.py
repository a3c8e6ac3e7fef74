"""Render the documents of an incident channel: status, timeline, last summary, postmortem draft."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.store import Chronicle
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.chronicle.summary_page import SummaryPage, links_in, page_of
from bot.workflows.services import Services
from intents.chronicle.timeline import timeline_of
from intents.domain import Language
from responses.postmortem import postmortem
from responses.slack.chronicle.announcements import resolved, timeline_message
from responses.slack.chronicle.summary import summary_message
from responses.slack.message import Message, Snippet

# The maximum number of names that are read from Slack; other users are shown by id.
_MOST_NAMES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicleDocuments:
    """Renders documents.

    `status` and `timeline` do not call Slack; documents that leave the channel contain user names.
    """

    services: Services

    async def status(self, chronicle: Chronicle, *, language: Language, mention: bool) -> Message:
        """Return the pinned summary's content as of now. `mention` allows mentions: it is shown, not posted."""
        page = await page_of(self.services, chronicle)
        return summary_message(page.summary, language=language, permalink=page.permalink, mention=mention)

    async def timeline(self, chronicle: Chronicle, *, language: Language, mention: bool) -> Message:
        channel = chronicle.channel
        return timeline_message(
            timeline_of(facts_in(chronicle.facts)),
            name=channel.name,
            now=self.services.clock(),
            language=language,
            permalink=await links_in(self.services, channel.channel),
            mention=mention,
        )

    async def final(self, chronicle: Chronicle, *, language: Language, archived: bool = False) -> Message:
        """Return the last summary, with the postmortem draft as its file."""
        page = await page_of(self.services, chronicle)
        names = await self.names(page.summary.people)
        return resolved(
            page.summary,
            language=language,
            permalink=page.permalink,
            names=names,
            archived=archived,
            draft=_draft(page, names, language),
        )

    async def draft(self, chronicle: Chronicle, *, language: Language) -> Snippet:
        """Return the postmortem draft in Markdown."""
        page = await page_of(self.services, chronicle)
        return _draft(page, await self.names(page.summary.people), language)

    async def names(self, people: Sequence[str]) -> Mapping[str, str]:
        """Return the display names of these users by id, as far as Slack knows them."""
        persons = await asyncio.gather(*(self.services.slack.person(user) for user in people[:_MOST_NAMES]))
        return {person.id: person.name for person in persons if person.name}


def _draft(page: SummaryPage, names: Mapping[str, str], language: Language) -> Snippet:
    return postmortem(page.summary, timeline_of(page.facts), language=language, permalink=page.permalink, names=names)
