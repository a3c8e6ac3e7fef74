"""List the muted incidents of a channel and unmute them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.policy import ReadLevel
from bot.slack.errors import SlackUnavailable
from bot.workflows.services import Services
from intents.domain import Language, Text
from intents.slash import MuteCommand
from responses import failures
from responses.slack.message import Message
from responses.slack.notices import all_muted, notice, unmuted

# Slack waits three seconds for the response to a command.
_IDENTIFY_S: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Answers commands about a channel's mutes. Raises StoreUnavailable."""

    services: Services

    async def answer(self, command: MuteCommand, *, team: str, channel: str, user: str, language: Language) -> Message:
        """List the mutes of a channel; with `unmute`, remove the named ones first.

        A person who may not see the answers here must not unmute them for others.
        """
        muted = await self._muted(channel)
        chosen = [pair for pair in muted if command.unmute in ("all", pair[0])]
        if not command.unmute or not chosen:
            return all_muted(muted, language=language)
        if refusal := await self._refusal(team=team, channel=channel, user=user):
            return notice(refusal, language=language)
        for incident, _ in chosen:
            await self.services.store.mutes.remove(channel, incident)
        titles = [title for _, title in chosen]
        names = Text(en=", ".join(title.en for title in titles), zh="、".join(title.zh for title in titles))
        return unmuted(names, language=language)

    async def _refusal(self, *, team: str, channel: str, user: str) -> Text | None:
        try:
            async with asyncio.timeout(_IDENTIFY_S):
                requester = await self.services.requester(team=team, channel=channel, user=user)
        except (SlackUnavailable, TimeoutError):
            return failures.BUSY
        return None if requester.scope.reading is ReadLevel.FULL else failures.UNMUTE_NOT_ALLOWED

    async def _muted(self, channel: str) -> list[tuple[str, Text]]:
        """Return the muted incidents with their titles."""
        incidents = self.services.engine().catalog.incidents
        muted = [mute.incident for mute in await self.services.store.mutes.list(channel, self.services.clock())]
        return [(each, incidents[each].title if each in incidents else Text.same(each)) for each in muted]
