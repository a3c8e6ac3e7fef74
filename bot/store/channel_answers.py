"""Store what a channel wants answered that nobody asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from bot.store.statements import Repository, read_as, row_of
from bot.store.tables import channel_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswer:
    """A setting of a channel: what it wants answered if `about` is "", else a kind of text that is not answered."""

    channel: str
    about: str = ""
    wanted: str = ""
    by: str
    at: datetime


class ChannelAnswers(Repository):
    """Repository of what channels want answered. All methods raise `StoreUnavailable`."""

    async def set(self, answer: ChannelAnswer) -> None:
        """Set it, or replace what was set about the same."""
        await self._upsert(channel_answers, [row_of(answer)], "channel answers", answer.channel)

    async def remove(self, channel: str, about: str) -> bool:
        """Remove what was set. Return whether there was something."""
        which = (channel_answers.c.channel == channel) & (channel_answers.c.about == about)
        return await self._change(delete(channel_answers).where(which), "channel answers", channel) > 0

    async def of(self, channel: str) -> tuple[ChannelAnswer, ...]:
        """Return all that is set in a channel."""
        query = select(channel_answers).where(channel_answers.c.channel == channel).order_by(channel_answers.c.about)
        return tuple(read_as(ChannelAnswer, row) for row in await self._rows(query))
