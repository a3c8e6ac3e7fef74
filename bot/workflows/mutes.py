"""Mute in a channel what its people know already, list what is muted, and unmute it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

from bot.policy import ReadLevel
from bot.slack.errors import SlackUnavailable
from bot.store import Mute
from bot.workflows.services import Services
from intents.domain import Language, Text
from intents.misuse import Misuse
from intents.mutes import MuteCommand
from intents.slash import MutedQuery
from responses import failures
from responses.safety import safe_line
from responses.slack.help import misused
from responses.slack.message import Message
from responses.slack.notices import MuteShown, all_muted, muted, notice, unmuted

# Slack waits three seconds for the response to a command.
_IDENTIFY_S: Final = 1.5
_REASON: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Answers commands about a channel's mutes. Raises StoreUnavailable."""

    services: Services

    async def answer(
        self, command: MutedQuery | MuteCommand, *, team: str, channel: str, user: str, language: Language
    ) -> Message:
        """Mute, unmute, or list the mutes of a channel.

        A person who may not see the answers here must neither mute nor unmute them for others.
        """
        kept = await self.services.store.mutes.list(channel, self.services.clock())
        wanted = command.muted if isinstance(command, MuteCommand) else command.unmute
        chosen = [mute for mute in kept if wanted.lower() in ("all", mute.muted.lower())]
        if not wanted or (isinstance(command, MutedQuery) and not chosen):
            return all_muted([self._shown(mute) for mute in kept], language=language)
        if refusal := await self._refusal(team=team, channel=channel, user=user):
            return notice(refusal, language=language)
        if isinstance(command, MuteCommand):
            return await self._mute(command, channel=channel, user=user, language=language)
        for mute in chosen:
            await self.services.store.mutes.remove(channel, mute.muted)
        titles = [self._title(mute) for mute in chosen]
        names = Text(en=", ".join(title.en for title in titles), zh="、".join(title.zh for title in titles))
        return unmuted(names, language=language)

    async def _mute(self, command: MuteCommand, *, channel: str, user: str, language: Language) -> Message:
        incidents = self.services.engine(channel).catalog.incidents
        if " " not in command.muted and command.muted not in incidents:
            wrong = _unknown(command.muted, incidents)
            return misused(wrong.says, wrong.closest, usage=wrong.usage, language=language)
        now = self.services.clock()
        mute = Mute(
            channel=channel,
            muted=command.muted,
            by=user,
            at=now,
            until=now + command.lasts,
            reason=safe_line(command.reason, limit=_REASON),
        )
        await self.services.store.mutes.add(mute)
        return muted(self._shown(mute), language=language)

    async def _refusal(self, *, team: str, channel: str, user: str) -> Text | None:
        try:
            async with asyncio.timeout(_IDENTIFY_S):
                requester = await self.services.requester(team=team, channel=channel, user=user)
        except (SlackUnavailable, TimeoutError):
            return failures.BUSY
        return None if requester.scope.reading is ReadLevel.FULL else failures.UNMUTE_NOT_ALLOWED

    def _shown(self, mute: Mute) -> MuteShown:
        return MuteShown(muted=mute.muted, title=self._title(mute), by=mute.by, until=mute.until, reason=mute.reason)

    def _title(self, mute: Mute) -> Text:
        found = self.services.engine(mute.channel).catalog.incidents.get(mute.muted)
        return found.title if found is not None else Text.same(mute.muted)


def _unknown(name: str, incidents: Iterable[str]) -> Misuse:
    says = Text(en=f'there is no incident "{name}"', zh=f"没有问题“{name}”")
    closest = max(incidents, key=lambda each: DamerauLevenshtein.normalized_similarity(name, each), default="")
    return Misuse(says=says, closest=f"mute {closest}" if closest else "")
