"""The same trouble in two places: whoever asks here is told that it is worked on there already.

Only of channels that everybody may know of: a private one is named to nobody outside it, and none to guests or where
others read along, whatever they may see of clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.errors import SlackError, SlackUnavailable
from bot.store import Chronicle, Request
from bot.workflows.chronicle.hearing import found_facts
from bot.workflows.chronicle.rows import facts_in
from bot.workflows.desk import Desk
from bot.workflows.posting import post_once
from bot.workflows.told import Told
from intents.chronicle.sameness import looks_like
from responses.slack.chronicle import announcements
from responses.slack.message import Message

_log: Final = structlog.get_logger(__name__)

# What was over for longer is another time.
_WITHIN: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likening:
    desk: Desk

    async def tell(self, request: Request, told: Told | None, *, ts: str) -> None:
        """Say once, below the answer, which other incident channel has the same, if any. Raises SlackUnavailable."""
        if told is None or not told.diagnosis.hypotheses:
            return
        desk, now = self.desk, self.desk.clock()
        mine = found_facts(request, told, ts=ts, at=now)
        incidents = {fact.incident for fact in mine if fact.objects}
        who = (await desk.asker_of(request)).scope.who
        if not incidents or who.guest or who.foreign or who.external:
            return
        channel = request.asked.channel
        for other in await desk.store.chronicles.elsewhere(incidents, besides=channel, since=now - _WITHIN):
            incident = looks_like(mine, facts_in(other.facts))
            title = next((fact.title for fact in mine if fact.incident == incident), None)
            if incident is None or title is None or not await self._may_be_named(other):
                continue
            url = (await desk.slack.identify()).url.rstrip("/")
            message = announcements.looks_like(
                title,
                where=f"#{other.channel.name}",
                address=f"{url}/archives/{other.channel.channel}" if url else "",
                ago=now - other.channel.opened,
                language=told.language,
            )
            await self._say(request, other, message)
            return

    async def _may_be_named(self, other: Chronicle) -> bool:
        place = await self.desk.slack.place(other.channel.channel)
        return not (place.private or place.external or place.unknown)

    async def _say(self, request: Request, other: Chronicle, message: Message) -> None:
        asked = request.asked
        key = f"{request.id}/like/{other.channel.channel}"
        try:
            await post_once(self.desk, message, to=asked.channel, thread_ts=asked.thread_ts, key=key)
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.info("that it is known elsewhere could not be said", request=request.id, error=str(error))
