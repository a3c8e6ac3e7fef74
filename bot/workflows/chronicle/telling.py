"""What is kept of an incident channel, as messages and files: for one person, or for all at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.store import Chronicle
from bot.workflows.chronicle.rows import facts_in
from bot.workflows.chronicle.summing_up import SummingUp
from bot.workflows.desk import Desk
from intents.chronicle.timeline import timeline_of
from intents.domain import Language
from responses.postmortem import postmortem
from responses.slack.chronicle.notes import resolved
from responses.slack.chronicle.summary import summary_message
from responses.slack.chronicle.timeline import timeline_message
from responses.slack.message import Message, Snippet

# Slack is asked for so many names at most; whoever else was there is told by id.
_MOST_NAMES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicleTelling:
    """`status` and `timeline` ask Slack nothing; what leaves the channel has names in it, which are asked for."""

    desk: Desk
    summing_up: SummingUp

    async def status(self, chronicle: Chronicle, *, language: Language) -> Message:
        """All that the pinned summary says, as of now."""
        summary = self.summing_up.summary(chronicle)
        return summary_message(summary, language=language, permalink=await self.summing_up.links(chronicle))

    async def timeline(self, chronicle: Chronicle, *, language: Language) -> Message:
        return timeline_message(
            timeline_of(facts_in(chronicle.facts)),
            name=chronicle.channel.name,
            now=self.desk.clock(),
            language=language,
            permalink=await self.summing_up.links(chronicle),
        )

    async def final(self, chronicle: Chronicle, *, language: Language, archived: bool = False) -> Message:
        """The last summary, with the draft of the postmortem as its file."""
        summary = self.summing_up.summary(chronicle)
        return resolved(
            summary,
            language=language,
            permalink=await self.summing_up.links(chronicle),
            names=await self._names(summary.people),
            archived=archived,
            draft=await self.draft(chronicle, language=language),
        )

    async def draft(self, chronicle: Chronicle, *, language: Language) -> Snippet:
        """All that is kept, as the draft of a postmortem in Markdown."""
        summary = self.summing_up.summary(chronicle)
        return postmortem(
            summary,
            timeline_of(facts_in(chronicle.facts)),
            language=language,
            permalink=await self.summing_up.links(chronicle),
            names=await self._names(summary.people),
        )

    async def _names(self, people: Sequence[str]) -> Mapping[str, str]:
        persons = await asyncio.gather(*(self.desk.slack.person(user) for user in people[:_MOST_NAMES]))
        return {person.id: person.name for person in persons if person.name}
