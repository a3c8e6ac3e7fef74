"""List the muted incidents of a channel and unmute them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.diagnosing import Engine
from bot.store import Store
from intents.domain import Language, Text
from intents.slash import MuteCommand
from responses.slack.message import Message
from responses.slack.notices import all_muted, unmuted


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Answers commands about a channel's mutes. Raises StoreUnavailable."""

    store: Store
    engine: Callable[[], Engine]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def answer(self, channel: str, command: MuteCommand, *, language: Language) -> Message:
        """List the mutes of a channel; with `unmute`, remove the named ones first."""
        muted = await self._muted(channel)
        chosen = [pair for pair in muted if command.unmute in ("all", pair[0])]
        if not command.unmute or not chosen:
            return all_muted(muted, language=language)
        for incident, _ in chosen:
            await self.store.mutes.remove(channel, incident)
        titles = [title for _, title in chosen]
        names = Text(en=", ".join(title.en for title in titles), zh="、".join(title.zh for title in titles))
        return unmuted(names, language=language)

    async def _muted(self, channel: str) -> list[tuple[str, Text]]:
        """Return the muted incidents with their titles."""
        incidents = self.engine().catalog.incidents
        muted = [mute.incident for mute in await self.store.mutes.list(channel, self.clock())]
        return [(each, incidents[each].title if each in incidents else Text.same(each)) for each in muted]
